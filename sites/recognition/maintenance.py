"""A maintenance that the site announces: 503 (RFC 9110, section 15.6.4) with Retry-After or a page that says so."""

from __future__ import annotations

import re

from sites.probing.outcome import Kind
from sites.recognition import Found
from sites.recognition.answer import Answer
from sites.texts import mark as _

_MARKS = re.compile(r"\bmaintenance\b|\bwartung|\bmantenimiento\b|\bmanutenzione\b|\bonderhoud\b", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^<>]{0,500}\bmaintenance", re.IGNORECASE)
# Web servers' own 503 speak of "maintenance downtime or capacity problems": these say that it is one.
_WORDS = re.compile(
    r"\b(?:down|closed|offline|unavailable) for (?:\w+ ){0,2}maintenance|\bunder(?:going)? (?:\w+ )?maintenance|\bin maintenance mode"
    r"|\bmaintenance mode\b|\ben (?:cours de )?maintenance\b|\bmode maintenance\b|\bwartungsmodus\b|\bwird gerade gewartet\b"
    r"|\ben (?:modo )?(?:de )?mantenimiento\b|\bin (?:modalità )?manutenzione\b",
    re.IGNORECASE,
)
# What people write who closed it themselves. "Try again later" is not among them: so speaks a server that has too much to do.
_BACK = re.compile(
    r"\b(?:check|come|be|are) (?:right )?back (?:again )?(?:soon|shortly|in a (?:few|bit|moment)|on (?:mon|tues|wednes|thurs|fri)day)"
    r"|\bbald wieder (?:da|zurück|online|erreichbar|für (?:sie|euch|dich))"
    r"|\bde retour (?:très )?(?:bientôt|prochainement|sous peu|lundi|demain)"
    r"|\b(?:estaremos de vuelta|volvemos|regresamos) (?:muy )?(?:pronto|en breve)|\b(?:torneremo|torniamo) (?:online )?(?:presto|a breve)"
    r"|\b(?:zo|snel|binnenkort) (?:weer )?terug\b",
    re.IGNORECASE,
)
_HEADERS = ("retry-after", "x-nextcloud-maintenance-mode", "x-maintenance-mode")


def announced(answer: Answer) -> Found | None:
    """A 503 that means a maintenance."""
    if answer.status != 503:
        return None
    marked = any(answer.named.get(name) for name in _HEADERS) or _MARKS.search(f"{answer.title} {answer.heading}")
    if marked or _BODY.search(answer.bare) or (answer.says_one_thing and (_WORDS.search(answer.words) or _BACK.search(answer.words))):
        return Kind.MAINTENANCE, "maintenance", _("The site says that it is under maintenance.")
    return None
