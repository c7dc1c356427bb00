"""Lets a rewrite rule work on what visitors ask for only, and no longer on what it made of that itself."""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import Document, Line
from diagnostics.repairs.comment_out_htaccess_line import belonging, flags_of_rule
from diagnostics.repairs.editing import indent_of, place_of, protects, with_lines, write_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "guard-rewrite-loop"
# mod_rewrite's manual, "Per-directory Rewrites": what was rewritten is treated anew; REDIRECT_STATUS is set from then on.
_CONDITION = b"RewriteCond %{ENV:REDIRECT_STATUS} ^$"


@repair(id=ID, title=_("Keep a rewrite rule from going round in a circle"), causes=("htaccess-rewrite-loop",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    place = place_of(evidence, finding)
    if place is None or place.line.key != "rewriterule":
        return None
    if flags_of_rule(place.line) & {"n", "next"}:
        return CannotPlan(_("The rule starts over by its own flag, which no condition can end."))
    lines = belonging(place.document, place.line)
    if not lines or protects(place.line, place.document):
        return CannotPlan(_("Other rules count on this one. Somebody who knows the rules must look."))
    first = lines[0]
    after = with_lines(place.document, {first.number: indent_of(first) + _CONDITION + _ending(first, place.document) + first.raw})
    title = _("Let the rule in line {line} of {path} work once for each request").format(line=place.line.number, path=place.file.path)
    why = _("One condition is added before it; the rule stays, and no longer works on its own result.")
    return write_plan(evidence, finding, place.file, after, Plan(ID, finding.cause, title, why, ()), lint_again=False)


def _ending(line: Line, document: Document) -> bytes:
    return line.ending or document.ending
