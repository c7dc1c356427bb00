"""When the certificates of sites end: read about once a day, announced 21, 7 and 1 days before.

A certificate that has ended, is for another name or is not trusted is a failure that the probes see and confirm; this is about the days
before. A threshold of more than a third of the certificate's life is left out: such a one is renewed late by design.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sites import notifications
from sites.bulk import update_rows
from sites.models import Certificate, CertificateWatch, Page, Site
from sites.probing.certificate import Place, read_certificates
from sites.probing.engine import probe_many
from sites.probing.outcome import Purpose
from sites.recording import guard_from_settings, requests_for
from sites.windows import maintenance

THRESHOLD_DAYS = (21, 7, 1)
USUAL_PACE = timedelta(hours=24)
NEAR_PACE = timedelta(hours=6)  # within the first threshold: a renewed certificate is noticed the same day
CLAIM_LIMIT = 500
BATCH_SIZE = 50
_PREPARED_AT_ONCE = 2000
_SPREAD_S = 2.0  # per new site


@dataclass(frozen=True, slots=True)
class Read:
    """What a certificate says of itself."""

    fingerprint: str
    not_before: datetime
    not_after: datetime
    issuer: str


def parse(der: bytes) -> Read:
    """The facts of a certificate. Raises ValueError when it cannot be read."""
    found = x509.load_der_x509_certificate(der)
    issuer = ""
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        names = found.issuer.get_attributes_for_oid(oid)
        if names and not issuer:
            issuer = str(names[0].value).replace("\x00", "")[:200]
    return Read(hashlib.sha256(der).hexdigest(), found.not_valid_before_utc, found.not_valid_after_utc, issuer)


def threshold(not_before: datetime, not_after: datetime, now: datetime) -> int | None:
    """The nearest threshold in days that is passed and fits the certificate's life; None while it is far from its end, or over."""
    life, left = not_after - not_before, not_after - now
    if left <= timedelta(0):
        return None
    passed = [days for days in THRESHOLD_DAYS if left <= timedelta(days=days) and 3 * timedelta(days=days) <= life]
    return min(passed, default=None)


def next_reading(ends: Sequence[datetime], now: datetime) -> datetime:
    """When to read again: at the usual pace, more often near an end, and when a threshold is reached."""
    near = any(now < end <= now + timedelta(days=THRESHOLD_DAYS[0]) for end in ends)
    marks = [end - timedelta(days=days) for end in ends for days in THRESHOLD_DAYS]
    return min([now + (NEAR_PACE if near else USUAL_PACE), *(mark for mark in marks if mark > now)])


def prepare(now: datetime | None = None) -> int:
    """Has the certificates of new sites read soon, spread in time. Returns how many sites are new."""
    now = now or timezone.now()
    new = list(Site.objects.filter(certificate_watch=None, practice=False).order_by("pk").values_list("pk", flat=True)[:_PREPARED_AT_ONCE])
    spread = _SPREAD_S * len(new)
    watches = (CertificateWatch(site_id=pk, due_at=now + timedelta(seconds=random.random() * spread)) for pk in new)
    CertificateWatch.objects.bulk_create(watches, ignore_conflicts=True)
    far = now + 2 * USUAL_PACE  # the clock was set back
    CertificateWatch.objects.filter(due_at__gt=far).update(due_at=now)
    return len(new)


def claim_due(now: datetime | None = None) -> list[int]:
    """The sites whose certificates are due to be read; each is due again in a quarter of the usual time should the reading be lost."""
    now = now or timezone.now()
    with transaction.atomic():
        due = CertificateWatch.objects.filter(due_at__lte=now).order_by("due_at", "pk").select_for_update(skip_locked=True, of=("self",))
        rows = list(due.values_list("pk", "site_id", "due_at", "site__paused_at")[:CLAIM_LIMIT])
        update_rows(CertificateWatch, {row[0]: (now + NEAR_PACE, row[2]) for row in rows}, ["due_at"], where="due_at")
    return [site_id for _pk, site_id, _due_at, paused_at in rows if paused_at is None]


def read_sites(site_ids: Iterable[int], now: datetime | None = None) -> int:
    """Reads the certificates of these sites, stores them and announces what ends soon. Returns how many were read."""
    now = now or timezone.now()
    sites = {site.pk: site for site in Site.objects.filter(pk__in=list(site_ids), paused_at=None)}
    places = _places(sites)
    every = {place for of_site in places.values() for place in of_site}
    ders = read_certificates(every, guard_from_settings())
    read: dict[Place, Read] = {}
    for place, der in ders.items():
        try:
            read[place] = parse(der)
        except ValueError:  # what stands there is no certificate that can be read; a browser will say so, and so do the probes
            continue
    with transaction.atomic():
        watches = CertificateWatch.objects.select_for_update().filter(site__in=sites).order_by("site_id")
        maintenance.attach(sites.values(), now)
        for site in [sites[watch.site_id] for watch in watches]:
            _store(site, places[site.pk], read, now)
    return len(read)


def _places(sites: dict[int, Site]) -> dict[int, list[Place]]:
    """Where each site shows a certificate: its own address, and the one that this leads to."""
    found: dict[int, list[Place]] = {pk: _place(site.url) for pk, site in sites.items()}
    first = Page.objects.filter(site__in=sites, path="/").select_related("site")
    requests = requests_for(first, Purpose.ROUTINE)
    site_of = {page.pk: page.site_id for page in first}
    for outcome in probe_many(requests, guard=guard_from_settings(), contact_url=settings.SITEMEND_BASE_URL):
        place = _place(outcome.final_url) if outcome.status is not None else []
        known = found[site_of[outcome.key]]
        known.extend(item for item in place if item not in known)
    return found


def _place(url: str) -> list[Place]:
    parts = urlsplit(url)
    return [(parts.hostname, parts.port or 443)] if parts.scheme == "https" and parts.hostname else []


def _store(site: Site, places: list[Place], read: dict[Place, Read], now: datetime) -> None:
    rows = {row.host: row for row in site.certificates.all()}
    hosts = {_host(place): read[place] for place in places if place in read}
    if hosts:  # a name that the site no longer leads to is of no interest; what cannot be read just now stays
        gone = [row.pk for host, row in rows.items() if host not in {_host(place) for place in places}]
        Certificate.objects.filter(pk__in=gone).delete()
    for host, seen in hosts.items():
        row = rows.get(host) or Certificate(site=site, host=host)
        if row.fingerprint != seen.fingerprint:
            row.told_days = None
        row.fingerprint, row.not_before, row.not_after, row.issuer = seen.fingerprint, seen.not_before, seen.not_after, seen.issuer
        row.read_at = now
        _announce(row, now)
        row.save()
    ends = [seen.not_after for seen in hosts.values()]
    CertificateWatch.objects.filter(site=site).update(due_at=next_reading(ends, now), read_at=now)


def _announce(row: Certificate, now: datetime) -> None:
    """Once per threshold and certificate. In a maintenance window, or muted, nobody is mailed: the next reading does it."""
    muted = row.site.muted_until is not None and row.site.muted_until > now
    days = threshold(row.not_before, row.not_after, now)
    if days is None or muted or (row.told_days is not None and row.told_days <= days) or maintenance.running(row.site, now) is not None:
        return
    row.told_days = days
    notifications.certificate_ends(row.site, row.fingerprint, days, now)


def _host(place: Place) -> str:
    name, port = place
    return (name if port == 443 else f"{name}:{port}")[:260]
