"""Which line of a `.htaccess` keeps WordPress's addresses from being sent to it: the one without whose fault they would arrive.

The block is laid beside the one that WordPress writes (wp-includes/class-wp-rewrite.php, `mod_rewrite_rules`); each difference is put
right by itself, then each line around the block is left out by itself, until the requests for the lost pages end at a file.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from typing import NamedTuple

from diagnostics.checks.common import server_of
from diagnostics.checks.roads import MOST_PAGES, visit_of
from diagnostics.evidence import Evidence, PageSeen, TextFile
from diagnostics.htaccess.parser import Document, Line, LineKind, parse
from diagnostics.htaccess.rules import rules_of
from diagnostics.htaccess.simulating import Ending, Place, follow
from diagnostics.htaccess.wordpress import BEGIN, END, standard_block

_MOST_LINES = 300
_ALIKE = 0.75  # of a line that is commented out and one that WordPress writes
_DECIDES = ("rewrite", "redirect", "fallbackresource")
_OPTIONAL = ("E=HTTP_AUTHORIZATION", "RewriteBase")  # older versions wrote the block without the first; the second is of no weight here


class Damage(NamedTuple):
    """`wanted`: what WordPress writes at `line`, "" for one that should not be there; `is_missing`: it belongs before that line."""

    line: int
    wanted: str
    is_missing: bool
    is_inside: bool


class _Difference(NamedTuple):
    """Lines from `first` to `last` (indexes into the document) in whose place `wanted` belongs."""

    first: int
    last: int
    wanted: tuple[str, ...]


def is_lost(ending: Ending) -> bool:
    return ending.kind == "missing" or (ending.kind == "status" and ending.status == 404)


def damage_of(file: TextFile, base: str, lost: list[PageSeen], place: Place, evidence: Evidence) -> Damage | None:
    """None where nothing in the file by itself keeps the pages from WordPress."""
    document = parse(file.content)
    if len(document.lines) > _MOST_LINES:
        return None
    folder = posixpath.dirname(file.absolute)

    def arrive(content: bytes) -> bool:
        rules = rules_of(content, folder, file.path, server_of(evidence))
        changed = replace(place, rules={**place.rules, folder: rules})
        return not any(is_lost(follow(changed, visit_of(page))) for page in lost[:MOST_PAGES])

    differences = list(_differences(document, base))
    for each in differences:
        if arrive(_mended(document, each)):
            return _damage(document, each, is_inside=True)
    for number, line in enumerate(document.lines):
        if line.kind is LineKind.DIRECTIVE and line.key.startswith(_DECIDES):
            without = _Difference(number, number + 1, ())
            if arrive(_mended(document, without)):
                return _damage(document, without, is_inside=False)
    telling = [each for each in differences if not all(_is_optional(text) for text in each.wanted) or not each.wanted]
    return _damage(document, telling[0], is_inside=True) if telling and BEGIN in file.content and END in file.content else None


def _differences(document: Document, base: str) -> Iterator[_Difference]:
    """Each by itself, as far as lines can be told apart: a line in another's place, one that is too many, one that is missing."""
    wanted = [line.decode() for line in standard_block(base).splitlines()]
    first, last = _bounds(document)
    indexes = [index for index in range(first, last) if _counts(document.lines[index], wanted)]
    written = [_plain(document.lines[index].read) for index in indexes]
    for kind, a, b, c, d in SequenceMatcher(None, written, [_plain(text) for text in wanted], autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        paired = min(b - a, d - c)
        for offset in range(paired):
            yield _Difference(indexes[a + offset], indexes[a + offset] + 1, (wanted[c + offset],))
        for index in indexes[a + paired : b]:
            yield _Difference(index, index + 1, ())
        if d - c > paired and indexes and not _is_whole(wanted[c + paired : d]):
            at = indexes[b] if b < len(indexes) else indexes[-1] + 1
            yield _Difference(at, at, tuple(wanted[c + paired : d]))


def _is_whole(wanted: list[str]) -> bool:
    """Whether the rules as such are gone, so that no line of theirs can be told."""
    return sum(text.startswith("Rewrite") for text in wanted) > 4


def _bounds(document: Document) -> tuple[int, int]:
    """The lines of the block, marks included; the whole file where one of the marks is not there."""
    marks = {line.raw.strip(): number for number, line in enumerate(document.lines) if line.kind is LineKind.COMMENT}
    begins, ends = marks.get(BEGIN), marks.get(END)
    if begins is None or ends is None or ends < begins:
        return 0, len(document.lines)
    return begins, ends + 1


def _counts(line: Line, wanted: list[str]) -> bool:
    if line.kind is LineKind.BLANK:
        return False
    if line.kind is not LineKind.COMMENT:
        return True
    text = _plain(line.read.lstrip("# \t"))
    if line.raw.strip() in (BEGIN, END):
        return True
    return any(SequenceMatcher(None, text, _plain(each), autojunk=False).ratio() >= _ALIKE for each in wanted if not each.startswith("#"))


def _plain(text: str) -> str:
    """As Apache compares the words that WordPress writes: the names without regard to case, and any white space between them."""
    name, _space, rest = " ".join(text.split()).partition(" ")
    is_switch = name.lower() == "rewriteengine"
    return f"{name.lower()} {rest.lower() if is_switch else rest}".strip()


def _is_optional(text: str) -> bool:
    return any(word in text for word in _OPTIONAL)


def _mended(document: Document, difference: _Difference) -> bytes:
    lines = document.lines
    new = b"".join(text.encode() + document.ending for text in difference.wanted)
    before = b"".join(line.raw for line in lines[: difference.first])
    gap = document.ending if before and not before.endswith(b"\n") and new else b""
    return before + gap + new + b"".join(line.raw for line in lines[difference.last :])


def _damage(document: Document, difference: _Difference, *, is_inside: bool) -> Damage:
    lines = document.lines
    is_missing = difference.first == difference.last
    line = lines[min(difference.first, len(lines) - 1)].number
    return Damage(line, difference.wanted[0] if difference.wanted else "", is_missing, is_inside)
