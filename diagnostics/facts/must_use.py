"""The must-use plugins of WordPress: files that it loads by itself, and folders from which one of those files loads."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.evidence import Evidence
from diagnostics.installed import Component

MOST = 10


def must_use_files(evidence: Evidence) -> list[Component]:
    """The files that WordPress loads by itself from the folder mu-plugins."""
    return [part for part in _must_use(evidence) if not part.is_folder][:MOST]


def must_use_folders(evidence: Evidence) -> list[Component]:
    """The folders beside them, of which it loads nothing by itself."""
    return [part for part in _must_use(evidence) if part.is_folder]


def _must_use(evidence: Evidence) -> Iterator[Component]:
    return (part for application in evidence.applications for part in application.components if part.kind == "mu-plugin")
