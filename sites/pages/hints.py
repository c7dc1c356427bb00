"""Which pages of a site are worth watching, by its content management system and the links of its front page. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

from sites.texts import mark as _

_HREF = re.compile(r"""<a\b[^>]{0,500}?\bhref\s*=\s*["']([^"'#\s<>]{1,500})""", re.IGNORECASE)
_GENERATOR = re.compile(r"""<meta\b[^>]{0,200}name=["']generator["'][^>]{0,200}content=["']([^"'<>]{1,100})""", re.IGNORECASE)
_MOST_LINKS = 500

# By words of addresses in several languages, since slugs are translated; what is named first counts.
_ROLES: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (role, re.compile(rf"(?:^|[/=_-])(?:{words})(?:[/?&=_.-]|$)", re.IGNORECASE), reason)
    for role, words, reason in (
        ("checkout", "checkout|kasse|zur-kasse|commande|commander|caisse|cassa|finalizar-compra|pagar|order|bestellung",
         _("Where customers pay: a failure here costs the most.")),
        ("basket", "cart|basket|warenkorb|panier|carrello|carrito|cesta|winkelwagen",
         _("The shop's basket: made anew for every visitor, so it fails first when PHP does.")),
        ("shop", "shop|boutique|laden|negozio|tienda|winkel|products?|produkte|produits",
         _("The shop's list of products: made by other code than the front page.")),
        ("contact", "contact|contacts|kontakt|contattaci|contatti|contacto|nous-contacter",
         _("The contact page: its form is often the first thing a plug-in breaks.")),
        ("account", "my-account|account|mein-konto|mon-compte|mio-account|mi-cuenta|login|connexion|anmelden",
         _("Where customers log in: no cache serves it.")),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """A page that may be there. `recommended`: proposed with its box ticked."""

    path: str
    reason: str
    recommended: bool = False


def systems(html: str, headers: Sequence[tuple[str, str]]) -> frozenset[str]:
    """The content management systems that a front page shows signs of."""
    named = " ".join(
        [*_GENERATOR.findall(html), *(value for name, value in headers if name.lower() in ("x-generator", "x-powered-by"))]
    ).lower()
    links = " ".join(value for name, value in headers if name.lower() == "link").lower()
    text = html.lower()
    signs = {
        "wordpress": "wordpress" in named or "api.w.org" in links or "/wp-content/" in text or "/wp-includes/" in text,
        "woocommerce": "woocommerce" in named or "/plugins/woocommerce/" in text or "woocommerce-" in text,
        "prestashop": "prestashop" in named or "var prestashop" in text or "/modules/ps_" in text,
        "joomla": "joomla" in named or "/media/jui/" in text or "/media/system/js/" in text or "option=com_content" in text,
        "drupal": "drupal" in named or "drupal-settings-json" in text or "/sites/default/files/" in text,
    }
    return frozenset(name for name, there in signs.items() if there)


def links(html: str) -> list[str]:
    """Where the links of a page lead, as they stand there."""
    return [unescape(href) for href in _HREF.findall(html)[:_MOST_LINKS]]


def by_role(paths: Sequence[str]) -> list[Candidate]:
    """Of paths of the site, one for each thing that visitors do: pay, fill the basket, look at products, write, log in."""
    found: list[Candidate] = []
    for role, words, reason in _ROLES:
        path = min((path for path in paths if words.search(path)), key=lambda path: (path.count("/"), len(path)), default="")
        if path and all(path != other.path for other in found):
            found.append(Candidate(path, reason, recommended=role in ("basket", "checkout")))
    return found


def by_system(found: frozenset[str]) -> list[Candidate]:
    """The pages that these systems usually have; whether they are there must be looked at."""
    basket, checkout = _ROLES[1][2], _ROLES[0][2]
    candidates: list[Candidate] = []
    if "wordpress" in found:
        candidates += [
            Candidate("/wp-json/", _("WordPress's interface for its editor and apps: no page cache stands in front of it."), True),
            Candidate("/wp-login.php", _("WordPress's log-in: no cache serves it. Some firewalls count how often it is asked for.")),
        ]
    if "woocommerce" in found:
        candidates += [Candidate("/cart/", basket, True), Candidate("/checkout/", checkout, True)]
    if "prestashop" in found:
        candidates += [
            Candidate("/cart?action=show", basket, True),
            Candidate("/index.php?controller=authentication", _("PrestaShop's log-in: made anew for every visitor.")),
        ]
    if "joomla" in found:
        candidates.append(Candidate("/index.php?option=com_users&view=login", _("Joomla's log-in: made anew for every visitor."), True))
        candidates.append(Candidate("/administrator/", _("Joomla's administration: it fails when its database does.")))
    if "drupal" in found:
        candidates.append(Candidate("/user/login", _("Drupal's log-in: made anew for every visitor."), True))
    return candidates
