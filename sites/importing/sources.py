"""What a file is: our own CSV, a list of addresses, or what another tool exported. Told by headers and keys, never by a guess."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sites.importing import addresses, kuma, mainwp, uptimerobot
from sites.importing.reading import Unreadable, decoded, records
from sites.importing.rows import KNOWN, REQUIRED, Row, unguarded

_HALF = re.compile("[\ud800-\udfff]")
ADDRESSES, CSV, ACCOUNT = "addresses", "csv", "account"
NAMES = {CSV: "CSV", kuma.NAME: "Uptime Kuma", uptimerobot.NAME: "UptimeRobot", mainwp.NAME: "MainWP"} | {
    ACCOUNT: gettext_lazy("Found on a hosting account")
}


@dataclass(slots=True)
class Parsed:
    """A file that was recognised. `notes` are about the file as a whole."""

    source: str
    rows: list[Row]
    notes: list[str] = field(default_factory=list)


def parse_file(data: bytes, most: int) -> Parsed:
    """The rows of a file with a header or of an export. Raises Unreadable."""
    return parse_text(decoded(data), most, allow_addresses=False)


def parse_text(text: str, most: int, *, allow_addresses: bool = True) -> Parsed:
    """As `parse_file`; what has no header is taken for a list of addresses where that is allowed. Raises Unreadable."""
    if not text.strip():
        raise Unreadable(_("There is nothing in it."))
    if text.lstrip()[0] in "{[":
        return _parse_json(text, most)
    table = records(text, most)
    header = [cell.strip().lower() for cell in table[0][1]] if table else []
    for name, columns, mapped in _TABLES:
        if columns <= set(header):
            return Parsed(name, _mapped(header, table[1:], mapped), mapped.notes(header))
    if allow_addresses and not set(REQUIRED) & set(header):
        return Parsed(ADDRESSES, addresses.rows(text, most))
    missing = [name for name in REQUIRED if name not in header]
    raise Unreadable(_("The first row must name the columns; “%(missing)s” is missing.") % {"missing": "”, “".join(missing)})


def _mapped(header: list[str], table: list[tuple[int, list[str]]], source: Any) -> list[Row]:
    found = []
    for number, cells in table:
        values = {name: cell for name, cell in zip(header, cells, strict=False) if name}
        row: Row = source.row(number, values)
        if any(cell.strip() for cell in cells[len(header) :]) and not row.refusal:
            row.refusal = _("The row has more fields than the header. Is a comma not in quotes?")
        found.append(row)
    return found


class OwnTable:
    """The columns of CONTRACTS: whatever the export writes."""

    @staticmethod
    def row(number: int, values: dict[str, str]) -> Row:
        return Row(number, {name: unguarded(value) for name, value in values.items() if name in KNOWN and value.strip()})

    @staticmethod
    def notes(header: list[str]) -> list[str]:
        unknown = [name for name in header if name and name not in KNOWN]
        words = _("These columns are not known and are left out: %(names)s.") % {"names": ", ".join(unknown[:20])}
        return [words] if unknown else []


_TABLES: tuple[tuple[str, set[str], Any], ...] = (
    (CSV, set(REQUIRED), OwnTable),
    (uptimerobot.NAME, uptimerobot.HEADER, uptimerobot),
    (mainwp.NAME, mainwp.HEADER, mainwp),
)


def _parse_json(text: str, most: int) -> Parsed:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(_("This looks like JSON, but it is damaged or cut off.")) from None
    for name, entries, made in _DOCUMENTS:
        found = entries(document)
        if found is None:
            continue
        if len(found) > most:
            raise Unreadable(_("The file has more than %(most)d rows. Split it.") % {"most": most})
        return Parsed(name, [_storable(made(n, each)) if isinstance(each, dict) else _no_entry(n) for n, each in enumerate(found, 1)])
    raise Unreadable(_("This JSON is none that is known here: an export of Sitemend, Uptime Kuma or UptimeRobot."))


def _storable(row: Row) -> Row:
    """JSON can name halves of characters (RFC 8259, section 8.2), which no page can show: they are replaced, and the row is refused."""
    if not any(_HALF.search(text) for text in (*row.values.values(), *row.notes, row.refusal)):
        return row
    values = {name: _HALF.sub("\ufffd", value) for name, value in row.values.items()}
    refusal = _HALF.sub("\ufffd", row.refusal) or _("The row holds characters that cannot be stored.")
    return Row(row.number, values, [_HALF.sub("\ufffd", note) for note in row.notes], refusal)


def _no_entry(number: int) -> Row:
    return Row(number, {}, refusal=_("This is no site."))


def _own_entries(document: Any) -> list[Any] | None:
    entries = document.get("sites") if isinstance(document, dict) else None
    return entries if isinstance(entries, list) else None


def _own_entry(number: int, entry: dict[str, Any]) -> Row:
    return Row(number, {name: as_text(entry[name]) for name in KNOWN if entry.get(name) not in (None, "", False, [])})


def as_text(value: Any) -> str:
    """A value of JSON as it stands in a CSV: lists of paths and tags with spaces between."""
    if isinstance(value, list):
        return " ".join(str(part) for part in value if isinstance(part, str | int))
    return "yes" if value is True else str(value) if isinstance(value, str | int | float) else ""


_DOCUMENTS: tuple[tuple[str, Callable[[Any], list[Any] | None], Callable[[int, dict[str, Any]], Row]], ...] = (
    (CSV, _own_entries, _own_entry),
    (kuma.NAME, kuma.entries, kuma.row),
    (uptimerobot.NAME, uptimerobot.entries, uptimerobot.row_of_json),
)
