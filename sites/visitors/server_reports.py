"""A server that reports its own server errors: the secret it signs with, and what it sent, checked before anything of it is believed.

Signed is `<seconds since 1970>.<body>` with HMAC-SHA256. The time in it bounds how long a message can be sent again, and within that
time the same message counts once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import credentials, throttling
from sites.models import Site, VisitorReport, VisitorWatch
from sites.visitors import counting as visitors
from sites.visitors.visits import Visit, agent_family, clean_path, is_junk, is_ours, who

MOST_BYTES = 65_536
MOST_ENTRIES = 500
MOST_AT_ONCE = 10_000  # requests that one entry may stand for
REPLAY = timedelta(minutes=5)
MESSAGES, WITHIN = 60, timedelta(minutes=1)  # of one site
ENTRIES, AN_HOUR = 10_000, timedelta(hours=1)  # of one site
GUESSES, GUESSES_WITHIN = 20, timedelta(minutes=15)  # of one address
OLDEST = timedelta(days=1)
_TIME, _SIGNATURE = "X-Sitemend-Timestamp", "X-Sitemend-Signature"


class ReportRefused(Exception):
    """Nothing of the message was taken in. `code` is stable."""

    def __init__(self, status: int, code: str, message: str, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after_s = status, code, message, retry_after_s


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message: entries counted, and those that were known already."""

    counted: int
    known: int = 0


# --- the secret -------------------------------------------------------------------------------------
@transaction.atomic
def make_secret(site: Site) -> tuple[str, str]:
    """A new address token and secret, which is not shown again; the former ones no longer work."""
    watch = visitors.watch_of(site)
    secret = secrets.token_hex(32)
    watch.report_token, watch.sealed_report_secret = secrets.token_urlsafe(16), credentials.seal(secret)
    watch.report_made_at, watch.report_used_at = timezone.now(), None
    watch.save(update_fields=["report_token", "sealed_report_secret", "report_made_at", "report_used_at"])
    return watch.report_token, secret


def revoke(site: Site) -> None:
    """From now on nothing is taken from this site's server."""
    VisitorWatch.objects.filter(site=site).update(report_token=None, sealed_report_secret="", report_made_at=None, report_used_at=None)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What stands in the header for this body sent at this time."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


# --- a message --------------------------------------------------------------------------------------
def take(token: str, body: bytes, timestamp: str, signed: str, address: str, now: datetime | None = None) -> Taken:
    """Counts what a server reports, as if its access log had told it. Raises ReportRefused; then nothing of it was stored."""
    now = now or timezone.now()
    watch = _sender(token, body, timestamp, signed, address, now)
    wait = throttling.count(f"report:{watch.site_id}", most=MESSAGES, within=WITHIN)
    if wait:
        raise ReportRefused(429, "too-often", _("Too many reports. Collect several errors in one message."), _seconds(wait))
    entries = _entries(body)
    if VisitorReport.objects.filter(site=watch.site, at__gt=now - AN_HOUR).count() + len(entries) > ENTRIES:
        raise ReportRefused(429, "too-many-entries", _("Too many errors in one hour. Let one entry stand for several, by “count”."), 600)
    message = hashlib.sha256(f"{timestamp}\x1f{signed}".encode()).hexdigest()
    visits = [_visit(entry, number, now) for number, entry in enumerate(entries)]
    with transaction.atomic():
        # The site first, as everywhere: two messages at once wait for each other.
        Site.objects.select_for_update().get(pk=watch.site_id)
        fresh = _not_known(watch.site, entries, visits, message, now)
        visitors.record(watch.site, [visit for visit in fresh if not is_ours(visit.path, visit.agent)], by_log=False, now=now)
        VisitorWatch.objects.filter(pk=watch.pk).update(report_used_at=now)
    return Taken(len(fresh), len(visits) - len(fresh))


