"""What the pages show of certificates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites.looks.certificates import threshold
from sites.models import Certificate, Site


@dataclass(frozen=True, slots=True)
class CertificateWords:
    """One certificate of a site in words, with the tone of its tag."""

    row: Certificate
    tone: str
    words: str
    until: str
    issuer: str


def certificate_words(site: Site, now: datetime | None = None) -> list[CertificateWords]:
    """The certificates of a site, the one that ends first first."""
    now = now or timezone.now()
    return [_words(row, now) for row in site.certificates.all()]


def _words(row: Certificate, now: datetime) -> CertificateWords:
    days = (row.not_after - now).days
    near = threshold(row.not_before, row.not_after, now)
    if row.not_after <= now:
        tone, words = "bad", _("Expired")
    else:
        tone = "ok" if near is None else "warn" if near > 1 else "bad"
        words = ngettext("%(n)d day left", "%(n)d days left", days) % {"n": days} if days else _("Ends within a day")
    until = date_format(timezone.localtime(row.not_after), "j F Y")
    return CertificateWords(row, tone, words, until, row.issuer or _("nobody known"))
