"""Reads a `.htaccess` as Apache 2.4 does: a parser that keeps every byte, and a linter that names the line."""
