"""Whether the program's own files and libraries are whole: looked at where nothing explains the failure, or where a log names them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from diagnostics.evidence import Evidence
from diagnostics.facts import composer, core_copies, error_log
from diagnostics.facts.small_files import SmallFiles
from diagnostics.installed import Differing

_STATUS_OF_PROGRAMS = (None, 200, 500)
_WELL = frozenset({"ok", "maintenance", "blocked", ""})
_OF_CORE = re.compile(r"/wp-(?:includes|admin)/")
_OF_LIBRARIES = re.compile(r"/vendor/|not found|Failed opening|[Ff]ailed to open stream")


def read(files: SmallFiles, evidence: Evidence, neighbours: Iterable[str], deadline: float) -> tuple[Differing, ...]:
    """Never raises."""
    pages = [page for page in evidence.site.pages if page.kind not in _WELL and page.status in _STATUS_OF_PROGRAMS]
    if not pages or not isinstance(evidence.tree, tuple):
        return ()
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    telling = [line.text for line in lines if error_log.is_telling(line.text)]
    found: tuple[Differing, ...] = ()
    if not telling or any(map(_OF_CORE.search, telling)):
        found += core_copies.read(files, evidence, neighbours, deadline)
    if not telling or any(map(_OF_LIBRARIES.search, telling)):
        found += composer.read(files, evidence, deadline)
    return found
