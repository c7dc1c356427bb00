"""What mails say: one function per kind. The words lie in templates/emails/<kind>/; everything that came from a site is shown as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.html import escape
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from sites import host_news, storms
from sites.advice import advice
from sites.models import BehindAlarm, Certificate, Incident, LineOutage, Notification
from sites.probing.outcome import Kind
from sites.visitors import words as visitor_words
from sites.visitors.marks import is_of_visitors
from sites.wording import (
    duration_words,
    exact_words,
    failure_sentence,
    kind_words,
    looks_sentence,
    looks_words,
    often_sentence,
    some_of,
    sureness_words,
)

SUBJECT_LENGTH = 180
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_FEW_PATHS = 8
_NOTE_PLACE = "<!-- note -->"
_MOST_ITEMS = 50  # pieces of news in one mail
_MOST_ROWS = 40  # sites listed in one mail
_SAID_BY_STATUS = (Kind.SERVER_ERROR, Kind.GATEWAY_ERROR, Kind.CLIENT_ERROR)  # whose message says no more than the number
_SUBJECT_CAUSE = 110
_NAME_LENGTH = 60  # of a site in a subject: what is wrong with it must still be seen


class NothingToTell(Exception):
    """What a mail was about has been removed meanwhile."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it is sent."""

    subject: str
    text: str
    html: str


def render(parts: Sequence[Notification], note: str = "") -> Mail:
    """The mail of one notification, or of several that go together, with a last line of its own."""
    # In the zone and language of the installation, not of whoever happened to ask for the delivery.
    with timezone.override(None), translation.override(settings.LANGUAGE_CODE):
        mail = _KINDS[parts[0].kind](parts[0]) if len(parts) == 1 else joined(parts)
    if not note:
        return mail
    return Mail(mail.subject, f"{mail.text}\n{note}\n", mail.html.replace(_NOTE_PLACE, f"<p>{escape(note)}</p>", 1))


def one_line(text: str) -> str:
    """Safe as a header: one line, without control and direction characters, not too long."""
    text = " ".join(_CONTROL.sub(" ", text).split())
    return text if len(text) <= SUBJECT_LENGTH else text[: SUBJECT_LENGTH - 1] + "…"


def new(notification: Notification) -> Mail:
    """A failure never seen here."""
    return _mail("new", _about_incident(notification))


def regression(notification: Notification) -> Mail:
    """A failure that had been resolved is back."""
    context = _about_incident(notification)
    earlier = _incident(notification).regression_of
    context["earlier"] = exact_words(earlier.resolved_at) if earlier and earlier.resolved_at else ""
    return _mail("regression", context)


def cause(notification: Notification) -> Mail:
    """Why it fails, found after the first mail had left."""
    return _mail("cause", _about_incident(notification))


def recovery(notification: Notification) -> Mail:
    """It is well again."""
    incident = _incident(notification)
    context = _about_incident(notification)
    over = incident.resolved_at or notification.created_at
    context |= {"until": exact_words(over), "lasted": duration_words((over - incident.first_failure_at).total_seconds())}
    context["by_repair"] = incident.resolution == Incident.Resolution.REPAIR
    return _mail("recovery", context)


def escalation(notification: Notification) -> Mail:
    """It failed now and then and fails every time now."""
    return _mail("escalation", _about_incident(notification))


def flapping(notification: Notification) -> Mail:
    """It fails and recovers again and again."""
    return _mail("flapping", _about_incident(notification))


def blocked(notification: Notification) -> Mail:
    """Our probes are refused."""
    site = notification.site
    page = site.pages.filter(kind="blocked").order_by("position").first() if site else None
    context = _common(notification) | {
        "since": exact_words(page.since) if page and page.since else "",
        "message": page.last_message if page else "",
    }
    return _mail("blocked", context)


