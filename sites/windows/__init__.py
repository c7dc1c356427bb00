"""Planned time: maintenance windows, and deployments that are watched."""
