"""The timeline of an incident: one line for every step of its life."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from sites.models import Incident, IncidentEntry

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def add_entry(incident: Incident, kind: str, text: str, by: AbstractBaseUser | None = None, at: datetime | None = None) -> IncidentEntry:
    """One line more in the timeline."""
    return IncidentEntry.objects.create(incident=incident, kind=kind, text=text, by=by, at=at or timezone.now())
