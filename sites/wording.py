"""Figures and states in the words of the pages and mails. No markup here."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites.probing.outcome import Kind
from sites.spells import one_in

VERDICT_TONES = {"up": "ok", "suspect": "warn", "down": "bad", "unknown": ""}


def ms_words(ms: float | None) -> str:
    """Milliseconds as people say them: "38 ms", "1.9 s"; a dash when there are none."""
    if ms is None:
        return "–"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def duration_words(seconds: float) -> str:
    """How long, in its largest unit: "41 s", "6 min", "3 h 20 min", "12 days"."""
    total = max(0, int(seconds))
    if total < 60:
        return _("%(n)d s") % {"n": total}
    if total < 3600:
        return _("%(n)d min") % {"n": total // 60}
    if total < 86400:
        hours, minutes = divmod(total // 60, 60)
        return _("%(h)d h %(m)d min") % {"h": hours, "m": minutes} if minutes else _("%(h)d h") % {"h": hours}
    days = total // 86400
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def interval_words(seconds: int) -> str:
    """How often: "every minute", "every 20 s", "every 5 min"."""
    return _("every minute") if seconds == 60 else _("every %(time)s") % {"time": duration_words(seconds)}


def ago_words(at: datetime, now: datetime | None = None) -> str:
    """How long ago, counting what has passed in full. The script in the page goes on with the same words."""
    age = max(0, int(((now or timezone.now()) - at).total_seconds()))
    for size, words in zip((86400, 3600, 60, 1), reversed(ago_patterns()), strict=True):
        if age >= size or size == 1:
            return words % (age // size)
    return ""


def ago_patterns() -> list[str]:
    """The words of `ago_words`, smallest unit first."""
    return [_("%s s ago"), _("%s min ago"), _("%s h ago"), _("%s d ago")]


def exact_words(at: datetime) -> str:
    """The moment itself, in the person's zone, with the zone."""
    local = timezone.localtime(at)
    return f"{date_format(local, 'j F Y, H:i:s')} {local.tzname()}"


def moment_words(at: datetime, now: datetime | None = None) -> str:
    """As short as it stays clear: "03:12" today, "yesterday 03:12", "tomorrow 03:12", "12 Nov 03:12", "12 Nov 2025"."""
    local, today = timezone.localtime(at), timezone.localdate(now)
    clock = date_format(local, "H:i")
    if local.date() == today:
        return clock
    if local.date() == today - timedelta(days=1):
        return _("yesterday %(clock)s") % {"clock": clock}
    if local.date() == today + timedelta(days=1):
        return _("tomorrow %(clock)s") % {"clock": clock}
    return date_format(local, "j M H:i") if local.year == today.year else date_format(local, "j M Y")


def kind_words(kind: str, status: int | None = None, detail: str = "") -> str:
    """What a response amounts to, short enough for a tag: "500", "Certificate expired", "White page"."""
    if status and kind in (Kind.SERVER_ERROR, Kind.GATEWAY_ERROR, Kind.CLIENT_ERROR):
        return str(status)
    return (_detail_words(detail) if kind in _TOLD_BY_DETAIL else "") or {
        Kind.OK: _("As expected"),
        Kind.MAINTENANCE: _("Maintenance"),
        Kind.BLOCKED: _("Refuses probes"),
        Kind.UNEXPECTED: _("Not as expected"),
        Kind.CLIENT_ERROR: _("4xx answer"),
        Kind.TRUNCATED: _("Cut off"),
        Kind.REDIRECT_LOOP: _("Redirects for ever"),
        Kind.SUSPENDED: _("Suspended by the host"),
        Kind.UNREACHABLE: _("No answer"),
        Kind.GATEWAY_ERROR: _("Gateway error"),
        Kind.WHITE_PAGE: _("White page"),
        Kind.FATAL_IN_BODY: _("PHP error in the page"),
        Kind.DATABASE_ERROR: _("Database error"),
        Kind.SERVER_ERROR: _("Server error"),
    }.get(kind, _("Not probed yet"))


_TOLD_BY_DETAIL = (Kind.UNREACHABLE, Kind.FATAL_IN_BODY, Kind.UNEXPECTED)


def _detail_words(detail: str) -> str:
    """What the code of an outcome says more closely than its kind; empty where it does not."""
    return {
        "dns": _("Name not found"),
        "refused": _("No connection"),
        "timeout": _("No answer in time"),
        "connect-timeout": _("No answer in time"),
        "tls-expired": _("Certificate expired"),
        "tls-name": _("Certificate of another name"),
        "tls-untrusted": _("Certificate not trusted"),
        "tls": _("No secure connection"),
        "address-refused": _("Private address"),
        "words-missing": _("Words are missing"),
        "words-forbidden": _("Words that must not be there"),
        "wordpress-critical-error": _("Critical error of WordPress"),
    }.get(detail, "")


