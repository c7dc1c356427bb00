"""`<If>` sections of a `.htaccess` on which the road of a failing page depends: their expressions are not evaluated, and that is said."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.checks.common import answers_500, is_failing
from diagnostics.checks.roads import left_open
from diagnostics.evidence import Evidence
from diagnostics.findings import Inconclusive
from diagnostics.htaccess.parser import parse
from sites.texts import mark as _

CHECK = "htaccess-loop"


def not_evaluated(evidence: Evidence) -> Iterator[Inconclusive]:
    """Where the request would go round in a circle if the section holds, or if it does not."""
    if not is_failing(evidence.site) or not answers_500(evidence.site):
        return
    section = left_open(evidence, "loop")
    if section is None:
        return
    file, number = section
    line = parse(file.content).at(number)
    text = _("Whether rules go round in a circle depends on line {line} of {path}: “{section}” is decided by the server for each request.")
    yield Inconclusive(CHECK, text.format(line=number, path=file.path, section=line.text.strip()[:120] if line else "<If>"))
