"""Makes comments of a faulty line and of every other one that the web server would stop at next: the last way short of the whole file."""

from __future__ import annotations

from diagnostics.causes import CAUSES as CATALOGUE
from diagnostics.checks.common import server_of
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.htaccess.lint import first_refused, lint
from diagnostics.htaccess.parser import Document, Line, LineKind, parse
from diagnostics.htaccess.server import ServerKnowledge
from diagnostics.repairs.comment_out_htaccess_line import belonging
from diagnostics.repairs.editing import NEEDS_PERSON, commented, file_of, module_missing, protects, with_lines, write_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "comment-out-htaccess-faults"
CAUSES = tuple(cause.code for cause in CATALOGUE.values() if ID in cause.repairs)
_MOST = 40  # lines; what has more faults is no .htaccess


@repair(id=ID, title=_("Make the faulty lines of .htaccess comments"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = file_of(evidence, finding)
    if file is None:
        return None
    document = parse(file.content)
    module = module_missing(finding)
    server = server_of(evidence)
    gone = _refused(document, finding, server.without({module}) if module else server)
    if gone is None:
        return CannotPlan(_("So many lines are faulty that this is hardly a .htaccess. Put the whole file aside, or an earlier one back."))
    if not gone:
        return None
    after = _without(document, gone)
    locks = any(protects(line, document) for line in document.lines if line.number in gone)
    numbers = sorted(gone)
    title = (
        _("Make line {line} of {path} a comment")
        if len(gone) == 1
        else _("Make {count} lines of {path} comments, the first is line {line}")
    )
    why = _("The web server then passes over them. Nothing is deleted: {count} lines get a # in front.").format(count=len(gone))
    made = Plan(
        ID, finding.cause, title.format(line=numbers[0], path=file.path, count=len(gone)), why, (), takes_away_protection=locks,
        needs_person=NEEDS_PERSON if locks else "", removes=len(gone),
    )  # fmt: skip
    return write_plan(evidence, finding, file, after, made)


def _refused(document: Document, finding: Finding, server: ServerKnowledge) -> set[int] | None:
    """The numbers of the lines that must go, None where they are too many: then the file is read through once only."""
    if len({fault.line for fault in lint(document, server) if fault.sure}) > _MOST:
        return None
    gone: set[int] = set()
    at = finding.line
    begun = False
    while len(gone) <= _MOST:
        line = document.at(at) if at else None
        if line is not None and line.number not in gone and line.kind in (LineKind.DIRECTIVE, LineKind.OPEN, LineKind.CLOSE):
            gone |= {each.number for each in _with(document, line) if each.kind not in (LineKind.BLANK, LineKind.COMMENT)}
        elif begun:
            return set()  # what the linter names cannot be made a comment
        fault = first_refused(lint(_without(document, gone), server))
        if fault is None:
            return gone
        if fault.line == at:
            return set()  # it is refused as a comment as well: the line is too long
        at, begun = fault.line, True
    return None


def _with(document: Document, line: Line) -> list[Line]:
    """What must go together with this line; an end without its beginning goes alone."""
    return [line] if line.kind is LineKind.CLOSE else belonging(document, line) or [line]


def _without(document: Document, gone: set[int]) -> bytes:
    return with_lines(document, {line.number: commented(line) for line in document.lines if line.number in gone})
