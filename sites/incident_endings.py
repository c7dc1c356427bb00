"""How an incident ends: by recovery, by repair, by a person, by quiet, or because it was none. Whoever changes the row closes it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import notifications, signals
from sites.judging import Verdict
from sites.models import Incident, IncidentEntry, Look, Page
from sites.timeline import add_entry

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

Kind = IncidentEntry.Kind


def close(incident: Incident, resolution: str, now: datetime, text: str, by: AbstractBaseUser | None = None) -> bool:
    """Ends it, and tells nobody by mail; False when it was over already."""
    closed = Incident.objects.filter(pk=incident.pk, resolved_at=None).update(resolved_at=now, resolution=resolution)
    if not closed:
        return False
    incident.resolved_at, incident.resolution = now, resolution
    if incident.looks:  # a repair or a person says that it is over: what is seen of it is looked at again now, not at its own time
        Look.objects.filter(page__site=incident.site_id, due_at__gt=now).exclude(verdict=Verdict.UP).update(due_at=now)
    add_entry(incident, Kind.PERSON if by else Kind.GOOD, text, by=by, at=now)
    transaction.on_commit(partial(signals.incident_resolved.send_robust, sender=Incident, incident_id=incident.pk))
    return True


@transaction.atomic
def resolve(incident: Incident, user: AbstractBaseUser) -> bool:
    """Closed by a person. If the site goes on failing, the next probe opens it again. False when it was over already."""
    return close(incident, Incident.Resolution.PERSON, timezone.now(), _("Has resolved it."), by=user)


def set_aside(incident: Incident, text: str, user: AbstractBaseUser | None = None) -> bool:
    """Closed because nothing looks for it any more; nobody is mailed. False when it was over already."""
    return close(incident, Incident.Resolution.PERSON, timezone.now(), text, by=user)


@transaction.atomic
def withdraw(incident: Incident, text: str, now: datetime) -> bool:
    """Closed because it was none; what was not mailed yet is not mailed. False when it was over already."""
    if not close(incident, Incident.Resolution.RECOVERY, now, text):
        return False
    notifications.withdraw(incident, text)
    Incident.objects.filter(pk=incident.pk).update(held_at=now)  # as if nobody had heard of it: when it is back, it is told
    return True


@transaction.atomic
def resolve_by_repair(incident: Incident, user: AbstractBaseUser | None = None, now: datetime | None = None) -> bool:
    """Closed because a repair was verified; mailed as a recovery. False when it was over already."""
    now = now or timezone.now()
    if not close(incident, Incident.Resolution.REPAIR, now, _("Repaired: every page answers as expected again."), by=user):
        return False
    _forget_failures(incident)
    notifications.incident_recovered(incident, now)
    return True


def _forget_failures(incident: Incident) -> None:
    """What its pages did before a repair says nothing about how they do after it."""
    for page in Page.objects.select_for_update().filter(site=incident.site_id, path__in=incident.paths):
        kept = {name: value for name, value in page.state.items() if name not in ("fails", "failed_at", "taken")}
        if kept != page.state:
            Page.objects.filter(pk=page.pk).update(state=kept)


@transaction.atomic
def resolve_by_quiet(incident: Incident, now: datetime, text: str, how: str) -> bool:
    """Closed because no visitor met it any more; mailed as a recovery. False when it was over already."""
    if not close(incident, Incident.Resolution.RECOVERY, now, text):
        return False
    notifications.incident_recovered(incident, now, how)
    return True
