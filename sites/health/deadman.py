"""The dead man's switch: an outside service is called every minute while all is in order, and raises its alarm when the calls stop.

What watches sites cannot tell by mail that its own machine is gone. The service's address comes from SITEMEND_DEADMAN_URL.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import scheduling
from sites.health import watching as health
from sites.models import BehindAlarm, SignOfLife, Site
from sites.probing.engine import probe_many
from sites.probing.guard import Guard
from sites.probing.outcome import Outcome, ProbeRequest, Purpose
from sites.wording import ago_words

LAG_LIMIT_S = 60.0
RESULTS_WITHIN = timedelta(minutes=10)
TIME_LIMIT_S = 10.0
_SILENT_AFTER = timedelta(minutes=4)


def ping(now: datetime | None = None) -> bool:
    """Calls the service, unless something is wrong here. True when the call was answered well. Never raises for what the service does."""
    url = settings.SITEMEND_DEADMAN_URL
    if not url:
        return False
    now = now or timezone.now()
    wrong = what_is_wrong(now)
    known = SignOfLife.objects.filter(name=health.DEAD_MAN).first()
    kept = dict(known.detail) if known else {}
    if wrong:
        _keep(now, kept | {"held_back": wrong})
        return False
    outcome = _call(url)
    answered = outcome.status is not None and 200 <= outcome.status < 300
    kept = {"last_good_at": now.isoformat() if answered else kept.get("last_good_at"), "status": outcome.status}
    if not answered:
        kept["error"] = (_("It answered %(status)s.") % {"status": outcome.status} if outcome.status else outcome.message)[:300]
    _keep(now, kept)
    return answered


def _keep(now: datetime, detail: dict[str, object]) -> None:
    health.sign(health.DEAD_MAN, detail, now)


def _call(url: str) -> Outcome:
    request = ProbeRequest(key=0, url=url, purpose=Purpose.ROUTINE, time_limit_s=TIME_LIMIT_S)
    guard = Guard(tuple(settings.SITEMEND_ALLOWED_NETWORKS))
    return probe_many([request], guard=guard, contact_url=settings.SITEMEND_BASE_URL)[0]


def what_is_wrong(now: datetime) -> str:
    """Why the service is not called: the reason for its alarm, in a sentence. Empty when all is in order.

    That this runs at all shows that beat and a worker run.
    """
    if not Site.objects.filter(paused_at=None).exists():
        return ""
    quickest = Site.objects.filter(paused_at=None).order_by("interval_s").values_list("interval_s", flat=True)[0]
    patience = max(RESULTS_WITHIN, timedelta(seconds=2 * quickest))
    newest = scheduling.last_result_at()
    if (newest is None or now - newest > patience) and Site.objects.filter(paused_at=None, created_at__lte=now - patience).exists():
        return _("No probe has brought a result for a while.")
    lag = scheduling.lag_s(now)
    if lag > LAG_LIMIT_S:
        return _("Probing is %(n)d s behind.") % {"n": lag}
    if BehindAlarm.objects.filter(is_open=True, told_at__isnull=False).exists():
        return _("Sites are not probed in time.")
    return ""


def shown_url() -> str:
    """The address without what is secret in it: the service only."""
    parts = urlsplit(settings.SITEMEND_DEADMAN_URL)
    return f"{parts.scheme}://{parts.hostname}/…" if parts.hostname else ""


def facts() -> list[tuple[str, str]]:
    """When the service was called last and what it said, in words for pages; empty when none is set."""
    if not settings.SITEMEND_DEADMAN_URL:
        return []
    row = SignOfLife.objects.filter(name=health.DEAD_MAN).first()
    detail = row.detail if row else {}
    good = detail.get("last_good_at")
    found = [
        (_("Service"), shown_url()),
        (_("Last call that was answered well"), ago_words(datetime.fromisoformat(good)) if good else _("none yet")),
    ]
    if row is None:
        found.append((_("State"), _("Not called yet. It is called every minute from the start on.")))
    elif timezone.now() - row.at > _SILENT_AFTER:
        found.append((_("State"), _("Not called at the moment: nothing runs that would call it.")))
    elif detail.get("held_back"):
        found.append((_("State"), _("Held back on purpose, so that it raises its alarm: %(why)s") % {"why": detail["held_back"]}))
    elif detail.get("error"):
        found.append((_("Answer"), detail["error"]))
    else:
        found.append((_("Answer"), _("%(status)s, as expected") % {"status": detail.get("status")}))
    return found
