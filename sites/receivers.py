"""What this app does by itself when something happens in it: the evidence of a new incident is completed in the background."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from sites.models import Incident
from sites.queueing import enqueue
from sites.signals import incident_opened

EVIDENCE_EXPIRES_S = 3600.0
MANY, WITHIN = 10, timedelta(minutes=5)  # incidents: when more than that open, mail and diagnoses need the workers


@receiver(incident_opened, dispatch_uid="complete-evidence")
def complete_evidence(sender: Any, incident_id: int, **_rest: Any) -> None:
    """Certificate and picture take seconds; nobody waits for them, so nobody shall wait behind them when much fails at once."""
    opened = Incident.objects.filter(resolved_at=None, opened_at__gte=timezone.now() - WITHIN)
    if opened[: MANY + 1].count() > MANY:
        return
    enqueue("sites.tasks.complete_evidence", incident_id, expires=EVIDENCE_EXPIRES_S)
