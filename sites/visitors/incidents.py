"""The life of an incident that visitors opened: opened, joined by further pages, confirmed by our probes, over when nobody meets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import incident_endings, incidents, notifications, signals, timeline
from sites.judging import Verdict
from sites.models import Incident, IncidentEntry, Notification, Page, Site, VisitorIncident
from sites.probing.outcome import Kind
from sites.visitors import marks as visitor_marks
from sites.visitors import words as visitor_words
from sites.wording import duration_words

# Nobody met it for so long, and our own probes of it are well.
QUIET = timedelta(minutes=30)
# As long where our probes cannot ask for the page: fewer people may come than fail.
QUIET_UNPROBED = timedelta(hours=2)
FOR_VISITORS = "visitors"  # in the place of the kinds of look for which alone it fails
MOST_PATHS = 20
MOST_ADDRESSES = 200


@dataclass(frozen=True, slots=True)
class Burst:
    """A page that failed for visitors more than a hiccup would: what of it is new."""

    key: str
    path: str  # as our probes would ask for it
    status: int
    first_at: datetime
    last_at: datetime
    count: int
    addresses: tuple[str, ...]
    request_id: str = ""
    by_log: bool = True

    @property
    def kind(self) -> str:
        return str(kind_of(self.status))


def kind_of(status: int) -> Kind:
    """What a 5xx is: 502 to 504 come from what stands in front of the site."""
    return Kind.GATEWAY_ERROR if status in (502, 503, 504) else Kind.SERVER_ERROR


def follow(site: Site, bursts: Sequence[Burst], now: datetime) -> None:
    """Opens or extends what these bursts belong to. Call it in a transaction with the site locked."""
    open_ones = {met.incident.kind: met for met in _open_ones(site)}
    for burst in bursts:
        met = open_ones.get(burst.kind)
        if met is None:
            open_ones[burst.kind] = _open(site, burst, now)
        else:
            _extend(met, burst)


def _open_ones(site: Site) -> list[VisitorIncident]:
    rows = VisitorIncident.objects.filter(incident__site=site, incident__resolved_at=None, seen_by_probe_at=None)
    return list(rows.select_related("incident__site__host").order_by("incident_id"))


def open_keys(site: Site) -> set[str]:
    """The pages of incidents that visitors opened and that are not over: every further failure of theirs counts."""
    return {key for met in _open_ones(site) for key in met.keys}


def _open(site: Site, burst: Burst, now: datetime) -> VisitorIncident:
    fingerprint = visitor_marks.fingerprint(burst.kind, burst.key)
    rows = VisitorIncident.objects.filter(incident__site=site, fingerprint=fingerprint).exclude(incident__resolved_at=None)
    earlier = rows.select_related("incident__site__host").order_by("-incident__resolved_at").first()
    over_at = earlier.incident.resolved_at if earlier else None
    taken = Incident.objects.filter(site=site, fingerprint=earlier.incident.fingerprint, resolved_at=None).exists() if earlier else False
    if earlier and over_at and now - over_at < incidents.REOPENED_WITHIN and not taken:
        return _reopen(earlier, burst, fingerprint, now)
    incident = Incident(site=site, fingerprint=fingerprint, kind=burst.kind, status=burst.status, detail="visitors")
    incident.looks = FOR_VISITORS
    incident.first_failure_at, incident.opened_at, incident.last_seen_at = burst.first_at, now, burst.last_at
    incident.paths, incident.scope, incident.pattern = [burst.path], "some-pages", "intermittent"
    incident.request_id, incident.regression_of = burst.request_id, earlier.incident if earlier else None
    incident.diagnosis_state = "" if site.host_id else "none"
    met = VisitorIncident(fingerprint=fingerprint, last_failure_at=burst.last_at, by_log=burst.by_log)
    _add(met, burst)
    incident.confirmed_by, incident.message = visitor_words.how_many(met), visitor_words.sentence(incident, met)
    incident.save(force_insert=True)
    met.incident = incident
    met.save(force_insert=True)
    timeline.add_entry(incident, IncidentEntry.Kind.BAD, incident.message, at=burst.last_at)
    notifications.incident_opened(incident, Notification.Kind.REGRESSION if earlier else Notification.Kind.NEW, now)
    transaction.on_commit(partial(signals.incident_opened.send_robust, sender=Incident, incident_id=incident.pk))
    return met


def _reopen(met: VisitorIncident, burst: Burst, fingerprint: str, now: datetime) -> VisitorIncident:
    """Silent but for the timeline: it was over for less than half an hour."""
    incident = met.incident
    incident.resolved_at, incident.resolution, incident.reopened = None, "", incident.reopened + 1
    incident.fingerprint, incident.looks, met.seen_by_probe_at = fingerprint, FOR_VISITORS, None
    incident.save(update_fields=["resolved_at", "resolution", "reopened", "fingerprint", "looks"])
    timeline.add_entry(
        incident, IncidentEntry.Kind.BAD, _("Visitors meet it again within half an hour: the incident is open again."), at=now
    )
    incidents.hold_if_believed_over(incident, now)
    _extend(met, burst)
    transaction.on_commit(partial(signals.incident_opened.send_robust, sender=Incident, incident_id=incident.pk))
    return met


def _extend(met: VisitorIncident, burst: Burst) -> None:
    incident, is_further = met.incident, burst.path not in met.incident.paths
    _add(met, burst)
    incident.last_seen_at = max(incident.last_seen_at, burst.last_at)
    incident.first_failure_at = min(incident.first_failure_at, burst.first_at)
    incident.request_id = burst.request_id or incident.request_id
    if is_further and len(incident.paths) < MOST_PATHS:
        incident.paths = [*incident.paths, burst.path]
        timeline.add_entry(
            incident, IncidentEntry.Kind.BAD, _("Visitors meet it on %(path)s too.") % {"path": burst.path}, at=burst.last_at
        )
    incident.message = visitor_words.sentence(incident, met)
    incident.save(update_fields=["paths", "last_seen_at", "first_failure_at", "message", "request_id"])
    met.save()
    incidents.tell_when_window_is_over(incident, burst.last_at)


def _add(met: VisitorIncident, burst: Burst) -> None:
    met.count += burst.count
    met.addresses = [*dict.fromkeys([*met.addresses, *burst.addresses])][:MOST_ADDRESSES]
    met.keys = [*dict.fromkeys([*met.keys, burst.key])][:MOST_PATHS]
    met.last_failure_at = max(met.last_failure_at, burst.last_at)
    met.by_log = met.by_log or burst.by_log


# --- its end ----------------------------------------------------------------------------------------
def resolve_quiet(now: datetime | None = None) -> int:
    """Closes what no visitor met for a while. A log that was not read since, or a page that fails for our probes, leaves it open."""
    now = now or timezone.now()
    rows = VisitorIncident.objects.filter(incident__resolved_at=None, seen_by_probe_at=None, last_failure_at__lte=now - QUIET)
    return sum(_resolve_if_quiet(met, now) for met in rows.select_related("incident__site__visitor_watch", "incident__site__host")[:500])


def refresh_words() -> int:
    """Says of open ones what our own probes see by now. Returns how many changed."""
    changed = 0
    for met in VisitorIncident.objects.filter(incident__resolved_at=None, seen_by_probe_at=None).select_related("incident")[:500]:
        text = visitor_words.sentence(met.incident, met)
        changed += Incident.objects.filter(pk=met.pk).exclude(message=text).update(message=text)
    return changed


def _resolve_if_quiet(met: VisitorIncident, now: datetime) -> bool:
    incident = met.incident
    pages = list(Page.objects.filter(site=incident.site_id, path__in=incident.paths))
    if any(page.verdict in (Verdict.DOWN, Verdict.SUSPECT) for page in pages):
        return False
    probed = bool(pages) and all(page.verdict == Verdict.UP and page.last_at and page.last_at > met.last_failure_at for page in pages)
    quiet = QUIET if probed and len(pages) == len(incident.paths) else QUIET_UNPROBED
    watch = getattr(incident.site, "visitor_watch", None)
    known_until = now
    if met.by_log:
        if watch is None or watch.log_read_at is None:
            return False
        known_until = watch.log_read_at - timedelta(seconds=watch.log_lag_s)
    if known_until - met.last_failure_at < quiet:
        return False
    time = duration_words(quiet.total_seconds())
    how = _("No visitor met it for %(time)s.") % {"time": time}
    text = _("No visitor met it for %(time)s, and our own probes of it are well.") % {"time": time} if probed else how
    return incident_endings.resolve_by_quiet(incident, now, text, how)
