"""Puts plain spaces in the place of characters that only look like one, and takes out those that cannot be seen at all."""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.htaccess.invisible import has_invisible, made_plain
from diagnostics.htaccess.parser import LineKind, decode, encode
from diagnostics.repairs.editing import place_of, with_lines, write_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "plain-htaccess-spaces"


@repair(
    id=ID,
    title=_("Replace invisible characters in .htaccess"),
    causes=(
        "htaccess-invalid-directive", "htaccess-bad-argument", "htaccess-bad-rewrite-flag", "htaccess-bad-regex",
        "htaccess-directive-not-allowed", "htaccess-unclosed-section",
    ),
)  # fmt: skip
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """All lines that have them, for they come with a whole copied passage; only where the line in question is one of these."""
    place = place_of(evidence, finding)
    if place is None or not has_invisible(place.line.text):
        return None
    lines = [line for line in place.document.lines if line.kind is not LineKind.COMMENT and has_invisible(line.text)]
    after = with_lines(place.document, {line.number: encode(made_plain(decode(line.raw))) for line in lines})
    title = _("Write plain spaces in line {line} of {path}").format(line=place.line.number, path=place.file.path)
    if len(lines) > 1:
        title = _("Write plain spaces in {count} lines of {path}").format(count=len(lines), path=place.file.path)
    why = _("Characters that look like a space, or like nothing, were copied into the file. The web server takes them for letters.")
    return write_plan(evidence, finding, place.file, after, Plan(ID, finding.cause, title, why, ()))
