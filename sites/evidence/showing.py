"""The failing answer as it is shown and handed out: text only, bounded, without secrets, whatever a site sent."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sites import wording
from sites.evidence import screenshots
from sites.models import FailureEvidence, Incident
from sites.probing.certificate import read_certificate
from sites.probing.guard import Guard
from sites.recognition.page_text import decode, header
from sites.redaction import GONE, redact

BODY_LIMIT = 64 * 1024
_DUMP_LIMIT = 1024  # bytes of a picture or the like
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-csrf-token", "x-xsrf-token", "x-auth-token", "x-api-key"})
_TIMINGS = (
    ("name_lookup_ms", gettext_noop("name looked up")),
    ("connect_ms", gettext_noop("connected")),
    ("tls_ms", gettext_noop("encrypted")),
    ("first_byte_ms", gettext_noop("first byte")),
    ("total_ms", gettext_noop("whole answer")),
)  # milliseconds since the start


@dataclass(frozen=True, slots=True)
class Body:
    """What can be shown of a body, and what a reader should know of it."""

    text: str
    note: str


def of_incident(incident: Incident) -> FailureEvidence | None:
    """The first answer kept of this incident: the one that was noticed."""
    pages = [page.pk for page in incident.site.pages.all() if not incident.paths or page.path in incident.paths]
    kept = FailureEvidence.objects.filter(
        result__page__in=pages,
        result__kind=incident.kind,
        result__at__gte=incident.first_failure_at,
        result__at__lte=incident.resolved_at or timezone.now(),
    )
    return kept.select_related("result__page").order_by("result__at", "pk").first()


def headers_of(evidence: FailureEvidence) -> list[tuple[str, str]]:
    """The headers in their order; of cookies and the like the names alone."""
    return [(str(name), _header_value(str(name).lower(), str(value))) for name, value in evidence.headers]


def _header_value(name: str, value: str) -> str:
    if name in _SECRET_HEADERS:
        return GONE
    if name == "set-cookie":
        cookie, _equals, rest = value.partition("=")
        _secret, _semicolon, attributes = rest.partition(";")
        return f"{cookie.strip()}={GONE}" + (f";{attributes}" if attributes else "")
    return redact(value)


def body_of(evidence: FailureEvidence) -> Body:
    """The body as text, by its declared character set; of what is no text the first bytes in hexadecimal."""
    raw = bytes(evidence.body or b"")
    cut = _("Only the first 64 KB were kept.") if len(raw) >= BODY_LIMIT else ""
    if not raw:
        return Body("", _("Nothing was sent after the headers.") if evidence.headers else _("There was no answer."))
    text = decode(raw, header(evidence.headers, "content-type"))
    if is_binary(text):
        return Body(_dump(raw[:_DUMP_LIMIT]), _("This is no text. These are its first bytes."))
    return Body(redact(plain(text)), cut)


def is_binary(text: str) -> bool:
    """Whether this is a picture or the like: characters that no text has are more than a few."""
    sample = text[:4096]
    odd = sum(1 for char in sample if char == "\ufffd" or (ord(char) < 32 and char not in "\t\n\r\f\x1b"))
    return odd > 2 + len(sample) // 10


def plain(text: str) -> str:
    """Without what would move the cursor or turn the direction of a line; line ends as they are here."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char if char in "\n\t" or char.isprintable() else "\ufffd" for char in text)


def _dump(raw: bytes) -> str:
    lines = []
    for start in range(0, len(raw), 16):
        part = raw[start : start + 16]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{start:04x}  {part.hex(' '):<47}  {shown}")
    return "\n".join(lines)


def timings_of(evidence: FailureEvidence) -> list[tuple[str, str]]:
    """What was reached when, in words; what was not reached is left out."""
    known: dict[str, float | None] = evidence.timings or {}
    return [(_(words), wording.ms_words(known[name])) for name, words in _TIMINGS if known.get(name) is not None]


def as_text(evidence: FailureEvidence) -> str:
    """All of it in one text, to keep or to send to the host's support."""
    result, body = evidence.result, body_of(evidence)
    facts = [
        (_("Time"), f"{result.at:%Y-%m-%d %H:%M:%S} UTC"),
        (_("Address asked for"), redact(evidence.url)),
        (_("Address that answered"), redact(evidence.final_url) if evidence.final_url != evidence.url else ""),
        (_("Server"), evidence.address),
        (_("Answer"), f"{result.status or ''} {result.kind} {result.detail}".strip()),
        (_("What that means"), evidence.message),
        (_("Request id"), evidence.request_id),
        (_("Times since the start"), ", ".join(f"{words} {value}" for words, value in timings_of(evidence))),
        *((_("Certificate"), f"{words} {value}") for words, value in certificate_facts(evidence)),
    ]
    head = "\n".join(f"{name}: {value}" for name, value in facts if value)
    headers = "\n".join(f"{name}: {value}" for name, value in headers_of(evidence))
    return plain("\n\n".join(part for part in (head, headers, body.note, body.text) if part)) + "\n"


def certificate_facts(evidence: FailureEvidence) -> list[tuple[str, str]]:
    """Whom the certificate names, who signed it and how long it lasts; empty where none was read."""
    known: dict[str, str] = evidence.certificate or {}
    words = (
        ("subject", _("for")),
        ("names", _("names")),
        ("issuer", _("issued by")),
        ("from", _("valid from")),
        ("until", _("valid until")),
    )
    return [(said, known[name]) for name, said in words if known.get(name)]


def complete(incident: Incident) -> bool:
    """Adds to the evidence of a new incident what takes a moment: the certificate, and a picture. Harmless when run twice."""
    evidence = of_incident(incident)
    if evidence is None:
        return False
    if not evidence.certificate and (found := _certificate(evidence)):
        evidence.certificate = found
        evidence.save(update_fields=["certificate"])
    return screenshots.take(evidence)


def _certificate(evidence: FailureEvidence) -> dict[str, str]:
    """Read again, since a handshake that fails brings none; empty when there is none to read."""
    parts = urlsplit(evidence.final_url or evidence.url)
    if parts.scheme != "https" or not parts.hostname:
        return {}
    try:
        der = read_certificate(parts.hostname, parts.port or 443, Guard(tuple(settings.SITEMEND_ALLOWED_NETWORKS)))
        return _facts_of(x509.load_der_x509_certificate(der))
    except (OSError, ssl.SSLError, UnicodeError, ValueError):
        return {}  # no way to it, or nothing that can be read: the message of the failure tells


def _facts_of(found: x509.Certificate) -> dict[str, str]:
    try:
        names: Any = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    except (x509.ExtensionNotFound, ValueError):
        names = []
    facts = {
        "subject": found.subject.rfc4514_string(),
        "names": ", ".join(names[:20]),
        "issuer": found.issuer.rfc4514_string(),
        "from": _moment(found.not_valid_before_utc),
        "until": _moment(found.not_valid_after_utc),
    }
    return {name: value.replace("\x00", "")[:500] for name, value in facts.items()}


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
