"""Paths as people see them: relative to the folder above the docroot."""

from __future__ import annotations

import posixpath

from diagnostics.evidence import Evidence


def above(docroot: str) -> str:
    return posixpath.dirname(docroot.rstrip("/")) or "/"


def shown(absolute: str, docroot: str) -> str:
    """ "www/.htaccess" for "/home/me/www/.htaccess"."""
    return posixpath.relpath(absolute or "/", above(docroot))


def same_file(logged: str, shown_path: str, absolute: str) -> bool:
    """Whether a path from a log names this file. A transport may see another root than the server that wrote the log."""
    if logged == absolute:
        return True
    tail = shown_path.lstrip("./")
    return bool(tail) and "/" in tail and logged.endswith("/" + tail)


def docroot_name(evidence: Evidence) -> str:
    return evidence.docroot.rstrip("/").rsplit("/", 1)[-1]
