"""Pages that a host shows in place of the site: suspended, parked, or nothing uploaded yet.

They stand alone, whatever the language; a page of the site itself that has such a title has a menu or more to say.
"""

from __future__ import annotations

import re

from sites.probing.outcome import Kind
from sites.recognition import Found
from sites.recognition.answer import Answer
from sites.texts import mark as _

_PATHS = ("/cgi-sys/suspendedpage.cgi", "/cgi-sys/defaultwebpage.cgi", "/suspended.page")
_SUSPENDED = re.compile(
    r"\b(?:account|(?:web ?)?site|hosting|domain|package)(?: name)?(?: has been| is| was)?(?: temporarily| currently)? "
    r"(?:suspended|disabled|deactivated)"
    r"|\b(?:compte|site|hébergement|domaine)(?: \S{1,20}){0,2}? (?:a été |est )?(?:temporairement )?(?:suspendu|désactivé|bloqué)\b"
    r"|\b(?:konto|domain|internetauftritt|internetpräsenz|\w*hosting\S{0,12}|web(?:site|seite|space|paket))(?: \S{1,20}){0,3} "
    r"(?:gesperrt|deaktiviert|stillgelegt)\b"
    r"|\b(?:cuenta|sitio|página|dominio|alojamiento)(?: \S{1,20}){0,3} (?:suspendid|desactivad|deshabilitad)[oa]\b"
    r"|\b(?:account|sito|dominio|spazio web)(?: \S{1,20}){0,3} (?:sospes|disattivat)[oa]\b"
    r"|^contact support\b|\bthis site is currently unavailable\b",
    re.IGNORECASE,
)
_PARKED = re.compile(
    r"\bdomain(?: name)?(?: \S{1,63})? (?:is|has been|was) (?:parked|for sale|reserved|already registered|registered)\b"
    r"|\b(?:parked domain|domain parked|buy this domain)\b|\b(?:is|was|been) (?:recently )?registered (?:at|with) \S"
    r"|\bdomaine (?:est |a été |a bien été )(?:\S{1,20} )?(?:réservé|enregistré|créé|parké)|\bdomaine (?:réservé|est à vendre)"
    r"|\bdomain(?:name)? (?:ist|wurde)(?: \S{1,20}){0,2} (?:reserviert|registriert|geparkt)|\bdomain reserviert\b"
    r"|\bdominio (?:está |ha sido )?(?:registrado|aparcado|reservado)\b|\bdominio (?:è stato |è )?(?:registrato|parcheggiato|riservato)\b",
    re.IGNORECASE,
)
_EMPTY_YET = re.compile(
    r"\b(?:default (?:web(?: ?site)? )?page|default index\.html|site (?:is )?under construction|domain default page)\b"
    r"|upload your (?:website|own|web) ?files?|no web ?site at this address|^sorry! if you are the owner of this web ?site"
    r"|\b(?:site|page) en construction\b|\bhier entsteht eine neue\b|\b(?:sitio|página)(?: web)? en construcción\b"
    r"|\bsito in (?:costruzione|allestimento)\b|félicitations ! votre domaine",
    re.IGNORECASE,
)
_HOST_WORDS = re.compile(
    r"\b(?:hosting|host(?:ed|er)|provider|registrar|webspace|cpanel|plesk|directadmin|billing|invoice|suspendedpage|control panel"
    r"|héberg\w+|infomaniak|gandi|ovh(?:cloud)?|ionos|strato|aruba|arsys|hostinger|webhosting\w{0,40}|\w{0,40}anbieter|inhaber"
    r"|proveedor|alojad[oa]|alojamiento|fornitore|spazio web)\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"<(?:script|iframe|frame)\b[^<>]{0,300}?//(?:[\w-]+\.)*(?:sedoparking|parkingcrew|bodis|parklogic|above)\.(?:com|net)/"
    r"|//img\d?\.wsimg\.com/parking-lander/"
    r"|^\s*<!doctype html>.{0,400}<script>window\.onload=function\(\)\{window\.location\.href=[\"']/lander[\"']"
    r"|//assets\.plesk\.com/static/(?:default-website-content|public/suspended)",
    re.IGNORECASE | re.DOTALL,
)
_MARKUP_NEEDLES = ("sedoparking", "parkingcrew", "bodis", "parklogic", "above.com", "parking-lander", '"/lander"', "assets.plesk.com")
_NEEDLES = (
    "suspend", "suspendu", "désactiv", "gesperrt", "deaktiviert", "sospes", "disattivat", "deshabilitad", "domain", "domaine", "dominio",
    "registered", "constru", "costruzione", "default", "entsteht", "upload", "unavailable", "support", "disabled", "sorry!",
)  # fmt: skip
_SERVERS = (  # what packages of web servers put in place of the first page: title, and words that stand in it
    (re.compile(r"apache2? (?:\w+ )?default page|test page for the apache|apache http server test page", re.IGNORECASE), "/var/www"),
    (re.compile(r"welcome to nginx!?$|welcome to openresty!?$|test page for the nginx", re.IGNORECASE), "nginx"),
    (re.compile(r"welcome page$", re.IGNORECASE), "lighttpd"),
    (re.compile(r"iis windows server$", re.IGNORECASE), "iisstart"),
    (re.compile(r"apache tomcat/[\d.]+$", re.IGNORECASE), "you've successfully installed tomcat"),
)


def in_place_of_the_site(answer: Answer) -> Found | None:
    """The host's own page in place of the site."""
    if "/cgi-sys/" in answer.url or "/suspended.page" in answer.url:
        path = answer.url.split("?", 1)[0].lower()
        if path.endswith(_PATHS):
            return _suspended()
    if not answer.is_html:
        return None
    if _is_servers_default(answer):
        return Kind.SUSPENDED, "default-page", _("The web server shows the page it came with in place of the site.")
    if answer.is_sparse:
        return _small_page(answer)
    # a large one, for the pictures in it: its title must say it
    return _by_words(answer) if _says_it(answer.title) and answer.stands_alone else None


def _small_page(answer: Answer) -> Found | None:
    if answer.mentions(*_MARKUP_NEEDLES) and _MARKUP.search(answer.text) and answer.stands_alone:
        return _suspended()
    return _by_words(answer) if answer.mentions(*_NEEDLES) and answer.stands_alone else None


def _says_it(text: str) -> bool:
    lowered = text.lower()
    if not any(word in lowered for word in _NEEDLES):
        return False
    return bool(_SUSPENDED.search(text) or _PARKED.search(text) or _EMPTY_YET.search(text))


def _by_words(answer: Answer) -> Found | None:
    said = f"{answer.title} {answer.opening}"
    if _PARKED.search(said) and (_PARKED.search(answer.title) or _PARKED.search(answer.opening[:200])):
        return _suspended()
    first = f"{answer.title} {answer.opening[:160]}"
    if (_SUSPENDED.search(first) or _EMPTY_YET.search(first)) and _HOST_WORDS.search(said):
        return _suspended()
    return None


def _suspended() -> Found:
    return Kind.SUSPENDED, "suspended", _("The host shows a suspension or parking page in place of the site.")


def _is_servers_default(answer: Answer) -> bool:
    if not answer.title:
        return False
    return any(title.match(answer.title) and answer.mentions(words) for title, words in _SERVERS) and _leads_nowhere(answer)


def _leads_nowhere(answer: Answer) -> bool:
    return answer.bare.count('href="/') <= 2
