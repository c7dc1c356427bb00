"""What a person may do about a failure that can be told from outside, with or without a look into the hosting account."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sites.models import Incident
from sites.probing.outcome import Kind


@dataclass(frozen=True, slots=True)
class Advice:
    """`is_plain`: what was seen is the cause itself, so nothing in the hosting account would tell more."""

    text: str | Promise
    is_plain: bool = False


_NOBODY_ANSWERS = Advice(_("Look at your host's status page first. If it says nothing, tell its support the address and since when."))
_OF_WORDS = Advice(_("Open the page in your browser. If it was changed on purpose, correct the words: on the site's page, under Pages."))
_BY_DETAIL = {
    "tls-expired": Advice(
        _("Renew the certificate in your host's panel (SSL or HTTPS). If it should renew by itself, ask your host why it did not."), True
    ),
    "tls-name": Advice(
        _("Have your host issue a certificate for this name, with and without www. If the site has moved, correct its address here."), True
    ),
    "tls-untrusted": Advice(
        _("Have your host install a certificate of a known authority, together with the intermediate ones of its chain."), True
    ),
    "dns": Advice(_("Look at your registrar whether the domain is still paid for, and whether its name servers are the right ones."), True),
    **dict.fromkeys(("refused", "timeout", "connect-timeout", "unreachable", "empty", "reset", "tls"), _NOBODY_ANSWERS),
    **dict.fromkeys(("words-missing", "words-forbidden"), _OF_WORDS),
}
_BY_KIND: dict[str, Advice] = {
    Kind.SUSPENDED: Advice(_("Look for mail from your host: a bill, or a complaint. Only the host can take its page away."), True),
    Kind.GATEWAY_ERROR: Advice(
        _("Something in front of the site gets no answer from it. If it goes on, tell the host's support the page and since when.")
    ),
    Kind.REDIRECT_LOOP: Advice(
        _("Look at the site's own address in its settings, at .htaccess, and at what stands in front of it, such as Cloudflare.")
    ),
    Kind.MAINTENANCE: Advice(
        _("An update was probably broken off. In WordPress, remove the file .maintenance and start the update again.")
    ),
}


def advice(incident: Incident) -> Advice | None:
    """For this failure; None where its cause has to be looked for in the site itself."""
    if incident.kind in (Kind.UNREACHABLE, Kind.UNEXPECTED):
        return _BY_DETAIL.get(incident.detail)
    return _BY_KIND.get(incident.kind)
