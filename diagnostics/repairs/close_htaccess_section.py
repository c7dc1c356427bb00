"""Closes a section that was left open, takes out an end without a beginning, or mends one of the wrong kind."""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.htaccess.directives import RESTRICTING, edit_distance
from diagnostics.htaccess.lint import lint
from diagnostics.htaccess.parser import Document, Line, LineKind, encode, parse
from diagnostics.htaccess.reading import is_meant_end, meant_beginning
from diagnostics.repairs.editing import Place, commented, enclosing, indent_of, place_of, with_lines, write_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "close-htaccess-section"
_TIGHT = frozenset({"files", "filesmatch", "limit", "limitexcept", "requireall", "requireany", "requirenone"})


@repair(id=ID, title=_("Close a section of .htaccess"), causes=("htaccess-unclosed-section",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    place = place_of(evidence, finding)
    if place is None:
        return None
    content, why = _mended(place)
    if any(fault.cause == "htaccess-unclosed-section" for fault in lint(content)):
        return CannotPlan(_("More than one section is not closed as it was opened. Somebody must look at the file."))
    title = _("Mend the section at line {line} of {path}").format(line=place.line.number, path=place.file.path)
    return write_plan(evidence, finding, place.file, content, Plan(ID, finding.cause, title, why, ()), lint_again=False)


def _mended(place: Place) -> tuple[bytes, str]:
    document, line = place.document, place.line
    if not line.bracket_closed:
        bare = line.raw[: len(line.raw) - len(line.ending)].rstrip()
        return with_lines(document, {line.number: bare + b">" + line.ending}), _("Its closing > is added.")
    if line.kind is LineKind.CLOSE:
        return _mend_close(document, line)
    around = enclosing(document, line)
    if around and is_meant_end(line, around[-1]):
        new = indent_of(line) + encode(f"</{around[-1].name}>") + line.ending
        return with_lines(document, {line.number: new}), _("The end of the section is written as the web server knows it.")
    if line.kind is LineKind.DIRECTIVE and (meant := meant_beginning(line)):
        new = indent_of(line) + encode(meant) + line.ending
        return with_lines(document, {line.number: new}), _("The beginning of the section is written as the web server knows it.")
    return _insert_close(document, line), _("The end that is missing is added.")


def _mend_close(document: Document, line: Line) -> tuple[bytes, str]:
    if (remark := _swallowing(document, line)) is not None:
        new = {remark.number: _without_backslash(remark)}
        return with_lines(document, new), _(
            "A remark ended with a backslash and so swallowed the beginning of the section. The backslash goes."
        )
    around = enclosing(document, line)
    if not around:
        return with_lines(document, {line.number: commented(line)}), _("It closes nothing and becomes a comment.")
    expected = around[-1]
    if all(section.key != line.key for section in around):
        near = edit_distance(line.key, expected.key, 3) <= 3 or len(around) == 1
        if near:
            new = indent_of(line) + encode(f"</{expected.name}>") + line.ending
            return with_lines(document, {line.number: new}), _("The end becomes that of the section that is open.")
        return with_lines(document, {line.number: commented(line)}), _("It closes nothing and becomes a comment.")
    ending = line.ending or document.ending
    new = indent_of(expected) + encode(f"</{expected.name}>") + ending + line.raw
    content = with_lines(document, {line.number: new})
    return _without_stray(content, expected), _("The end that is missing is added before it.")


def _swallowing(document: Document, line: Line) -> Line | None:
    """A comment above that goes on over the line that opens this section: Apache joins lines at a backslash, in comments too."""
    opened = b"<" + encode(line.key)
    remarks = [
        other for other in document.lines if other.kind is LineKind.COMMENT and other.last > other.number and other.last < line.number
    ]
    return next((other for other in reversed(remarks) if opened in other.raw.partition(b"\n")[2].lower()), None)


def _without_backslash(remark: Line) -> bytes:
    first, gap, rest = remark.raw.partition(b"\n")
    end = b"\r" if first.endswith(b"\r") else b""
    return first.removesuffix(b"\r").removesuffix(b"\\") + end + gap + rest


def _without_stray(content: bytes, moved: Line) -> bytes:
    """Where two ends stood in the wrong order, the second is now too many."""
    document = parse(content)
    stray = next((fault for fault in lint(document) if fault.cause == "htaccess-unclosed-section"), None)
    line = document.at(stray.line) if stray else None
    if line is not None and line.kind is LineKind.CLOSE and line.key == moved.key:
        return with_lines(document, {line.number: commented(line)})
    return content


def _insert_close(document: Document, line: Line) -> bytes:
    """After the lines that plainly belong to the section; for conditions at the end of the file or of WordPress's block."""
    lines = document.lines
    at = document.index_of(line)
    end = at
    for index in range(at + 1, len(lines)):
        if not _belongs(line, lines[index]):
            break
        end = index
    ending = line.ending or document.ending
    last = lines[end]
    tail = last.raw if last.ending else last.raw + ending
    return with_lines(document, {last.number: tail + indent_of(line) + encode(f"</{line.name}>") + ending})


def _belongs(opening: Line, line: Line) -> bool:
    if opening.key not in _TIGHT:
        return not line.raw.strip().startswith(b"# END")
    deeper = len(indent_of(line)) > len(indent_of(opening))
    return line.kind is LineKind.DIRECTIVE and (deeper or line.key in RESTRICTING)
