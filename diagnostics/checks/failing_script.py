"""The script that answers the pages which fail."""

from __future__ import annotations

from diagnostics.checks.common import failing_pages
from diagnostics.evidence import Evidence, PageSeen
from diagnostics.facts.php_files import script_of
from diagnostics.php.waiting import line_that_waits

_LONG_MS = 1500.0  # a process that crashes does so long before


def script_of_failure(evidence: Evidence) -> str:
    """As people see it; "" where there are several, or none."""
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    shown = {entry.absolute: entry.path for entry in tree if entry.kind == "file"}
    found = {script_of(page, evidence.docroot, shown) for page in failing_pages(evidence.site)} - {""}
    return shown[found.pop()] if len(found) == 1 else ""


def ended_while_waiting(path: str, page: PageSeen | None, evidence: Evidence) -> int | None:
    """The line at which a script waited when its process was ended: PHP-FPM ends one that takes longer than the host allows
    (`request_terminate_timeout`), which looks like a crash from outside. None where it failed at once."""
    took = page.ms if page else None
    return line_of_waiting(path, evidence) if path and took is not None and took >= _LONG_MS else None


def line_of_waiting(path: str, evidence: Evidence) -> int | None:
    """Of the script that a page waits for: the line at which it waits for something itself, where there is but one."""
    script = next((each for each in evidence.php.scripts if each.path == path), None)
    return line_that_waits(script.content) if script is not None else None
