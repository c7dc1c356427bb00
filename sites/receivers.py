"""What this app does by itself when something happens in it: the evidence of a new incident is completed in the background."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from sites.queueing import enqueue
from sites.signals import incident_opened

EVIDENCE_EXPIRES_S = 3600.0


@receiver(incident_opened, dispatch_uid="complete-evidence")
def complete_evidence(sender: Any, incident_id: int, **_rest: Any) -> None:
    """Certificate and picture take seconds; nobody waits for them."""
    enqueue("sites.tasks.complete_evidence", incident_id, expires=EVIDENCE_EXPIRES_S)
