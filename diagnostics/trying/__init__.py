"""Trials: changes that are made, probed and always taken back, to learn where a fault lies."""
