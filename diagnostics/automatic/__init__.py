"""Repairs that a site's settings allow without a person: whether one is made, how it ends, and what is told of it."""
