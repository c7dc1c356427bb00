"""Puts `<IfModule>` around a line whose module this host does not have: it works again wherever the module is there."""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.htaccess.directives import find_directive
from diagnostics.htaccess.parser import Line, LineKind
from diagnostics.repairs.comment_out_htaccess_line import belonging
from diagnostics.repairs.editing import NEEDS_PERSON, indent_of, place_of, protects, with_lines, write_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "wrap-in-ifmodule"


@repair(
    id=ID, title=_("Use a line only where its module is there"), causes=("htaccess-module-not-loaded", "htaccess-php-directive-under-fpm")
)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    place = place_of(evidence, finding)
    known = find_directive(place.line.name) if place else None
    if place is None or known is None or place.line.kind is not LineKind.DIRECTIVE:
        return CannotPlan(_("It is not known which module the line belongs to."))
    module = known.module
    wanted = [line for line in place.document.lines if line.kind is LineKind.DIRECTIVE and _same_module(line.name, module)]
    if module == "mod_rewrite" or not wanted:
        wanted = belonging(place.document, place.line) or []
    else:
        wanted = _run_around(place.document.lines, wanted, place.line.number)
    if not wanted:
        return CannotPlan(_("Other rules count on this one."))
    ending = place.line.ending or place.document.ending
    condition = "php_module" if module == "mod_php" else f"{module}.c"
    first, last = wanted[0], wanted[-1]
    indent = indent_of(first)
    opening = indent + f"<IfModule {condition}>".encode() + ending
    closing = indent + b"</IfModule>" + ending
    tail = last.raw if last.ending else last.raw + ending
    new = {first.number: opening + (tail if first is last else first.raw)}
    new[last.number] = (new[last.number] if first is last else tail) + closing
    locks = any(protects(line, place.document) for line in wanted)
    title = _("Use line {line} of {path} only where {module} is there").format(line=place.line.number, path=place.file.path, module=module)
    why = _("The line stays. It is passed over here, where its module is missing.")
    made = Plan(ID, finding.cause, title, why, (), takes_away_protection=locks, needs_person=NEEDS_PERSON if locks else "")
    return write_plan(evidence, finding, place.file, with_lines(place.document, new), made)


def _same_module(name: str, module: str) -> bool:
    known = find_directive(name)
    return known is not None and known.module == module


def _run_around(lines: tuple[Line, ...], wanted: list[Line], number: int) -> list[Line]:
    """Neighbouring lines of the same module, without anything but blank lines and comments between them."""
    numbers = {line.number for line in wanted}
    index = next(i for i, line in enumerate(lines) if line.number == number)
    first = last = index
    for step in (-1, 1):
        at = index + step
        while 0 <= at < len(lines):
            if lines[at].number in numbers:
                first, last = min(first, at), max(last, at)
            elif lines[at].kind not in (LineKind.BLANK, LineKind.COMMENT):
                break
            at += step
    return [line for line in lines[first : last + 1] if line.number in numbers]
