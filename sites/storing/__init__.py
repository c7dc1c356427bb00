"""Outcomes on their way into the database."""
