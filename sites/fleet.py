"""The whole installation in a few figures: what `manage.py status` tells."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone

from sites import egress, incidents, scheduling
from sites.models import Notification, ProbeResult, Site
from sites.models.site import Verdict
from sites.queueing import queue_sizes


def status(now: datetime | None = None) -> dict[str, Any]:
    """The document of `status --json`. The sizes of `queues` are null while the broker is away."""
    now = now or timezone.now()
    last_minute = ProbeResult.objects.filter(at__gt=now - timedelta(minutes=1), at__lte=now)
    counts = dict(Site.objects.order_by().values_list("verdict").annotate(Count("pk")))
    return {
        "sites": {str(verdict): counts.get(str(verdict), 0) for verdict in Verdict},
        "open_incidents": incidents.open_count(),
        "lag_s": scheduling.lag_s(now),
        "probes_last_minute": last_minute.filter(kind="ok").count() + last_minute.exclude(kind="ok").count(),  # an index each
        "queues": queue_sizes(),
        "own_line_down_since": _own_line_down_since(),
        "last_mail_failure": _last_mail_failure(),
    }


def _own_line_down_since() -> str | None:
    since = egress.down_since()
    return since.isoformat() if since else None


def _last_mail_failure() -> dict[str, Any] | None:
    failed = Notification.objects.filter(state__in=(Notification.State.FAILED, Notification.State.GIVEN_UP))
    newest = failed.order_by("-claimed_at", "-pk").first()
    if newest is None:
        return None
    at = newest.claimed_at or newest.created_at
    return {"at": at.isoformat(), "recipient": newest.recipient, "state": newest.state, "error": newest.last_error}
