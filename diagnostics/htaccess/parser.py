"""Splits a `.htaccess` into logical lines without losing a byte: joining the raw bytes of all lines gives the file again.

Follows `ap_cfg_getline` and `ap_getword_conf` of Apache 2.4 (server/util.c): a backslash before the line's end joins it with the next
one, in comments too; words are parted by white space and may stand in single or double quotes; a NUL ends what is read of its line,
and a line longer than 8 KB ends the reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LONGEST = 8191  # bytes of one logical line without its end (HUGE_STRING_LEN of httpd.h); one less where the file ends with it
_MOST_KEPT, _MOST_LINES_KEPT = 64 * 1024, 500  # bytes and lines of a file that is kept for the next who asks
_LARGE_KEPT = 256 * 1024  # bytes
_SPACE = " \t\n\r\f\v"
_ESCAPED = {quote: re.compile(rf"\\([\\{quote}])") for quote in ('"', "'", "")}


class LineKind(StrEnum):
    BLANK = "blank"
    COMMENT = "comment"
    DIRECTIVE = "directive"
    OPEN = "open"  # <Name …>
    CLOSE = "close"  # </Name>


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line: `number` is its first physical line (from 1), `last` its last one."""

    number: int
    last: int
    raw: bytes = field(repr=False)
    kind: LineKind = LineKind.BLANK
    name: str = ""  # as written; of a section without the angle brackets
    args: str = ""
    words: tuple[str, ...] = ()
    bracket_closed: bool = True  # a section's line has its ">"
    read: str = ""  # the logical line as Apache reads it, trimmed
    is_too_long: bool = False

    @property
    def key(self) -> str:
        """The name as Apache compares it: without regard to case."""
        return self.name.lower()

    @property
    def ending(self) -> bytes:
        """How this line ends: b"\\r\\n", b"\\n" or nothing at the very end of a file."""
        if self.raw.endswith(b"\r\n"):
            return b"\r\n"
        return b"\n" if self.raw.endswith(b"\n") else b""

    @property
    def text(self) -> str:
        return decode(self.raw)


@dataclass(frozen=True, slots=True)
class Document:
    lines: tuple[Line, ...]
    has_byte_order_mark: bool = False

    @property
    def is_utf_16(self) -> bool:
        """Whether the file begins with the mark of an encoding that Apache does not read."""
        return bool(self.lines) and self.lines[0].raw.startswith(UTF_16_MARKS)

    @property
    def content(self) -> bytes:
        mark = BYTE_ORDER_MARK if self.has_byte_order_mark else b""
        return mark + b"".join(line.raw for line in self.lines)

    def at(self, number: int) -> Line | None:
        """The logical line that holds this physical line."""
        return next((line for line in self.lines if line.number <= number <= line.last), None)

    def index_of(self, line: Line) -> int:
        return next(index for index, other in enumerate(self.lines) if other.number == line.number)

    @property
    def ending(self) -> bytes:
        """The line end this file uses mostly."""
        windows = sum(line.ending == b"\r\n" for line in self.lines)
        return b"\r\n" if windows * 2 > len(self.lines) else b"\n"


def decode(raw: bytes) -> str:
    """Bytes as text that can be turned back into the same bytes by `encode`."""
    return raw.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def split_words(text: str) -> tuple[str, ...]:
    """The words of a directive's arguments, quotes removed."""
    words: list[str] = []
    rest = text.lstrip(_SPACE)
    while rest:
        word, rest = first_word(rest)
        words.append(word)
    return tuple(words)


def first_word(text: str) -> tuple[str, str]:
    """The first word and what follows it, white space between them removed."""
    text = text.lstrip(_SPACE)
    if not text:
        return "", ""
    quote = text[0] if text[0] in "\"'" else ""
    if quote:
        end = 1
        while end < len(text) and text[end] != quote:
            escaped = text[end] == "\\" and text[end + 1 : end + 2] in (quote, "\\")
            end += 2 if escaped else 1
        word, rest = text[1:end], text[end + 1 :]
    else:
        end = next((i for i, char in enumerate(text) if char in _SPACE), len(text))
        word, rest = text[:end], text[end:]
    return _ESCAPED[quote].sub(r"\1", word), rest.lstrip(_SPACE)


def parse(content: bytes) -> Document:
    """The file as logical lines. Never fails: whatever the bytes are, they come back unchanged from `content`."""
    is_usual = len(content) <= _MOST_KEPT and content.count(b"\n") <= _MOST_LINES_KEPT
    if is_usual:
        return _kept(content)
    return _kept_alone(content) if len(content) <= _LARGE_KEPT else _parsed(content)


@lru_cache(maxsize=48)
def _kept(content: bytes) -> Document:
    """One diagnosis asks for each file a dozen times."""
    return _parsed(content)


@lru_cache(maxsize=1)
def _kept_alone(content: bytes) -> Document:
    """A long file takes long to read, and every repair asks for it; no more than one is held."""
    return _parsed(content)


def _parsed(content: bytes) -> Document:
    marked = content.startswith(BYTE_ORDER_MARK)
    body = content[len(BYTE_ORDER_MARK) :] if marked else content
    physical = body.split(b"\n")
    pieces = [piece + b"\n" for piece in physical[:-1]] + ([physical[-1]] if physical[-1] else [])
    lines: list[Line] = []
    start = 0
    while start < len(pieces):
        end = start
        while end + 1 < len(pieces) and _continues(pieces[end]):
            end += 1
        lines.append(_line(start + 1, pieces[start : end + 1]))
        start = end + 1
    return Document(tuple(lines), marked)


def _continues(piece: bytes) -> bool:
    if not piece.endswith(b"\n") or b"\0" in piece:
        return False
    bare = piece[:-2] if piece.endswith(b"\r\n") else piece[:-1]
    return bare.endswith(b"\\")


def _line(number: int, pieces: list[bytes]) -> Line:
    joined = b""
    for piece in pieces:
        bare = piece[:-2] if piece.endswith(b"\r\n") else piece.removesuffix(b"\n")
        joined += bare[:-1] if _continues(piece) else bare
    text = decode(joined.partition(b"\0")[0]).strip(_SPACE)
    raw = b"".join(pieces)
    last = number + len(pieces) - 1
    if len(raw) > _LONGEST and len(joined) + raw.endswith(b"\r\n") >= _LONGEST + raw.endswith(b"\n"):
        return Line(number, last, raw, LineKind.COMMENT, read=text, is_too_long=True)
    if not text:
        return Line(number, last, raw)
    if text.startswith("#"):
        return Line(number, last, raw, LineKind.COMMENT, read=text)
    name, args = first_word(text)
    if name.startswith("</"):
        return Line(number, last, raw, LineKind.CLOSE, name[2:].removesuffix(">"), args, (), name.endswith(">"), text)
    if name.startswith("<"):
        return _opening(number, last, raw, name[1:], args, text)
    # Apache takes a bracket off the end of every first word, not only of a section's
    return Line(number, last, raw, LineKind.DIRECTIVE, name.removesuffix(">"), args, split_words(args), read=text)


def _opening(number: int, last: int, raw: bytes, name: str, args: str, text: str) -> Line:
    """A section is closed by the last bracket of its line; what follows it is not looked at. Without arguments it needs none."""
    inner, bracket, _after = args.rpartition(">")
    closed = bool(bracket) or not args
    shown = inner if bracket else args
    return Line(number, last, raw, LineKind.OPEN, name.removesuffix(">"), shown.rstrip(_SPACE), split_words(shown), closed, text)
