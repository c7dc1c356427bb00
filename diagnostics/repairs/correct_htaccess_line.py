"""Writes the directive that was probably meant in place of a misspelt one."""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import LineKind, encode
from diagnostics.repairs.editing import place_of, with_lines, write_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "correct-htaccess-line"


@repair(id=ID, title=_("Correct a misspelt line of .htaccess"), causes=("htaccess-invalid-directive",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    place, word = place_of(evidence, finding), finding.datum("suggestion")
    if place is None or not word or place.line.kind is not LineKind.DIRECTIVE:
        return CannotPlan(_("It is not clear which word was meant."))
    name = encode(place.line.name)
    after = with_lines(place.document, {place.line.number: place.line.raw.replace(name, encode(word), 1)})
    title = _("Correct line {line} of {path}").format(line=place.line.number, path=place.file.path)
    why = _("{wrong} is not known to the web server; {right} is.").format(wrong=place.line.name, right=word)
    return write_plan(evidence, finding, place.file, after, Plan(ID, finding.cause, title, why, ()))
