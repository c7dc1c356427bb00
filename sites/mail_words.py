"""What the mails of all kinds share: their words about a site and an incident, and how a mail is made of its templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from sites.advice import advice
from sites.models import Incident, Notification
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
FAILURES = (Notification.Kind.NEW, Notification.Kind.REGRESSION)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_FEW_PATHS = 8
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


def one_line(text: str) -> str:
    """Safe as a header: one line, without control and direction characters, not too long."""
    text = " ".join(_CONTROL.sub(" ", text).split())
    return text if len(text) <= SUBJECT_LENGTH else text[: SUBJECT_LENGTH - 1] + "…"


def is_over(part: Notification) -> bool:
    """Whether what failed is well again by now."""
    return part.kind in FAILURES and part.incident is not None and part.incident.resolved_at is not None


def called(notification: Notification) -> str:
    """The site's name, short enough for a subject."""
    name = " ".join(_CONTROL.sub(" ", notification.site.name if notification.site else _("a site that was removed")).split())
    return name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1] + "…"


def mail_of(kind: str, context: dict[str, Any]) -> Mail:
    """The mail that the templates of a kind make of a context."""
    folder = f"emails/{kind}"
    subject = one_line(render_to_string(f"{folder}/subject.txt", context))
    text = render_to_string(f"{folder}/body.txt", context)
    html = render_to_string(f"{folder}/body.html", context | {"subject": subject})
    return Mail(subject, re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", html)


def common(notification: Notification) -> dict[str, Any]:
    """What every mail says of its site."""
    site = notification.site
    base = settings.SITEMEND_BASE_URL
    return {
        "site": site,
        "name": site.name if site else _("a site that was removed"),
        "called": called(notification),
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


def incident_of(notification: Notification) -> Incident:
    """What a mail is about. Raises NothingToTell."""
    if notification.incident is None:
        raise NothingToTell(_("The site was removed before the mail left."))
    return notification.incident


def about_incident(notification: Notification) -> dict[str, Any]:
    """What every mail says of its incident. Raises NothingToTell."""
    incident = incident_of(notification)
    base = settings.SITEMEND_BASE_URL
    return common(notification) | {
        "incident": incident,
        "incident_link": f"{base}/incidents/{incident.pk}/",
        "what": kind_words(incident.kind, incident.status, incident.detail),
        "sentence": failure_sentence(incident.kind, incident.status, incident.looks, incident.detail),
        "for_whom": _for_whom(incident),
        "whom": _whom(incident),
        "paths": incident.paths[:_FEW_PATHS],
        "more_paths": max(0, len(incident.paths) - _FEW_PATHS),
        "paths_line": list_of(incident.paths, _FEW_PATHS),
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


def list_of(names: Sequence[str], most: int) -> str:
    """The first of them, and how many more there are."""
    shown = ", ".join(names[:most])
    return _("%(names)s and %(more)d more") % {"names": shown, "more": len(names) - most} if len(names) > most else shown


def recovery_words(part: Notification) -> dict[str, str]:
    """What the subject of a recovery needs beside the rest."""
    incident = incident_of(part)
    over = incident.resolved_at or part.created_at
    return {"lasted": duration_words((over - incident.first_failure_at).total_seconds())}
