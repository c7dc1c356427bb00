"""How a firewall can let our probes through: by who we say we are, by our addresses, or by a secret header of the site's own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from django.conf import settings
from django.db import transaction

from sites import credentials
from sites.models import Site
from sites.probing.engine import CONTACT_URL, USER_AGENT

PASS_HEADER = "X-Sitemend-Pass"  # noqa: S105 the name of a header, no secret
AGENT_WORD = "Sitemend"  # in every User-Agent of ours, whatever browser it stands for


_HTACCESS = """SetEnvIf %(header)s "^%(value)s$" sitemend_pass
<RequireAny>
    Require env sitemend_pass
    # the Require lines that stand there now
</RequireAny>"""


@dataclass(frozen=True, slots=True)
class Rule:
    """What to put into one firewall. `text` is to be copied; `id` names it in the page."""

    id: str
    firewall: str
    text: str


def user_agent() -> str:
    """The constant User-Agent of plain probes."""
    return USER_AGENT.replace(CONTACT_URL, settings.SITEMEND_BASE_URL)


def addresses() -> list[str]:
    """From where our probes come, as far as the operator told: never guessed."""
    return [_as_words(network) for network in settings.SITEMEND_EGRESS_ADDRESSES]


def _as_words(network: IPv4Network | IPv6Network) -> str:
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def has_pass(site: Site) -> bool:
    """Whether a secret header was made for this site. Raises SecretUnreadable."""
    return any(name.lower() == PASS_HEADER.lower() for name, _value in credentials.request_headers(site))


def make_pass(site: Site) -> str:
    """Stores a new secret header, sealed with the others, in place of an earlier one. Returns its value: it is never shown again."""
    value = secrets.token_hex(20)  # letters and digits only: no firewall reads them otherwise
    _store(site, value)
    return value


def remove_pass(site: Site) -> None:
    """The site gets no such header any more."""
    _store(site, "")


def _store(site: Site, value: str) -> None:
    with transaction.atomic():
        locked = Site.objects.select_for_update().get(pk=site.pk)
        kept = [(name, text) for name, text in credentials.request_headers(locked) if name.lower() != PASS_HEADER.lower()]
        headers = [*kept, (PASS_HEADER, value)] if value else kept
        credentials.set_site_secrets(locked, basic_password=credentials.basic_password(locked), headers=headers)
        locked.save(update_fields=["sealed_headers", "sealed_basic_password"])


def rules(value: str) -> list[Rule]:
    """What lets requests with this header value through, per firewall."""
    lower = PASS_HEADER.lower()
    return [
        Rule("cloudflare", "Cloudflare", f'any(http.request.headers["{lower}"][*] eq "{value}")'),
        Rule(
            "modsecurity",
            "ModSecurity",
            f'SecRule REQUEST_HEADERS:{PASS_HEADER} "@streq {value}" "id:1080443,phase:1,pass,nolog,ctl:ruleEngine=Off"',
        ),
        Rule("htaccess", ".htaccess (Apache 2.4)", _HTACCESS % {"header": PASS_HEADER, "value": value}),
    ]
