"""Parts a line that is longer than Apache reads: the same addresses and patterns, in several lines.

httpd.h: HUGE_STRING_LEN is 8192 bytes of one logical line, a comment's as well. mod_rewrite's manual, "RewriteCond": [OR] joins a
condition with the next one; mod_setenvif applies each of its lines by itself; mod_authz_core: one `Require` that holds is enough,
unless it stands in <RequireAll>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import Document, Line, encode, first_word
from diagnostics.htaccess.rewriting import split_arguments
from diagnostics.repairs.editing import enclosing, indent_of, place_of, with_lines, write_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "split-htaccess-line"
_LONGEST = 4000  # letters of each new line: well below what Apache reads
_GROUP = re.compile(r"\((?:\?:)?([^()\[\]]*)\)")
_FLAGS = re.compile(r"\s\[([^\]\s]*)\]$")
_BY_LINE = frozenset({"setenvif", "setenvifnocase", "browsermatch", "browsermatchnocase"})
_LISTS = frozenset({"require", "allow", "deny", "addtype", "addhandler"})


@repair(id=ID, title=_("Part a line of .htaccess that is too long"), causes=("htaccess-bad-argument", "htaccess-invalid-directive"))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    place = place_of(evidence, finding)
    if place is None or not place.line.is_too_long:
        return None
    pieces = list(_pieces(place.line, place.document))
    if len(pieces) < 2 or any(len(encode(piece)) > 2 * _LONGEST for piece in pieces):
        return CannotPlan(_("It is not clear where the line can be parted. Somebody who knows it must look."))
    ending = place.line.ending or place.document.ending
    raw = b"".join(indent_of(place.line) + encode(piece) + ending for piece in pieces)
    title = _("Part line {line} of {path} into {count}").format(line=place.line.number, path=place.file.path, count=len(pieces))
    why = _("The web server reads 8 KB of a line. The new lines say the same as the long one.")
    made = Plan(ID, finding.cause, title, why, ())
    return write_plan(evidence, finding, place.file, with_lines(place.document, {place.line.number: raw}), made)


def _pieces(line: Line, document: Document) -> Iterator[str]:
    text = line.read
    name, args = first_word(text)
    key = name.lower()
    if text.startswith("#"):
        yield from (f"# {text[at : at + _LONGEST]}" if at else text[:_LONGEST] for at in range(0, len(text), _LONGEST))
    elif key in _BY_LINE:
        yield from _alternatives(text)
    elif key == "rewritecond":
        yield from _conditions(text, args)
    elif key in _LISTS:
        yield from _lists(key, name, args, line, document)


def _alternatives(text: str) -> Iterator[str]:
    """The same line for some of the alternatives of its longest group each."""
    group = max(_GROUP.finditer(text), key=lambda match: len(match[1]), default=None)
    if group is None or "|" not in group[1]:
        return
    for some in _chunks(group[1].split("|"), 1, _LONGEST - len(text) + len(group[1])):
        yield text[: group.start(1)] + "|".join(some) + text[group.end(1) :]


def _conditions(text: str, args: str) -> Iterator[str]:
    """Any of them is enough; of a pattern that must not fit, all of them."""
    words = split_arguments(args)
    pieces = list(_alternatives(text))
    is_not = len(words) > 1 and words[1].startswith("!")
    flags = _FLAGS.search(text)
    joined = bool(flags and re.search(r"(?:^|,)(?:OR|ornext)(?:,|$)", flags[1], re.IGNORECASE))
    if (is_not and joined) or (not is_not and len(words) > 2 and not flags):
        return
    for number, piece in enumerate(pieces, 1):
        if is_not or joined or number == len(pieces):
            yield piece
        else:
            yield _FLAGS.sub(r" [\1,OR]", piece) if flags else f"{piece} [OR]"


def _lists(key: str, name: str, args: str, line: Line, document: Document) -> Iterator[str]:
    """Words of a list, some of them in each line, behind those that all of them need."""
    words = args.split()
    head = 2 if key == "require" and words[:1] == ["not"] else 1
    inside = [section.key for section in enclosing(document, line)]
    if (key == "require" and head == 1 and "requireall" in inside[-1:]) or '"' in args:
        return
    for some in _chunks(words[head:], 1, _LONGEST):
        yield " ".join((name, *words[:head], *some))


def _chunks(words: list[str], between: int, most: int) -> Iterator[list[str]]:
    """The words in their order, so many together as are not longer than `most` letters."""
    some: list[str] = []
    size = 0
    for word in words:
        if some and size + len(word) + between > most:
            yield some
            some, size = [], 0
        some.append(word)
        size += len(word) + between
    if some:
        yield some
