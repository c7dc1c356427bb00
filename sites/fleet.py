"""The whole installation in a few figures: what `manage.py status` tells."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, FilteredRelation, Q
from django.utils import timezone

from sites import incidents, scheduling
from sites.health import egress
from sites.judging import Verdict
from sites.models import Notification, ProbeResult, Site
from sites.queueing import queue_sizes


def status(now: datetime | None = None) -> dict[str, Any]:
    """The document of `status --json`. The sizes of `queues` are null while the broker is away."""
    now = now or timezone.now()
    last_minute = ProbeResult.objects.filter(at__gt=now - timedelta(minutes=1), at__lte=now)
    counts = dict(Site.objects.order_by().values_list("verdict").annotate(Count("pk")))
    return {
        "sites": {str(verdict): counts.get(str(verdict), 0) for verdict in Verdict},
        "open_incidents": incidents.open_count(),
        "failing": failing(),
        "lag_s": scheduling.lag_s(now),
        "probes_last_minute": last_minute.filter(kind="ok").count() + last_minute.exclude(kind="ok").count(),  # an index each
        "queues": queue_sizes(),
        "own_line_down_since": _own_line_down_since(),
        "last_mail_failure": _last_mail_failure(),
    }


def _own_line_down_since() -> str | None:
    since = egress.down_since()
    return since.isoformat() if since else None


_INCIDENT = ("pk", "kind", "status", "opened_at", "cause", "paths")


def failing() -> list[dict[str, Any]]:
    """Every site that is down now, with what is known of it, in one query: a row per open incident, or one without any."""
    still_open = FilteredRelation("incidents", condition=Q(incidents__resolved_at=None))
    down = Site.objects.filter(verdict=Verdict.DOWN, paused_at=None).annotate(open=still_open).order_by("name", "open__opened_at")
    rows = down.values_list("name", "url", "verdict_since", *(f"open__{name}" for name in _INCIDENT))
    return [_failing(*row) for row in rows]


def _failing(name: str, url: str, since: datetime | None, *incident: Any) -> dict[str, Any]:
    found = dict(zip(_INCIDENT, incident, strict=True))
    known = found["pk"] and {"id": found.pop("pk"), **found, "opened_at": found["opened_at"].isoformat()}
    return {"site": name, "url": url, "since": since.isoformat() if since else None, "incident": known}


def _last_mail_failure() -> dict[str, Any] | None:
    failed = Notification.objects.filter(state__in=(Notification.State.FAILED, Notification.State.GIVEN_UP))
    newest = failed.order_by("-claimed_at", "-pk").first()
    if newest is None:
        return None
    at = newest.claimed_at or newest.created_at
    return {"at": at.isoformat(), "recipient": newest.recipient, "state": newest.state, "error": newest.last_error}
