"""Releases as their makers publish them: which package a file belongs to, how it is fetched, kept and read."""
