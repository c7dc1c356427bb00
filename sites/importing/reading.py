"""The bytes of a file as text and rows, whatever wrote them: encodings with and without a mark, three separators, three line ends."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

from django.utils.translation import gettext as _

MOST_FIELD = 100_000  # characters of one field
_SEPARATORS = (",", ";", "\t")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Unreadable(ValueError):
    """The file as a whole cannot be imported; the message says why."""


def decoded(data: bytes) -> str:
    """The text of a file. Raises Unreadable."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "") or _unmarked(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(_("The file is damaged: it is not the text that it says it is.")) from None
    if "\x00" in text:
        raise Unreadable(_("This is not a text file. Save it as CSV, and import that."))
    return text


def _unmarked(data: bytes) -> str:
    """UTF-8 if it can be; UTF-16 shows by its many zero bytes; else the Windows code page, which Excel writes in the West."""
    start = data[:2000]
    if start and start.count(0) > len(start) // 4:
        return "utf-16-le" if start[1::2].count(0) > start[0::2].count(0) else "utf-16-be"
    try:
        data.decode()
    except UnicodeDecodeError:
        try:
            data.decode("cp1252")
        except UnicodeDecodeError:
            return "latin-1"
        return "cp1252"
    return "utf-8"


def records(text: str, most: int) -> list[tuple[int, list[str]]]:
    """The rows of a CSV with their numbers, as spreadsheets count; empty ones and comments before the header are left out.

    Raises Unreadable, also for more than `most` rows besides the header.
    """
    separator, text = _separator(text)
    found: list[tuple[int, list[str]]] = []
    for number, cells in enumerate(_parsed(text, separator), 1):
        if not any(cell.strip() for cell in cells) or (cells[0].startswith("#") and not found):
            continue
        found.append((number, cells))
        if len(found) > most + 1:
            raise Unreadable(_("The file has more than %(most)d rows. Split it.") % {"most": most})
    return found


def _parsed(text: str, separator: str) -> Iterator[list[str]]:
    csv.field_size_limit(MOST_FIELD)
    # Without translation: MainWP ends its lines with a carriage return alone, and a field may hold any of the three.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    begins = 1
    try:
        for cells in reader:
            if any(cell.count("\n") > 200 for cell in cells):
                raise Unreadable(_("A quotation mark that opens in line %(line)d is not closed.") % {"line": begins})
            yield cells
            begins = reader.line_num + 1
    except csv.Error:
        raise Unreadable(_("The file cannot be read from line %(line)d on. Is a quotation mark not closed?") % {"line": begins}) from None


def _separator(text: str) -> tuple[str, str]:
    """What separates the columns, by the header; Excel's own line `sep=;` says it and is taken off."""
    first = text.lstrip("\r\n")[:6].lower()
    if first.startswith("sep=") and len(first) > 4 and first[4] in _SEPARATORS:
        return first[4], text.lstrip("\r\n")[5:]
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            return max(_SEPARATORS, key=line.count), text
    return ",", text
