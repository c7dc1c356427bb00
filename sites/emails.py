"""What mails say: one function per kind. The words lie in templates/emails/<kind>/; everything that came from a site is shown as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.conf import settings
from django.utils import timezone, translation
from django.utils.html import escape
from django.utils.translation import gettext as _

from sites import host_news
from sites.joined_mail import joined
from sites.mail_words import Mail, NothingToTell, about_incident, common, incident_of, mail_of, one_line
from sites.models import BehindAlarm, Certificate, Incident, LineOutage, Notification
from sites.wording import duration_words, exact_words

__all__ = ["Mail", "NothingToTell", "one_line", "render"]
_NOTE_PLACE = "<!-- note -->"
_MOST_ROWS = 40  # sites listed in one mail


def render(parts: Sequence[Notification], note: str = "") -> Mail:
    """The mail of one notification, or of several that go together, with a last line of its own."""
    # In the zone and language of the installation, not of whoever happened to ask for the delivery.
    with timezone.override(None), translation.override(settings.LANGUAGE_CODE):
        mail = _KINDS[parts[0].kind](parts[0]) if len(parts) == 1 else joined(parts, _KINDS)
    if not note:
        return mail
    return Mail(mail.subject, f"{mail.text}\n{note}\n", mail.html.replace(_NOTE_PLACE, f"<p>{escape(note)}</p>", 1))


def new(notification: Notification) -> Mail:
    """A failure never seen here."""
    return mail_of("new", about_incident(notification))


def regression(notification: Notification) -> Mail:
    """A failure that had been resolved is back."""
    context = about_incident(notification)
    earlier = incident_of(notification).regression_of
    context["earlier"] = exact_words(earlier.resolved_at) if earlier and earlier.resolved_at else ""
    return mail_of("regression", context)


def cause(notification: Notification) -> Mail:
    """Why it fails, found after the first mail had left."""
    return mail_of("cause", about_incident(notification))


def trial(notification: Notification) -> Mail:
    """What was tried without a person, and that it was put back."""
    if not incident_of(notification).trials_note:
        raise NothingToTell(_("What this was about has been removed."))
    return mail_of("trial", about_incident(notification))


def hand_over(notification: Notification) -> Mail:
    """A colleague names this person as the one to go on."""
    if notification.site is None:
        raise NothingToTell(_("The site was removed before the mail left."))
    context = about_incident(notification) if notification.incident else common(notification)
    details = notification.details
    context |= {"who": details["who"], "words": details["words"], "link": settings.SITEMEND_BASE_URL + details["path"]}
    return mail_of("hand-over", context)


def automatic(notification: Notification) -> Mail:
    """What was repaired without a person, and whether it helped."""
    return mail_of("automatic", about_incident(notification))


def approval(notification: Notification) -> Mail:
    """A repair that waits for a second person."""
    if not incident_of(notification).is_open:
        raise NothingToTell(_("The incident was over before the mail left."))
    return mail_of("approval", about_incident(notification))


def recovery(notification: Notification) -> Mail:
    """It is well again."""
    incident = incident_of(notification)
    context = about_incident(notification)
    over = incident.resolved_at or notification.created_at
    context |= {"until": exact_words(over), "lasted": duration_words((over - incident.first_failure_at).total_seconds())}
    context["by_repair"] = incident.resolution == Incident.Resolution.REPAIR
    return mail_of("recovery", context)


def escalation(notification: Notification) -> Mail:
    """It failed now and then and fails every time now."""
    return mail_of("escalation", about_incident(notification))


def flapping(notification: Notification) -> Mail:
    """It fails and recovers again and again."""
    return mail_of("flapping", about_incident(notification))


def blocked(notification: Notification) -> Mail:
    """Our probes are refused."""
    site = notification.site
    page = site.pages.filter(kind="blocked").order_by("position").first() if site else None
    context = common(notification) | {
        "since": exact_words(page.since) if page and page.since else "",
        "message": page.last_message if page else "",
    }
    return mail_of("blocked", context)


def certificate(notification: Notification) -> Mail:
    """A certificate ends soon: one mail for all sites of the team that use it."""
    _kind, team_id, fingerprint, days, _user = notification.dedupe_key.split(":")
    rows = Certificate.objects.filter(fingerprint=fingerprint, site__team_id=team_id, site__deleted_at=None)
    found = list(rows.select_related("site").order_by("site__name", "host"))
    first = next((row for row in found if row.site_id == notification.site_id), found[0] if found else None)
    if first is None:
        raise NothingToTell(_("The certificate was renewed before the mail left."))
    others = len({row.site_id for row in found}) - 1
    context = common(notification) | {"first": first.host, "until": exact_words(first.not_after), "days": int(days), "others": others}
    context |= {"issuer": first.issuer or _("nobody known"), "rows": found[:_MOST_ROWS], "more": max(0, len(found) - _MOST_ROWS)}
    return mail_of("certificate", context)


def stopped(notification: Notification) -> Mail:
    """A hosting account lets us in no more."""
    found = host_news.about(notification)
    if found is None:
        raise NothingToTell(_("Somebody has seen to the hosting account before the mail left."))
    return mail_of("stopped", common(notification) | found)


def test(notification: Notification) -> Mail:
    """Shows that mail works."""
    return mail_of("test", common(notification) | {"at": exact_words(notification.created_at)})


def behind(notification: Notification) -> Mail:
    """Our own probing stands still, or goes on again: for administrators."""
    number = notification.dedupe_key.split(":")[1]
    alarm = BehindAlarm.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    if alarm is None:
        raise NothingToTell(_("What this was about has been removed."))
    until = alarm.ended_at or timezone.now()
    context = common(notification) | {
        "sites": alarm.most_sites,
        "since": exact_words(alarm.not_probed_since),
        "until": exact_words(until),
        "lasted": duration_words((until - alarm.not_probed_since).total_seconds()),
        "health_link": f"{settings.SITEMEND_BASE_URL}/health/",
    }
    return mail_of(notification.kind, context)


def own_line(notification: Notification) -> Mail:
    """Our own connection was down and is back."""
    outage = LineOutage.objects.filter(pk=notification.dedupe_key.split(":")[1], over=True).first()
    if outage is None or outage.until is None:
        raise NothingToTell(_("What this was about has been removed."))
    context = common(notification) | {"since": exact_words(outage.since), "until": exact_words(outage.until), "sites": outage.sites}
    return mail_of("own-line", context | {"lasted": duration_words((outage.until - outage.since).total_seconds())})


_KINDS: dict[str, Callable[[Notification], Mail]] = {
    "new": new,
    "regression": regression,
    "cause": cause,
    "trial": trial,
    "automatic": automatic,
    "approval": approval,
    "hand-over": hand_over,
    "recovery": recovery,
    "flapping": flapping,
    "escalation": escalation,
    "blocked": blocked,
    "certificate": certificate,
    "stopped": stopped,
    "behind": behind,
    "behind-over": behind,
    "own-line": own_line,
    "test": test,
}
