"""What a diagnosis found out about an incident, as it is stored and told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import notifications
from sites.models import Incident, IncidentEntry
from sites.timeline import add_entry

Kind = IncidentEntry.Kind


@transaction.atomic
def attach_cause(
    incident: Incident, *, cause: str, summary: str, confidence: float, proof: str = "", place: str = "", why: str = "",
    next_step: str = "", shared: tuple[str, str] = ("", ""), now: datetime | None = None,
) -> None:  # fmt: skip
    """Notes why it fails and who mends it. A mail that waits leaves now; one that is gone is followed by another in the same thread.

    `shared`: a key that is equal for every site with this very cause, and what they share, in words; see `storms.OF_HOST`.
    """
    now = now or timezone.now()
    current = Incident.objects.select_for_update().select_related("site").get(pk=incident.pk)
    known, told = current.cause, current.cause_summary
    values: dict[str, Any] = {"cause": cause[:60], "cause_summary": summary, "cause_confidence": confidence}
    values |= {"cause_proof": proof.replace("\x00", ""), "cause_place": place[:1100], "cause_why": why, "cause_next": next_step}
    values |= {"shared": shared[0][:120], "shared_about": shared[1][:300]}
    if known != cause:
        values["cause_at"] = now
    for target in (current, incident):
        for name, value in values.items():
            setattr(target, name, value)
    current.save(update_fields=list(values))
    another = bool(current.reopened and told and told != summary)
    if another or known != cause:
        text = _("Another cause this time: %(cause)s") if another else _("Probable cause: %(cause)s")
        add_entry(current, Kind.HINT, text % {"cause": summary}, at=now)
    if known != cause:
        notifications.cause_found(current, now)


@transaction.atomic
def mark_diagnosis(incident: Incident, state: str, now: datetime | None = None) -> None:
    """How far finding the cause is: "running", "done", "failed" or "none". A mail does not wait for one that is over."""
    incident.diagnosis_state = state
    Incident.objects.filter(pk=incident.pk).update(diagnosis_state=state)
    if state != "running":
        notifications.release(incident, now or timezone.now())
