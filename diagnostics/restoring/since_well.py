"""What of a site's changes since it was well is its program and its settings, not what visitors and the program write every day."""

from __future__ import annotations

import logging
import posixpath

from diagnostics.baselines import storing
from diagnostics.manifests import rules
from diagnostics.manifests.format import FILE, ManifestUnreadable
from diagnostics.models import Baseline

log = logging.getLogger(__name__)

MOST = 30  # files: a person can look through them, and each is read
_ENDINGS = (
    ".php", ".phtml", ".inc", ".module", ".ini", ".json", ".xml", ".yml", ".yaml", ".neon", ".twig", ".tpl", ".phar", ".htaccess", ".env",
    ".cgi", ".pl", ".py",
)  # fmt: skip


def is_of_program(path: str) -> bool:
    """By its name and folder; relative to the docroot."""
    folder = posixpath.dirname(path).encode("utf-8", "surrogateescape")
    is_program = path.lower().endswith(_ENDINGS) or posixpath.basename(path).startswith(".env.")
    return is_program and not (folder and rules.counted_above(folder))


def paths_of(baseline: Baseline) -> set[str] | None:
    """The files that the site had then, relative to the docroot; None where that cannot be read any more."""
    try:
        return {record.path.decode("utf-8", "surrogateescape") for record in storing.records(baseline) if record.kind == FILE}
    except ManifestUnreadable:  # the repair is not offered then
        log.exception("baseline %s", baseline.pk)
        return None
