"""What is heard from `sites`: a new incident is diagnosed at once, since that only reads."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from sites import incidents
from sites.models import Incident
from sites.signals import incident_opened

from . import diagnosing


@receiver(incident_opened, dispatch_uid="diagnose-new-incident")
def diagnose(sender: Any, incident_id: int, **_rest: Any) -> None:
    """Asks for a diagnosis where there is a host to read; else the mail need not wait for one."""
    incident = Incident.objects.select_related("site__host").filter(pk=incident_id).first()
    if incident is None:
        return
    if incident.site.host_id is None or not incident.site.docroot:
        incidents.mark_diagnosis(incident, "none")
    else:
        diagnosing.request(incident.site, incident)
