"""Who has a repair: handed over to a named person, taken, handed back. Every step leaves a line, here and on the incident's page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import incidents, notifications
from sites.models import Incident, IncidentEntry, Membership
from sites.timeline import add_entry

from .. import repairing
from ..connections.telling import clean
from ..models import CaseEntry, RepairCase

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

Kind = CaseEntry.Kind
Verb = Callable[[RepairCase, "AbstractBaseUser"], object]
MOST_WORDS = 4000  # characters of a note, and of what goes with a hand-over


class NotHandedOver(Exception):
    """It stays with whom it was; the message says why."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Who has a repair. `waits`: it was handed over, and that person has not said yet that they have it."""

    who: AbstractBaseUser
    since: datetime
    waits: bool
    by: AbstractBaseUser | None = None
    words: str = ""


def name_of(user: AbstractBaseUser | None) -> str:
    """A person's name, as others read it; empty for nobody."""
    return (user.get_full_name() or user.get_username()) if user else ""


def candidates(case: RepairCase) -> QuerySet[AbstractBaseUser]:
    """Who may have it: members of the site's team who may change things."""
    team = Membership.objects.filter(team_id=case.site.team_id).exclude(role=Membership.Role.READER)
    return get_user_model().objects.filter(is_active=True, pk__in=team.values("user_id")).order_by("first_name", "last_name", "username")


def holding(case: RepairCase) -> Holding | None:
    """Who has it now, and whether that person knows."""
    if case.holder is None or case.holder_since is None:
        return None
    last = case.entries.exclude(kind=Kind.NOTE).select_related("by").last()
    waits = last is not None and last.kind == Kind.HANDED_OVER
    return Holding(case.holder, case.holder_since, waits, last.by if waits else None, last.text if waits else "")


def held_by(user: AbstractBaseUser) -> QuerySet[RepairCase]:
    """Open repairs of the person's teams that the person has."""
    rows = RepairCase.objects.filter(holder=user, closed_at=None, site__deleted_at=None, site__team__memberships__user=user)
    return rows.select_related("site", "incident").order_by("-holder_since")


def hand_over(case: RepairCase, by: AbstractBaseUser, to: AbstractBaseUser, words: str = "") -> bool:
    """Gives it to a person, who is mailed and finds it in their list. Returns whether a mail could go. Raises NotHandedOver."""
    if not candidates(case).filter(pk=to.pk).exists():
        raise NotHandedOver(_("This person cannot take it: only members of the site's team who may change things can."))
    if to.pk == by.pk:
        return take(case, by)
    mailed = _pass(case, Kind.HANDED_OVER, by, to, words)
    if mailed is None:
        raise NotHandedOver(_("%(name)s has it already.") % {"name": name_of(to)})
    return mailed


def take(case: RepairCase, user: AbstractBaseUser) -> bool:
    """ "I have it": whoever looks sees the name. Returns False, as nobody is mailed. Raises NotHandedOver."""
    _pass(case, Kind.TAKEN, user, user, "")
    return False


def hand_back(case: RepairCase, user: AbstractBaseUser) -> None:
    """Nobody has it any more. Raises NotHandedOver."""
    _pass(case, Kind.HANDED_BACK, user, None, "")


@transaction.atomic
def _pass(case: RepairCase, kind: str, by: AbstractBaseUser, to: AbstractBaseUser | None, words: str) -> bool | None:
    """Passes it on; whether a mail could go. None: that person has it already, or nobody to hand it back from."""
    locked = RepairCase.objects.select_for_update().get(pk=case.pk)
    if locked.closed_at:
        raise NotHandedOver(_("This repair is closed."))
    last = locked.entries.exclude(kind=Kind.NOTE).last()
    same = locked.holder_id == (to.pk if to else None)
    if same and not (kind == Kind.TAKEN and last is not None and last.kind == Kind.HANDED_OVER):
        return None
    now = timezone.now()
    entry = CaseEntry.objects.create(case=locked, kind=kind, at=now, by=by, to=to, text=clean(words.strip())[:MOST_WORDS])
    case.holder, case.holder_since = to, now if to else None
    case.save(update_fields=["holder", "holder_since"])
    incident = repairing.incident_of(case)
    if incident is not None and incident.resolved_at is None:
        _tell_incident(incident, kind, by, to)
    return _mail(case, incident, entry) if kind == Kind.HANDED_OVER else False


def _tell_incident(incident: Incident, kind: str, by: AbstractBaseUser, to: AbstractBaseUser | None) -> None:
    """The page of the incident names the same person."""
    if kind == Kind.TAKEN:
        if incident.acknowledged_by_id and incident.acknowledged_by_id != by.pk:
            incidents.unacknowledge(incident, by)
        incidents.acknowledge(incident, by)
        return
    if incident.acknowledged_at:
        incidents.unacknowledge(incident, by)
    if kind == Kind.HANDED_OVER:
        add_entry(incident, IncidentEntry.Kind.PERSON, _("Has handed the repair over to %(name)s.") % {"name": name_of(to)}, by=by)


def _mail(case: RepairCase, incident: Incident | None, entry: CaseEntry) -> bool:
    details = {"who": name_of(entry.by), "words": entry.text, "path": f"/repairs/{case.pk}/"}
    return notifications.handed_over(case.site, entry.to, f"{case.pk}-{entry.pk}", details, entry.at, incident=incident)
