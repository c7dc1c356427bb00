"""What the sources of other tools share: intervals within our limits, names that are free text, tags without spaces."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from sites.registration import LEAST_INTERVAL_S, MOST_INTERVAL_S


def put_interval(values: dict[str, str], notes: list[str], seconds: Any) -> None:
    """Sets the interval, brought within our limits with a note that says so. What is no number is left at the default."""
    try:
        wanted = int(float(str(seconds)))
    except (ValueError, OverflowError):
        return
    if wanted <= 0:
        return
    interval = min(max(wanted, LEAST_INTERVAL_S), MOST_INTERVAL_S)
    if interval != wanted:
        notes.append(_("It was probed every %(was)d s; here it is every %(now)d s.") % {"was": wanted, "now": interval})
    values["interval"] = str(interval)


def tag(words: Any) -> str:
    """A label of another tool as one of our tags, which hold no space."""
    return "-".join(str(words).split())


def one_line(text: Any) -> str:
    """A name as one line of plain text."""
    return " ".join(str(text or "").split())


def not_http(kind: object) -> str:
    """Why a row that watches something else than a website is left out."""
    return _("It watches by “%(kind)s”, not by opening a web address. Only websites are watched here.") % {"kind": one_line(kind) or "?"}
