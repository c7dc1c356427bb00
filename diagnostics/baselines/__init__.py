"""Baselines: taken while a site is well, kept small, and compared with what is there now."""
