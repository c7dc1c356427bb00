"""A pasted list: one address per line, or name and address in either order."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from sites.importing.reading import Unreadable
from sites.importing.rows import Row

_PARTS = re.compile(r"[\s,;]+")
_LIKE_ADDRESS = re.compile(r"(https?://\S+|[\w-]+(\.[\w-]+)+(:\d+)?(/\S*)?|localhost(:\d+)?(/\S*)?)", re.IGNORECASE)


def rows(text: str, most: int) -> list[Row]:
    """A row for every line that says something. Raises Unreadable when there are more than `most`."""
    found = [
        (number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip() and not line.lstrip().startswith("#")
    ]
    if len(found) > most:
        raise Unreadable(_("The file has more than %(most)d rows. Split it.") % {"most": most})
    return [_row(number, line) for number, line in found]


def _row(number: int, line: str) -> Row:
    parts = [part for part in _PARTS.split(line) if part]
    url = next((part for part in parts if "://" in part), "") or next(
        (part for part in reversed(parts) if _LIKE_ADDRESS.fullmatch(part)), ""
    )
    name = line.replace(url, " ", 1).strip(" \t,;\"'") if url else line
    if url and "://" not in url:
        url = f"https://{url}"
    values = {"name": " ".join(name.split()) or url.partition("://")[2].rstrip("/"), "url": url}
    return Row(number, values, refusal="" if url else _("There is no address of a website in this line."))
