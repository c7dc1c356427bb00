"""Joins a line that an editor wrapped with the one before it, of which it is the end."""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.htaccess.directives import find_directive, nearest
from diagnostics.htaccess.parser import LineKind
from diagnostics.repairs.editing import place_of, with_lines, write_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "join-htaccess-line"
_IN_THE_MIDDLE = (b"|", b"(", b",", b"[")  # of a pattern or a list: no blank belongs there


@repair(id=ID, title=_("Join a line of .htaccess that was wrapped"), causes=("htaccess-invalid-directive",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Only where the line begins with no directive, nor with a misspelt one, and the joined one is refused no more."""
    place = place_of(evidence, finding)
    if place is None or place.line.kind is not LineKind.DIRECTIVE or find_directive(place.line.name) or nearest(place.line.name):
        return None
    index = place.document.index_of(place.line)
    before = place.document.lines[index - 1] if index else None
    if before is None or before.kind not in (LineKind.DIRECTIVE, LineKind.OPEN):
        return None
    head = before.raw[: len(before.raw) - len(before.ending)].rstrip(b" \t")
    gap = b"" if head.endswith(_IN_THE_MIDDLE) else b" "
    joined = head + gap + place.line.raw.lstrip(b" \t")
    after = with_lines(place.document, {before.number: joined, place.line.number: b""})
    title = _("Join lines {first} and {line} of {path}").format(first=before.number, line=place.line.number, path=place.file.path)
    why = _("The second one is no command of its own, but the end of the first: an editor wrapped it. Nothing is taken out.")
    return write_plan(evidence, finding, place.file, after, Plan(ID, finding.cause, title, why, ()))
