"""Guessing passwords is made slow: refused logins are counted per user name and address, in the database, which all processes share."""

from __future__ import annotations

import hashlib
import ipaddress
import unicodedata
from datetime import timedelta

from django.utils import timezone

from .models import LoginAttempt

MOST_FAILURES = 5
WAIT = timedelta(minutes=15)


def attempt_key(username: str, address: str) -> str:
    """What failures are counted under. A hash: the table tells neither names nor addresses."""
    name = unicodedata.normalize("NFKC", username).strip().casefold()  # the login form takes ways of writing a name for the same
    return hashlib.sha256(f"{name}\n{_customer(address)}".encode("utf-8", "surrogatepass")).hexdigest()


def _customer(address: str) -> str:
    """The address, or what a provider gives one customer: of IPv6 at least a network of 64 bits (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((int(parsed), 64), strict=False))


def wait_left(key: str) -> timedelta:
    """How long to wait before the next try; zero when it may be made now."""
    since = timezone.now() - WAIT
    times = list(LoginAttempt.objects.filter(key=key, at__gt=since).order_by("-at").values_list("at", flat=True)[:MOST_FAILURES])
    return timedelta() if len(times) < MOST_FAILURES else max(timedelta(), times[-1] + WAIT - timezone.now())


def note_failure(key: str) -> None:
    """Counts one refused login, and forgets those that no longer matter."""
    now = timezone.now()
    LoginAttempt.objects.filter(at__lt=now - WAIT).delete()
    LoginAttempt.objects.create(key=key, at=now)


def forget(key: str) -> None:
    """After a login that went well."""
    LoginAttempt.objects.filter(key=key).delete()


def count(what: str, *, most: int, within: timedelta) -> timedelta:
    """Counts one call of something, by a name that may hold secrets. Zero when it may go on, else how long to wait; at most WAIT counts."""
    key = hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()
    now = timezone.now()
    times = list(LoginAttempt.objects.filter(key=key, at__gt=now - min(within, WAIT)).order_by("-at").values_list("at", flat=True)[:most])
    if len(times) >= most:
        return max(timedelta(seconds=1), times[-1] + min(within, WAIT) - now)
    note_failure(key)
    return timedelta()
