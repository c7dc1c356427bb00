"""Makes a line of `.htaccess` a comment, with the conditions or the section that belong to it."""

from __future__ import annotations

from diagnostics.causes import CAUSES as CATALOGUE
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import Document, Line, LineKind
from diagnostics.htaccess.rewriting import flags_of, split_arguments
from diagnostics.repairs.editing import NEEDS_PERSON, commented, place_of, protects, with_lines, write_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "comment-out-htaccess-line"
# What no linter sees: the file is written well, and does what it should not.
_NOT_OF_THE_FILE = (
    "htaccess-proxy-target-down", "htaccess-php-handler-override", "htaccess-rewrite-loop", "redirect-loop", "index-file-missing",
    "cgi-not-executable",
)  # fmt: skip
# A script that a line forbids; where its own mode does, that is what is changed.
CAUSES = (*(cause.code for cause in CATALOGUE.values() if ID in cause.repairs), "cgi-not-executable")


@repair(id=ID, title=_("Make a line of .htaccess a comment"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    place = place_of(evidence, finding)
    if place is None or place.line.kind not in (LineKind.DIRECTIVE, LineKind.OPEN):
        return CannotPlan(_("The line is not there any more."))
    lines = belonging(place.document, place.line)
    if lines is None:
        return CannotPlan(_("Other rules count on this one. Somebody who knows the rules must look."))
    after = with_lines(place.document, {line.number: commented(line) for line in lines if line.kind is not LineKind.BLANK})
    locks = any(protects(line, place.document) for line in lines)
    title = _("Make line {line} of {path} a comment").format(line=place.line.number, path=place.file.path)
    many = _("The web server then passes over them. Nothing is deleted: {count} lines get a # in front.").format(count=len(lines))
    why = many if len(lines) > 1 else _("The web server then passes over it. Nothing is deleted: the line gets a # in front.")
    made = Plan(
        ID, finding.cause, title, why, (), takes_away_protection=locks, needs_person=NEEDS_PERSON if locks else "", removes=len(lines)
    )
    return write_plan(evidence, finding, place.file, after, made, lint_again=finding.cause not in _NOT_OF_THE_FILE)


def belonging(document: Document, line: Line) -> list[Line] | None:
    """The lines that must go together with this one; None when that cannot be told."""
    if line.kind is LineKind.OPEN:
        return _section(document, line)
    if line.key not in ("rewriterule", "rewritecond"):
        return [line]
    rules = [other for other in document.lines if other.key == "rewriterule"]
    if any(flags_of_rule(other) & {"s", "skip", "c", "chain"} for other in rules):
        return None  # counted or chained rules: taking one out changes what the others do
    index = document.index_of(line)
    first = last = index
    while first > 0 and (document.lines[first - 1].key == "rewritecond" or _is_between(document, first - 1)):
        first -= 1
    while document.lines[last].key != "rewriterule":
        last += 1
        if last == len(document.lines) or document.lines[last].kind in (LineKind.OPEN, LineKind.CLOSE):
            last = index
            break
    return [other for other in document.lines[first : last + 1] if other.key in ("rewriterule", "rewritecond")]


def _is_between(document: Document, index: int) -> bool:
    """A comment or blank line with a condition somewhere above it and no rule in between."""
    if document.lines[index].kind not in (LineKind.BLANK, LineKind.COMMENT):
        return False
    above = [line for line in document.lines[:index] if line.kind not in (LineKind.BLANK, LineKind.COMMENT)]
    return bool(above) and above[-1].key == "rewritecond"


def flags_of_rule(line: Line) -> set[str]:
    """The flags of a rewrite rule in lower case, without their values."""
    words = split_arguments(line.args)
    flags = flags_of(words[2]) if len(words) == 3 else None
    return {flag.split("=")[0].strip().lower() for flag in flags or ()}


def _section(document: Document, line: Line) -> list[Line] | None:
    depth = 0
    index = document.index_of(line)
    for end in range(index, len(document.lines)):
        other = document.lines[end]
        if other.key == line.key:
            depth += 1 if other.kind is LineKind.OPEN else -1 if other.kind is LineKind.CLOSE else 0
        if depth == 0:
            return list(document.lines[index : end + 1])
    return [line] if line.name.startswith(("!", "?")) or line.key in ("html", "head", "body") else None
