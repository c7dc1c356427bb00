"""The script that answers the pages which fail."""

from __future__ import annotations

from diagnostics.checks.common import failing_pages
from diagnostics.evidence import Evidence
from diagnostics.facts.php_files import script_of


def script_of_failure(evidence: Evidence) -> str:
    """As people see it; "" where there are several, or none."""
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    shown = {entry.absolute: entry.path for entry in tree if entry.kind == "file"}
    found = {script_of(page, evidence.docroot, shown) for page in failing_pages(evidence.site)} - {""}
    return shown[found.pop()] if len(found) == 1 else ""