def certificate(notification: Notification) -> Mail:
    """A certificate ends soon: one mail for all sites of the team that use it."""
    _kind, team_id, fingerprint, days, _user = notification.dedupe_key.split(":")
    rows = Certificate.objects.filter(fingerprint=fingerprint, site__team_id=team_id, site__deleted_at=None)
    found = list(rows.select_related("site").order_by("site__name", "host"))
    first = next((row for row in found if row.site_id == notification.site_id), found[0] if found else None)
    if first is None:
        raise NothingToTell(_("The certificate was renewed before the mail left."))
    others = len({row.site_id for row in found}) - 1
    context = _common(notification) | {"first": first.host, "until": exact_words(first.not_after), "days": int(days), "others": others}
    context |= {"issuer": first.issuer or _("nobody known"), "rows": found[:_MOST_ROWS], "more": max(0, len(found) - _MOST_ROWS)}
    return _mail("certificate", context)


def stopped(notification: Notification) -> Mail:
    """A hosting account lets us in no more."""
    found = host_news.about(notification)
    if found is None:
        raise NothingToTell(_("Somebody has seen to the hosting account before the mail left."))
    return _mail("stopped", _common(notification) | found)


def test(notification: Notification) -> Mail:
    """Shows that mail works."""
    return _mail("test", _common(notification) | {"at": exact_words(notification.created_at)})


def behind(notification: Notification) -> Mail:
    """Our own probing stands still, or goes on again: for administrators."""
    number = notification.dedupe_key.split(":")[1]
    alarm = BehindAlarm.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    if alarm is None:
        raise NothingToTell(_("What this was about has been removed."))
    until = alarm.ended_at or timezone.now()
    context = _common(notification) | {
        "sites": alarm.most_sites,
        "since": exact_words(alarm.not_probed_since),
        "until": exact_words(until),
        "lasted": duration_words((until - alarm.not_probed_since).total_seconds()),
        "health_link": f"{settings.SITEMEND_BASE_URL}/health/",
    }
    return _mail(notification.kind, context)


def own_line(notification: Notification) -> Mail:
    """Our own connection was down and is back."""
    outage = LineOutage.objects.filter(pk=notification.dedupe_key.split(":")[1], over=True).first()
    if outage is None or outage.until is None:
        raise NothingToTell(_("What this was about has been removed."))
    context = _common(notification) | {"since": exact_words(outage.since), "until": exact_words(outage.until), "sites": outage.sites}
    return _mail("own-line", context | {"lasted": duration_words((outage.until - outage.since).total_seconds())})


def joined(parts: Sequence[Notification]) -> Mail:
    """Several notifications in one mail, the worst news first. A failure that is over meanwhile is the least of them."""
    ordered = sorted(parts, key=lambda part: (_is_over(part), _NEWS.index(part.kind), part.pk))
    groups, items = _told(_grouped(ordered))
    bad = [group for group in groups if group[0].kind in _FAILURES and not _is_over(group[0])]
    down = {part.site_id: _called(part) for group in bad for part in group}
    names = list(dict.fromkeys(item["name"] for item in items))
    context = {"items": items[:_MOST_ITEMS], "names": _list_of(names, 3), "down": len(down)}
    context |= {"down_names": _list_of(list(down.values()), 3), "event": items[0]["headline"] if len(bad) == 1 and len(bad[0]) > 1 else ""}
    context["more"] = len(items) - max(1, len(bad))
    context["suppressed"], context["incidents_link"] = len(items) - len(context["items"]), f"{settings.SITEMEND_BASE_URL}/incidents/"
    context |= {
        "base_url": settings.SITEMEND_BASE_URL,
        "whys": list(dict.fromkeys(part.why for group in groups for part in group))[:_MOST_ITEMS],
    }
    return _mail("joined", context)


_FAILURES = (Notification.Kind.NEW, Notification.Kind.REGRESSION)
_NEWS = [
    "new", "regression", "escalation", "flapping", "cause", "stopped", "blocked", "certificate", "reminder", "behind", "own-line",
    "behind-over", "recovery", "test",
]  # fmt: skip
_KINDS: dict[str, Callable[[Notification], Mail]] = {
    "new": new,
    "regression": regression,
    "cause": cause,
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


def _is_over(part: Notification) -> bool:
    return part.kind in _FAILURES and part.incident is not None and part.incident.resolved_at is not None


def _called(notification: Notification) -> str:
    """The site's name, short enough for a subject."""
    name = " ".join(_CONTROL.sub(" ", notification.site.name if notification.site else _("a site that was removed")).split())
    return name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1] + "…"


