"""A PHP file looked at byte by byte: where it ends, and marks that editors, tools and broken uploads leave in it. Nothing is executed."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NO_STATEMENT = re.compile(rb"\xef\xbb\xbf|<\?(?:php\b)?|\?>|/\*(?:(?!\*/).)*+(?:\*/|\Z)|(?://|#(?!\[))[^\n]*+", re.DOTALL | re.IGNORECASE)
_OPENING = re.compile(rb"<\?(?:php\b|=)", re.IGNORECASE)
_CONFLICT = re.compile(rb"^(?:<{7} |={7}\r?$|>{7} )", re.MULTILINE)
_HEREDOC = re.compile(rb"<<<[ \t]*([\"']?)([A-Za-z_]\w*)\1\r?\n")
# What the scanner stops at inside PHP: strings, comments, heredocs, brackets, the closing tag.
# Blanks that look like one and are none to PHP: no-break and other widths of a space, no width at all, a mark in the middle of a file.
_STRANGE_BLANK = re.compile(rb"\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8f\xa8\xa9\xaf]|\xe2\x81[\x9f\xa0]|\xe3\x80\x80|\xef\xbb\xbf")
_QUOTED = re.compile(rb"'[^'\n]{0,2000}'|\"[^\"\n]{0,2000}\"|(?://|\#).*")
_STOP = re.compile(rb"""//|\#(?!\[)|/\*|'|"|`|<<<|\?>|[(){}\[\]]""")
_PAIRS = {b")": b"(", b"]": b"[", b"}": b"{"}
MOST = 512 * 1024


@dataclass(frozen=True, slots=True)
class Ending:
    """How a file ends: brackets that are still open, and what it ends inside of ("string", "comment" or nothing).

    `is_round_open`: one of them is round or square and other statements follow: PHP misses it where its own ends, not at the file's end.
    """

    open_brackets: int
    inside: str
    last_line: int
    in_middle_of_line: bool
    is_round_open: bool = False

    @property
    def is_cut_off(self) -> bool:
        """Whether it ends where nobody ends a file; a bracket that somebody forgot is another thing."""
        if self.inside:  # a quote that somebody forgot runs on to a proper end
            return self.inside == "comment" or self.in_middle_of_line
        return self.in_middle_of_line or (self.open_brackets > 1 and not self.is_round_open)


def encoding_mark(content: bytes) -> str:
    """ "utf-8" for a byte-order mark of it, "utf-16" for a file in that encoding, else nothing."""
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8"
    looks = content[:4].startswith((b"\xff\xfe", b"\xfe\xff")) or content[:40].count(b"\0") > 10
    return "utf-16" if looks else ""


def conflict_line(content: bytes) -> int | None:
    """The line of the first mark that an unfinished merge left; None where there is no whole set of them."""
    marks = list(_CONFLICT.finditer(content[:MOST]))
    kinds = {match.group()[:1] for match in marks}
    return line_at(content, marks[0].start()) if kinds == {b"<", b"=", b">"} else None


def strange_blank(content: bytes, line: int | None) -> bool:
    """Whether this line, or the one before it, holds a blank that PHP takes for a letter (Zend/zend_language_scanner.l, LABEL)."""
    lines = content.split(b"\n")[max(0, line - 2) : line] if line else []
    return any(_STRANGE_BLANK.search(_QUOTED.sub(b"", each[:4000])) for each in lines)


def output_before_php(content: bytes) -> bool:
    """Whether something other than PHP stands before the first opening tag, so that headers and namespaces come too late."""
    opening = _OPENING.search(content[:4096])
    return opening is not None and opening.start() > 0


def is_empty(content: bytes) -> bool:
    """Whether there is not one statement and not one letter in it: tags and comments alone."""
    return len(content) < 20_000 and not _NO_STATEMENT.sub(b"", content).strip()


def line_at(content: bytes, offset: int) -> int:
    return content.count(b"\n", 0, offset) + 1


def ending(content: bytes) -> Ending | None:
    """How the file ends; None for one that is too large to be looked through, or no PHP."""
    if len(content) > MOST or not _OPENING.search(content):
        return None
    brackets: list[bytes] = []
    at, inside = 0, ""
    while at < len(content):
        opening = _OPENING.search(content, at)
        if opening is None:
            return Ending(len(brackets), "", line_at(content, len(content.rstrip())), in_middle_of_line=False)
        at, inside, closed = _through_php(content, opening.end(), brackets)
        if not closed:
            break
    last = content.rstrip(b" \t\r\n")
    unfinished = not content.endswith(b"\n") and last[-1:] not in (b"}", b";", b">")
    return Ending(
        len(brackets), inside, line_at(content, len(last)), unfinished, bool({b"(", b"["} & set(brackets)) and last[-1:] in b"};>"
    )


def _through_php(content: bytes, at: int, brackets: list[bytes]) -> tuple[int, str, bool]:
    """On from inside PHP to its closing tag (True) or the file's end (False)."""
    while match := _STOP.search(content, at):
        token, at = match.group(), match.end()
        if token == b"?>":
            return at, "", True
        if token in (b"(", b"[", b"{"):
            brackets.append(token)
        elif token in _PAIRS:
            if brackets and brackets[-1] == _PAIRS[token]:
                brackets.pop()
        else:
            at, inside = _past(content, token, match.start(), at)
            if inside:
                return at, inside, False
    return len(content), "", False


def _past(content: bytes, token: bytes, start: int, at: int) -> tuple[int, str]:
    """Behind a string, comment or heredoc, or what the file ends inside of."""
    if token in (b"//", b"#"):
        end = re.compile(rb"\n|(?=\?>)").search(content, at)
        return (end.end() if end else len(content)), ""
    if token == b"/*":
        found = content.find(b"*/", at)
        return (found + 2, "") if found >= 0 else (len(content), "comment")
    if token == b"<<<":
        begun = _HEREDOC.match(content, start)
        if begun is None:
            return at, ""
        closing = re.compile(rb"^[ \t]*" + re.escape(begun.group(2)) + rb"\b", re.MULTILINE).search(content, begun.end())
        return (closing.end(), "") if closing else (len(content), "string")
    closing = re.compile(rb"(?:[^\\" + token + rb"]|\\.)*+" + token, re.DOTALL).match(content, at)
    return (closing.end(), "") if closing else (len(content), "string")


def names_of_class(name: str) -> frozenset[str]:
    """The names, in small letters, that a file with this class mostly bears."""
    whole = name.lower()
    return frozenset({f"{whole}.php", f"class-{whole}.php".replace("_", "-"), f"class.{whole}.php", f"{whole}.class.php", f"{whole}.inc"})
