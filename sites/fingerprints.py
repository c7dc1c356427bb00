"""The same failure has the same fingerprint: what changes from one request to the next is removed before hashing.

Fingerprints are stored, so the rules have a version. Older rules are kept: a failure that is known by an older fingerprint is still
known, which `older` tells. Change no version that was released; add one.
"""

from __future__ import annotations

import hashlib
import re

from sites.probing.outcome import Kind

VERSION = "2"
_TEXT_LENGTH = 200  # of the cleaned text: a cut further out would move with the length of what was removed

# The words of a page are its cause only where the site itself speaks of an error; elsewhere they are its changing content.
_TELLING = frozenset({Kind.SERVER_ERROR, Kind.GATEWAY_ERROR, Kind.FATAL_IN_BODY, Kind.DATABASE_ERROR})

_MONTH = (
    r"(?:jan(?:uary|vier|uar)?|feb(?:ruary|ruar)?|f[ée]vr?(?:ier)?|mar(?:ch|s)?|m[äa]rz|apr(?:il)?|avr(?:il)?|ma[yi]|june?|juin|juni|jul[yi]?"
    r"|juil(?:let)?|aug(?:ust)?|ao[ûu]t|sep(?:t(?:ember|embre)?)?|o[ck]t(?:ober|obre)?|nov(?:ember|embre)?|de[cz](?:ember)?"
    r"|d[ée]c(?:embre)?)\.?"
)
_DAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+)?"
_VOLATILE: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rule, re.IGNORECASE))
    for name, rule in (
        ("uuid", r"\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b"),
        ("date", r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)?"),
        ("date", r"\b\d{1,4}[./]\d{1,2}[./]\d{2,4}\b(?!\.\d)"),
        ("date", rf"\b{_DAY}\d{{1,2}}[ -]{_MONTH}[ -]\d{{4}}\b"),
        ("date", rf"\b{_DAY}{_MONTH}\s+\d{{1,2}}(?:,?\s+(?!\d\d:)\d{{4}})?\b"),
        ("time", r"\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?(?:[ap]m|utc|gmt|cest|cet|[+-]\d\d:?\d\d))?\b"),
        ("ip", r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b"),
        ("ip", r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}(?![\w:])"),
        ("id", r"(?<=\bid)(?:entifier)?\s*[:#=]\s*[\w.:-]+"),
        ("id", r"(?<=requête)\s*[:#=]\s*[\w.:-]+"),
        ("id", r"(?:(?<=number)|(?<=reference)|(?<=nummer)|(?<=ray)|(?<=xid)|(?<=ref))\s*[:#=]\s*[\w.:-]+"),
        ("temp", r"/(?:tmp|var/tmp|dev/shm)/[^\s:\"'<>]+"),
        ("query", r"(?<=\w)\?[\w%&=.+~-]+=[^\s\"'<>]*"),
        ("hex", r"\b0x[0-9a-f]+\b"),
        ("hex", r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\b"),
        ("token", r"(?<![\w/.\\-])(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{16,}(?![\w/.\\-])"),
        ("number", r"\b\d+[.,]\d+(?=\s?(?:s|ms|sec|seconds?|secondes?|mb|kb|%)\b)"),
        ("number", r"\b\d+(?=\s?(?:ms|sec|seconds?|secondes?|sekunden)\b)"),
        ("number", r"(?<=\bpid )\d+|(?<=\bpid: )\d+|(?<=\bpid=)\d+|(?<=\[)\d+(?=\])"),
        ("number", r"\b\d{5,}\b"),
    )
)
_MONTHS = (
    r"(?:janv(?:ier)?|f[ée]vr?(?:ier)?|mars|avr(?:il)?|mai|juin|juil(?:let)?|ao[ûu]t|sept(?:embre)?|oct(?:obre)?|nov(?:embre)?|d[ée]c(?:embre)?"
    r"|januar|j[äa]nner|februar|m[äa]rz|april|juni|juli|august|september|oktober|november|dezember"
    r"|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
    r"|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre)\.?"
)
_LABELS = (
    "identifiant", "référence", "numéro", "code", "kennung", "referenz", "nummer", "identificador", "referencia", "código", "número",
    "identificativo", "riferimento", "codice", "numero", "incident", "incidente", "nonce", "token",
)  # fmt: skip
_MORE = tuple(
    (name, re.compile(rule, re.IGNORECASE))
    for name, rule in (
        ("mail", r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"),
        ("id", "(?:" + "|".join(rf"(?<=\b{label})" for label in _LABELS) + r")\s*[:#=]\s*[\w.:=+/-]*\d[\w.:=+/-]*"),
        ("date", rf"\b\d{{1,2}}\.?\s+(?:de\s+)?{_MONTHS}\s+(?:del?\s+)?\d{{4}}\b"),
        ("time", r"\b\d{1,2}\s?h\s?\d\d\b"),
        ("number", r"(?<=\w/)\d+(?=/|\b(?![.\w]))"),
    )
)
_RULES = {"1": _VOLATILE, "2": (*_MORE[:2], *_VOLATILE, *_MORE[2:])}  # a date of English pages takes its weekday along, so it goes first
_SPACE = re.compile(r"\s+")


def fingerprint(kind: str, status: int | None, detail: str, text: str, version: str = VERSION) -> str:
    """The version and a hash over what failed and how; `text` is the excerpt of the answer."""
    words = stable_words(text, version) if kind in _TELLING else ""
    parts = "\x1f".join((str(kind), str(status or ""), detail, words))
    return f"{version}:{hashlib.sha256(parts.encode('utf-8', 'replace')).hexdigest()[:32]}"


def older(kind: str, status: int | None, detail: str, text: str) -> list[str]:
    """What the same failure was called by older rules, the newest first."""
    return [fingerprint(kind, status, detail, text, version) for version in reversed(_RULES) if version != VERSION]


def is_older(stored: str) -> bool:
    """Whether a stored fingerprint was made by rules of the past that are still known."""
    version = stored.partition(":")[0]
    return version != VERSION and version in _RULES


def stable_words(text: str, version: str = VERSION) -> str:
    """The text with names in place of what is new in every answer."""
    for name, rule in _RULES[version]:
        text = rule.sub(f" <{name}> ", text)
    return _SPACE.sub(" ", text).strip().casefold()[:_TEXT_LENGTH]
