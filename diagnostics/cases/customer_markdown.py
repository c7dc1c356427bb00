"""The report for the customer as Markdown, to be mailed or put into a ticket."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites.wording import exact_words

from ..models import RepairCase
from . import customer
from .changed import Excerpt
from .markdown import fenced, plain, section, ticked


def markdown(case: RepairCase) -> str:
    """Nothing in it is taken for markup."""
    shown = customer.context(case)
    parts = [
        f"# {_('Report on')} {plain(case.site.name)}",
        f"{plain(shown['short'])}\n\n{plain(case.site.url)} · {_('Made at')} {exact_words(shown['made_at'])}",
        section(_("What visitors saw"), [plain(each) for each in (shown["seen"], shown["visitors"]) if each]),
        section(_("Why"), [_cause(each) for each in shown["causes"]], _("The cause is not known.")),
        section(_("What was changed"), [_change(each) for each in shown["changes"]] + _taken_back(shown), _("Nothing was changed.")),
        section(_("How it was verified"), _verified(shown)),
        section(_("What was asked of others"), [fenced(shown["message"].text)] if shown["message"] else []),
        section(_("So that it does not come back"), ["\n".join(f"- {plain(each)}" for each in shown["prevention"])]),
        section(_("What else there is to say"), [plain(each) for each in shown["notes"]]),
        section(_("Who did it"), ["\n".join(f"- {plain(each['who'])}: {plain(', '.join(each['did']))}" for each in shown["doers"])]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cause(cause: dict[str, str]) -> str:
    place = f" (`{ticked(cause['place'])}`)" if cause["place"] else ""
    return "\n\n".join(part for part in (plain(cause["summary"]) + place, plain(cause["plain"]), plain(cause["why"])) if part)


def _change(change: dict[str, Any]) -> str:
    files = "\n".join(f"- {plain(each)}" for each in change["files"])
    head = f"### {plain(change['title'])}\n\n{exact_words(change['at'])} · {plain(change['who'])}"
    return "\n\n".join(part for part in (head, files, *(_excerpt(each) for each in change["excerpts"])) if part)


def _excerpt(excerpt: Excerpt) -> str:
    lines = [*(f"- {line}" for line in excerpt.before), *(f"+ {line}" for line in excerpt.after)]
    return f"`{ticked(excerpt.path)}`\n\n{fenced(chr(10).join(lines), 'diff')}"


def _taken_back(shown: dict[str, Any]) -> list[str]:
    count = shown["taken_back"]
    words = ngettext(
        "%(n)d further change was tried and taken back: nothing of it stayed.",
        "%(n)d further changes were tried and taken back: nothing of them stayed.",
        count,
    )
    return [words % {"n": count}] if count else []


def _verified(shown: dict[str, Any]) -> list[str]:
    seen, parts = shown["verified"], []
    if seen:
        pages = ", ".join(f"`{ticked(path)}`" for path in seen["pages"])
        parts = [plain(customer.verified_words(seen)), pages]
    return [part for part in (*parts, plain(shown["since_then"])) if part]
