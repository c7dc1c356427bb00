"""The number by which a host finds one request in its logs, as its headers or its error page give it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sites.recognition.page_text import header

_OWN_HEADERS = (
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-iplb-request-id",
    "x-amzn-requestid",
    "x-nf-request-id",
    "x-vercel-id",
)
_FRONT_HEADERS = ("cf-ray", "x-amz-cf-id", "x-served-by-id")
_OVH_HEADER = re.compile(r"x-ovh-(?:request-?id|query-?id|[\w-]*-id)", re.IGNORECASE)
_LABEL = (
    r"(?:(?:request|error|incident|reference|correlation|trace|transaction|event|ray|support)[ _-]?(?:id|identifier|number|no\.?)"
    r"|(?:identifiant|numéro|référence) (?:de (?:la )?|d[’'])(?:requ[êe]te|erreur|incident)"
    r"|(?:anfrage|anforderungs?|fehler|vorgangs?)-?(?:id|nummer|kennung))"
)
_IN_TEXT = re.compile(_LABEL + r"\s*(?:is|est|ist)?\s*[:#=]?\s*[«\"'(]?\s*(?P<id>[A-Za-z0-9][\w.:-]{2,127})", re.IGNORECASE)


def find_request_id(headers: Iterable[tuple[str, str]], text: str) -> str:
    """The site's own number, else the one on the page, else that of the network in front; empty when there is none."""
    pairs = tuple(headers)
    own = [header(pairs, name) for name in _OWN_HEADERS]
    own += [value for name, value in pairs if _OVH_HEADER.fullmatch(name)]
    front = [header(pairs, name) for name in _FRONT_HEADERS]
    for found in (*own, _in_text(text), *front):
        if found.strip():
            return "".join(char for char in found.strip() if char.isprintable())[:200]
    return ""


def _in_text(text: str) -> str:
    for found in _IN_TEXT.finditer(text):
        number = found.group("id").rstrip(".:-_")
        if any(char.isdigit() for char in number):  # "request ID was not given" names none
            return number
    return ""