def _sender(token: str, body: bytes, timestamp: str, signed: str, address: str, now: datetime) -> VisitorWatch:
    rows = VisitorWatch.objects.select_related("site").filter(report_token=token[:40], site__deleted_at=None)
    watch = rows.exclude(sealed_report_secret="").first()
    expected = signature(credentials.unseal(watch.sealed_report_secret), timestamp, body) if watch else ""
    # An unknown address and a wrong signature are answered alike: nobody learns which addresses there are.
    if watch is None or not hmac.compare_digest(expected.encode(), signed.encode("utf-8", "replace")):
        wait = throttling.count(f"report-guess:{address}", most=GUESSES, within=GUESSES_WITHIN)
        if wait:
            raise ReportRefused(429, "too-often", _("Too many refused reports. Check the secret."), _seconds(wait))
        text = _("The signature does not fit: %(header)s is “sha256=” and the HMAC-SHA256 of time, a dot and the body, in hexadecimal.")
        raise ReportRefused(401, "signature", text % {"header": _SIGNATURE})
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise ReportRefused(400, "timestamp", _("%(header)s must hold the seconds since 1970.") % {"header": _TIME})
    if abs(now.timestamp() - int(timestamp)) > REPLAY.total_seconds():
        raise ReportRefused(
            401, "too-old", _("The time in %(header)s is more than five minutes off. Is the clock right?") % {"header": _TIME}
        )
    return watch


def _seconds(wait: timedelta) -> int:
    return max(1, round(wait.total_seconds()))


def _entries(body: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise ReportRefused(400, "json", _("The body is no JSON.")) from None
    entries = found if isinstance(found, list) else [found]
    if not entries or any(not isinstance(entry, dict) for entry in entries):
        raise ReportRefused(400, "json", _("The body must be an object, or a list of objects."))
    if len(entries) > MOST_ENTRIES:
        raise ReportRefused(413, "too-many", _("At most %(most)d errors in one message.") % {"most": MOST_ENTRIES})
    return entries


def _visit(entry: dict[str, Any], number: int, now: datetime) -> Visit:
    """One entry, checked. Names that we do not know are passed over."""

    def refused(field: str, message: str) -> ReportRefused:
        return ReportRefused(400, field, _("Entry %(n)d: %(message)s") % {"n": number + 1, "message": message})

    status, count, path = entry.get("status"), entry.get("count", 1), entry.get("path")
    if type(status) is not int or not 500 <= status <= 599:
        raise refused("status", _("“status” must be a number from 500 to 599."))
    if type(count) is not int or not 1 <= count <= MOST_AT_ONCE:
        raise refused("count", _("“count” must be a number from 1 to %(most)d.") % {"most": MOST_AT_ONCE})
    if not isinstance(path, str) or not path.startswith("/"):
        raise refused("path", _("“path” must begin with a slash."))
    at = _moment(entry.get("at"), now)
    if at is None or not now - OLDEST <= at <= now + REPLAY:
        raise refused("at", _("“at” must be a time of the last day, such as 2026-11-22T03:12:04Z or seconds since 1970."))
    agent = _text(entry, "user_agent", 1000)
    networks = who(_text(entry, "address", 60), visitors.salt())
    method = _text(entry, "method", 10).upper() or "GET"
    junk = is_junk(path.partition("?")[0], agent)
    family = agent if is_ours(path, agent) else agent_family(agent)
    return Visit(min(at, now), status, clean_path(path), method, family, networks, _text(entry, "request_id", 200), count, junk)


def _text(entry: dict[str, Any], name: str, longest: int) -> str:
    value = entry.get(name, "")
    return "".join(char for char in value if char.isprintable())[:longest] if isinstance(value, str) else ""


def _moment(value: object, now: datetime) -> datetime | None:
    if value is None:
        return now
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        at = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _not_known(site: Site, entries: Sequence[dict[str, Any]], visits: Sequence[Visit], message: str, now: datetime) -> list[Visit]:
    """What was not counted yet: by its id, else by the request id, else by the message that it came in."""
    digests = []
    for number, entry in enumerate(entries):
        named = str(entry.get("id") or entry.get("request_id") or "")[:300]
        digests.append(hashlib.sha256((f"id:{named}" if named else f"{message}:{number}").encode("utf-8", "replace")).hexdigest())
    known = set(VisitorReport.objects.filter(site=site, digest__in=digests).values_list("digest", flat=True))
    fresh = {digest: visit for digest, visit in zip(digests, visits, strict=True) if digest not in known}
    VisitorReport.objects.bulk_create([VisitorReport(site=site, digest=digest, at=now) for digest in fresh], ignore_conflicts=True)
    return list(fresh.values())