def _mail(kind: str, context: dict[str, Any]) -> Mail:
    folder = f"emails/{kind}"
    subject = one_line(render_to_string(f"{folder}/subject.txt", context))
    text = render_to_string(f"{folder}/body.txt", context)
    html = render_to_string(f"{folder}/body.html", context | {"subject": subject})
    return Mail(subject, re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", html)


def _common(notification: Notification) -> dict[str, Any]:
    site = notification.site
    base = settings.SITEMEND_BASE_URL
    return {
        "site": site,
        "name": site.name if site else _("a site that was removed"),
        "called": _called(notification),
        "site_url": site.url if site else "",
        "where": _where(notification),
        "why_told": notification.why,
        "base_url": base,
        "site_link": f"{base}/sites/{site.pk}/" if site else base,
        "practice": bool(site and site.practice),
    }


def _where(notification: Notification) -> str:
    """The site's host name, which people know it by; its own name when that says the same or more."""
    site = notification.site
    return (urlsplit(site.url).hostname or site.name) if site else ""


def _incident(notification: Notification) -> Incident:
    if notification.incident is None:
        raise NothingToTell(_("The site was removed before the mail left."))
    return notification.incident


def _about_incident(notification: Notification) -> dict[str, Any]:
    incident = _incident(notification)
    base = settings.SITEMEND_BASE_URL
    return _common(notification) | {
        "incident": incident,
        "incident_link": f"{base}/incidents/{incident.pk}/",
        "what": kind_words(incident.kind, incident.status, incident.detail),
        "sentence": failure_sentence(incident.kind, incident.status, incident.looks, incident.detail),
        "for_whom": _for_whom(incident),
        "whom": _whom(incident),
        "paths": incident.paths[:_FEW_PATHS],
        "more_paths": max(0, len(incident.paths) - _FEW_PATHS),
        "paths_line": _list_of(incident.paths, _FEW_PATHS),
        "all_pages": incident.scope == "all-pages",
        "intermittent": incident.pattern == "intermittent",
        "how_often": often_sentence(incident.pattern, incident.rate),
        "since": exact_words(incident.first_failure_at),
        "cause_short": _cause_short(incident),
        "message": "" if incident.kind in _SAID_BY_STATUS else incident.message,
        "advice": advice(incident),
        "sureness": sureness_words(incident.cause_confidence),
        "no_connection": bool(notification.site and not notification.site.host_id),
        "not_read": incident.diagnosis_state in ("failed", "none"),
    }


def _whom(incident: Incident) -> str:
    if is_of_visitors(incident):
        return _("visitors on %(paths)s") % {"paths": some_of(incident.paths)}
    return looks_words(incident.looks)


def _for_whom(incident: Incident) -> str:
    """What only some see, as a sentence; of what visitors met, what is known of them."""
    if is_of_visitors(incident):
        return visitor_words.current(incident)
    return looks_sentence(incident.kind, incident.status, incident.looks) if incident.looks else ""


def _cause_short(incident: Incident) -> str:
    """For a subject: "'RewritEngine' in .htaccess line 12", or the summary when no place is known."""
    path, _colon, line = incident.cause_place.rpartition(":")
    if not line.isdigit():
        path, line = incident.cause_place, ""
    file = path.rpartition("/")[2]
    quoted = re.search(r"Invalid command '([^'\s]{1,60})'|[\"“']([\w$\\:-]{2,60})[\"”']", incident.cause_proof)
    word = next((group for group in quoted.groups() if group), "") if quoted and file == ".htaccess" else ""
    if file and line and word:
        return _("'%(word)s' in %(file)s line %(line)s") % {"word": word, "file": file, "line": line}
    return Truncator(incident.cause_summary.rstrip(".")).chars(_SUBJECT_CAUSE)


def _list_of(names: Sequence[str], most: int) -> str:
    shown = ", ".join(names[:most])
    return _("%(names)s and %(more)d more") % {"names": shown, "more": len(names) - most} if len(names) > most else shown


def _grouped(parts: Sequence[Notification]) -> list[list[Notification]]:
    """News of one event together, what fails and what is over apart; each in the place of its first."""
    found: dict[object, list[Notification]] = {}
    for part in parts:
        own: object = ("alone", part.pk)
        if part.incident is not None and (part.kind in _FAILURES or part.kind == Notification.Kind.RECOVERY):
            own = (part.kind in _FAILURES, _is_over(part), storms.key_of(part.incident))
        found.setdefault(own, []).append(part)
    return list(found.values())


def _told(groups: Sequence[list[Notification]]) -> tuple[list[list[Notification]], list[dict[str, Any]]]:
    """The groups that there is still something to tell of, with their items. Raises NothingToTell when it is none."""
    found: list[list[Notification]] = []
    items: list[dict[str, Any]] = []
    gone = NothingToTell()
    for group in groups:
        try:
            items.append(_event_item(group) if len(group) > 1 else _item(group[0]))
        except NothingToTell as why:  # it takes nothing else with it
            gone = why
        else:
            found.append(group)
    if not items:
        raise gone
    return found, items


def _event_item(parts: Sequence[Notification]) -> dict[str, Any]:
    """Several sites of one event, as one piece of news: who and what, and one link."""
    incidents = [_incident(part) for part in parts]
    over = parts[0].kind == Notification.Kind.RECOVERY or _is_over(parts[0])
    sentences = [failure_sentence(each.kind, each.status, detail=each.detail) for each in incidents]
    rows = [f"{_called(part)} {sentence}" for part, sentence in zip(parts, sentences, strict=True)]
    if over:
        rows = [_called(part) for part in parts]
    more = [_("and %(n)d more") % {"n": len(rows) - _MOST_ROWS}] if len(rows) > _MOST_ROWS else []
    return {
        "kind": parts[0].kind,
        "name": _list_of([_called(part) for part in parts], 3),
        "about": _("Each site keeps its own incident."),
        "headline": one_line(storms.headline(incidents, over=over)),
        "lines": [*rows[:_MOST_ROWS], *more],
        "link": f"{settings.SITEMEND_BASE_URL}/incidents/?event={storms.key_of(incidents[0])}",
    }


def _item(part: Notification) -> dict[str, Any]:
    if part.incident is None and part.kind in ("blocked", "certificate", "stopped", "test"):
        mail = _KINDS[part.kind](part)
        context = _common(part)
        if part.kind == "stopped" and (host := host_news.about(part)):
            context |= {"name": host["host_name"], "site_url": host["account"], "site_link": host["host_link"]}
        about = {"name": context["name"], "about": context["site_url"], "lines": []}
        return about | {"kind": part.kind, "headline": mail.subject, "link": context["site_link"]}
    context, incident = _about_incident(part), _incident(part)
    headline = one_line(render_to_string(f"emails/{part.kind}/subject.txt", context | _recovery_words(part)))
    lines = [_("Pages: %(paths)s") % {"paths": context["paths_line"]}, _("Since %(time)s") % {"time": context["since"]}]
    if incident.cause_summary and part.kind != Notification.Kind.RECOVERY:
        lines.append(incident.cause_summary)
    elif context["advice"] and part.kind != Notification.Kind.RECOVERY:
        lines.append(_("What to do: %(text)s") % {"text": context["advice"].text})
    proof = incident.cause_proof if part.kind != Notification.Kind.RECOVERY else ""
    return {
        "kind": part.kind,
        "name": context["name"],
        "about": context["site_url"],
        "headline": headline,
        "lines": lines,
        "proof": proof,
        "incident_id": incident.pk,
        "repairable": incident.resolved_at is None and not context["no_connection"] and part.kind != Notification.Kind.RECOVERY,
        "link": context["incident_link"],
    }


def _recovery_words(part: Notification) -> dict[str, str]:
    incident = _incident(part)
    over = incident.resolved_at or part.created_at
    return {"lasted": duration_words((over - incident.first_failure_at).total_seconds())}
