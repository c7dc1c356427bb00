"""The catalogue of causes as its pages show it: in groups, searched, and with what was seen of each on a person's sites."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max
from django.utils.translation import gettext as _

from sites.queries import own_incidents
from sites.texts import mark

from . import explaining
from .causes import CAUSES, Cause, hosting, htaccess, permissions, php, wordpress
from .causes.alike import alike
from .causes.guides import guide_of
from .models import FindingRecord

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

_GROUPS = (
    ("htaccess", mark("In .htaccess"), htaccess.CAUSES),
    ("permissions", mark("Permissions and scripts"), permissions.CAUSES),
    ("php", mark("PHP and the program"), php.CAUSES),
    ("wordpress", mark("Database and WordPress"), wordpress.CAUSES),
    ("hosting", mark("The host's side, and others"), hosting.CAUSES),
)
_SHOWN_SITES = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One cause in the list. `times`: incidents here that had it; `last`: when the newest of them began."""

    cause: Cause
    times: int = 0
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    title: str
    rows: tuple[Row, ...]


def groups(user: AbstractBaseUser, words: str = "") -> list[Group]:
    """What was met here first, newest first; then the rest by where it lies. With `words`, only what speaks of all of them."""
    seen = _seen(user)
    kept = {code for code, cause in CAUSES.items() if _speaks_of(cause, words)}
    met = sorted((row for code, row in seen.items() if code in kept), key=lambda row: row.last or datetime.min, reverse=True)
    found = [Group("met", _("Met on your sites"), tuple(met))]
    for name, title, causes in _GROUPS:
        rest = tuple(Row(cause) for cause in causes if cause.code in kept and cause.code not in seen)
        found.append(Group(name, _(title), rest))
    return [group for group in found if group.rows]


def _seen(user: AbstractBaseUser) -> dict[str, Row]:
    rows = own_incidents(user).exclude(cause="").values("cause").annotate(times=Count("id"), last=Max("opened_at")).order_by()
    return {row["cause"]: Row(CAUSES[row["cause"]], row["times"], row["last"]) for row in rows if row["cause"] in CAUSES}


def _speaks_of(cause: Cause, words: str) -> bool:
    text = f"{cause.code} {_(cause.title)} {_(cause.explanation)}".casefold()
    return all(word in text for word in words.casefold().split())


def about(user: AbstractBaseUser, code: str) -> dict[str, Any]:
    """Everything on the page of one cause."""
    cause = CAUSES[code]
    incidents = own_incidents(user).filter(cause=code).select_related("site").order_by("-opened_at")
    times = incidents.count()
    shown = list(incidents[:_SHOWN_SITES])
    newest = next(iter(shown), None)
    finding = None
    if newest:
        finding = FindingRecord.objects.filter(diagnosis__incident=newest, cause=code).order_by("-diagnosis_id", "position").first()
    return {
        "cause": cause,
        "times": times,
        "incidents": shown,
        "more": times - len(shown),
        "newest": newest,
        "alike": alike(cause),
        "repairs": explaining.repairs_of(cause),
        "steps": explaining.by_hand(code),
        "message": explaining.message_about(code, newest.site if newest else None, newest, finding),
        "guide": guide_of(cause),
    }