def _detail_sentence(detail: str) -> str:
    """As `_detail_words`, to go on a sentence."""
    return {
        "dns": _("has a name that cannot be looked up"),
        "refused": _("accepts no connection"),
        "timeout": _("does not answer in time"),
        "connect-timeout": _("does not answer in time"),
        "tls-expired": _("shows a certificate that has expired"),
        "tls-name": _("shows a certificate of another name"),
        "tls-untrusted": _("shows a certificate that browsers do not trust"),
        "tls": _("makes no secure connection"),
        "address-refused": _("lies at an address that is not contacted"),
        "redirect-refused": _("redirects to an address that is not contacted"),
        "words-missing": _("lacks words that must be on it"),
        "words-forbidden": _("holds words that must not be on it"),
        "wordpress-critical-error": _("shows WordPress's page for a critical error"),
    }.get(detail, "")


def kind_tone(kind: str) -> str:
    """The tone of a tag for one kind of response."""
    if kind == Kind.OK:
        return "ok"
    if kind in (Kind.MAINTENANCE, Kind.BLOCKED):
        return "odd"
    return "bad" if kind else ""


def failure_sentence(kind: str, status: int | None, looks: str = "", detail: str = "") -> str:
    """What a site does, to go on a sentence after its name: "answers 500". `looks`: the kinds of look for which alone it does so."""
    if looks:
        return _("%(sentence)s for %(whom)s") % {"sentence": failure_sentence(kind, status, detail=detail), "whom": looks_words(looks)}
    if (
        status
        and status >= 400
        and kind in (Kind.SERVER_ERROR, Kind.GATEWAY_ERROR, Kind.CLIENT_ERROR, Kind.FATAL_IN_BODY, Kind.DATABASE_ERROR)
    ):
        return _("answers %(status)s") % {"status": status}
    return (_detail_sentence(detail) if kind in _TOLD_BY_DETAIL else "") or {
        Kind.BLOCKED: _("refuses our probes"),
        Kind.UNEXPECTED: _("does not answer as expected"),
        Kind.TRUNCATED: _("breaks off in the middle of a page"),
        Kind.REDIRECT_LOOP: _("redirects for ever"),
        Kind.SUSPENDED: _("shows its host's suspension page"),
        Kind.UNREACHABLE: _("does not answer"),
        Kind.WHITE_PAGE: _("shows a white page"),
        Kind.FATAL_IN_BODY: _("shows a PHP error"),
        Kind.DATABASE_ERROR: _("cannot reach its database"),
        Kind.SERVER_ERROR: _("answers with a server error"),
        Kind.GATEWAY_ERROR: _("is not reached behind its gateway"),
        Kind.CLIENT_ERROR: _("refuses the page"),
        Kind.MAINTENANCE: _("is stuck in maintenance"),
    }.get(kind, _("fails"))


def looks_words(looks: str) -> str:
    """Whom these kinds of look (separated by spaces) stand for, within a sentence."""
    if "cache-proof" in looks:
        return _("visitors whom the cache does not serve")
    names = {"desktop": _("desktop browsers"), "phone": _("phones"), "bot": _("search engines' bots"), "visitors": _("visitors")}
    found = [names[look] for look in looks.split() if look in names]
    return _("%(first)s and %(last)s") % {"first": ", ".join(found[:-1]), "last": found[-1]} if len(found) > 1 else "".join(found)


def looks_sentence(kind: str, status: int | None, looks: str) -> str:
    """For whom it fails, as a sentence of its own: "Phones get HTTP 500; the plain probe is well."."""
    if not looks:
        return _("By now it fails for everybody.")
    whom = looks_words(looks)
    if status and status >= 400:
        return _("%(whom)s get HTTP %(status)s; the plain probe is well.") % {"whom": capitalised(whom), "status": status}
    return _("It %(sentence)s; the plain probe is well.") % {"sentence": failure_sentence(kind, status, looks)}


def rate_words(rate: float | None) -> str:
    """How often it fails, to go on a sentence: "fails about 1 of 4 times"."""
    if rate is None:
        return _("fails now and then")
    if rate >= 0.6:
        return _("fails about %(n)d of 10 times") % {"n": min(9, round(rate * 10))}
    return _("fails about 1 of %(n)d times") % {"n": one_in(rate)} if rate > 0 else _("fails now and then")


def often_sentence(pattern: str, rate: float | None) -> str:
    """How a failure shows itself, as a sentence: "It fails every time."."""
    if pattern == "intermittent":
        return capitalised(_("it %(often)s.") % {"often": rate_words(rate)})
    return _("It fails every time.") if pattern == "permanent" else ""


def some_of(names: list[str], most: int = 3) -> str:
    """A list of names, the first few: "/a, /b and 4 more"."""
    if len(names) <= most:
        return ", ".join(names)
    return _("%(names)s and %(n)d more") % {"names": ", ".join(names[: most - 1]), "n": len(names) - most + 1}


def capitalised(text: str) -> str:
    """A capital first letter, the rest left alone."""
    return text[:1].upper() + text[1:]


def sureness_words(confidence: float | None) -> str:
    """How sure a cause is, in a word."""
    if confidence is None:
        return ""
    if confidence >= 0.95:
        return _("Certain")
    return _("Likely") if confidence >= 0.6 else _("Possible")
