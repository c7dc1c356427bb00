"""What was found on a hosting account as rows of a page, and those a person chose as an import that waits for its yes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db.models import Q
from django.utils.translation import gettext as _

from diagnostics.facts.software import TITLES
from diagnostics.models import AccountLook, FoundSite
from sites import wording
from sites.importing import previews
from sites.importing.rows import Row
from sites.importing.sources import ACCOUNT, Parsed
from sites.models import Host, Site, SiteImport
from sites.probing.outcome import Kind

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

MOST_URL = 500


@dataclass(slots=True)
class Choice:
    """An address a found site may have, with what speaks for it."""

    url: str
    words: str


@dataclass(slots=True)
class FoundRow:
    """One site on an account. `site`: the registered one; `is_chosen`: marked by a person, or before that, known to answer.

    `typed` and `picked`: an address as a person sent it."""

    found: FoundSite
    title: str
    choices: list[Choice] = field(default_factory=list)
    site: Site | None = None
    is_chosen: bool = False
    typed: str = ""
    picked: str = ""

    @property
    def offered(self) -> str:
        """What stands in the field for typing before anybody types: the only address that is known."""
        return self.choices[0].url if len(self.choices) == 1 else ""

    @property
    def address(self) -> str:
        """What stands in that field."""
        return self.typed or self.offered


@dataclass(slots=True)
class Summary:
    """How the last look at an account went, for the account's own page."""

    look: AccountLook | None
    found: int = 0
    new: int = 0


def rows(host: Host) -> list[FoundRow]:
    """Everything found on the host, what is not registered first, in two queries."""
    found = list(host.found_sites.all())
    registered = _Registered(host, found)
    made = [_row(each, registered.site_of(each)) for each in found]
    return sorted(made, key=lambda row: (row.site is not None, row.found.docroot))


def sent(host: Host, typed: Mapping[str, str], marked: Iterable[int]) -> tuple[list[FoundRow], int]:
    """The rows as a person sent them; those with an address typed but no mark are marked. Returns how many these are, too."""
    chosen_ids, forgotten = set(marked), 0
    made = rows(host)
    for row in made:
        row.typed = typed.get(f"url-{row.found.pk}", "").strip()[:MOST_URL]
        row.picked = typed.get(f"choice-{row.found.pk}", "")
        was_typed = row.site is None and row.typed not in ("", row.offered)
        row.is_chosen = row.found.pk in chosen_ids or was_typed
        forgotten += was_typed and row.found.pk not in chosen_ids
    return made, forgotten


def summary(host: Host) -> Summary:
    """The last look, with how many sites it found and how many of them are not registered."""
    listed = rows(host)
    return Summary(AccountLook.objects.filter(pk=host.pk).first(), len(listed), sum(row.site is None for row in listed))


def chosen(host: Host, user: AbstractBaseUser, typed: Mapping[str, str], marked: Iterable[int]) -> SiteImport | None:
    """Keeps the marked sites, with the address typed or chosen for each, as an import to look at first. None when nothing is marked."""
    wanted = list(host.found_sites.filter(pk__in=list(marked)))
    if not wanted:
        return None
    imported = [_import_row(number, each, host, typed) for number, each in enumerate(wanted, 1)]
    return previews.keep(Parsed(ACCOUNT, imported), user=user, team=host.team, file_name=host.name)


def _import_row(number: int, found: FoundSite, host: Host, typed: Mapping[str, str]) -> Row:
    url = (typed.get(f"url-{found.pk}", "").strip() or typed.get(f"choice-{found.pk}", "").strip())[:MOST_URL]
    if url and "://" not in url:
        url = f"https://{url}"
    values = {"name": name_of(url), "url": url, "host": host.name, "docroot": found.docroot, "error_log": found.error_log}
    return Row(number, values)


def name_of(url: str) -> str:
    """ "example.org/blog" for "https://www.example.org/blog/"; a port tells sites of one machine apart."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return url[:100]
    return f"{(parts.hostname or '').removeprefix('www.')}{port}{parts.path.rstrip('/')}"[:100]


def _row(found: FoundSite, site: Site | None) -> FoundRow:
    title = f"{_(TITLES.get(found.software, found.software))} {found.version}".strip()
    choices = [Choice(each["url"], _choice_words(each)) for each in found.addresses]
    answered = bool(found.addresses) and found.addresses[0]["kind"] not in ("", Kind.UNREACHABLE)
    return FoundRow(found, title, choices, site, is_chosen=answered)


def _choice_words(address: dict[str, Any]) -> str:
    """What names an address, and how it answered when it was asked once."""
    why = _("from %(what)s") % {"what": _(address["why"])}
    if not address["kind"]:
        return why
    answer = _("answers") if address["kind"] == Kind.OK else wording.kind_words(address["kind"], address["status"])
    return f"{why} · {answer}"


class _Registered:
    """The team's sites that may be among those found: by their folder on this host, else by their address."""

    def __init__(self, host: Host, found: Iterable[FoundSite]) -> None:
        self.by_folder: dict[str, Site] = {}
        self.by_address: dict[str, Site] = {}
        urls = {url for each in found for address in each.addresses for url in _spellings(address["url"])}
        near = Site.objects.filter(team=host.team_id).filter(Q(host=host) | Q(url__in=urls))
        for site in near.only("pk", "name", "url", "docroot", "host_id", "verdict", "kind", "paused_at"):
            if site.host_id == host.pk and site.docroot:
                self.by_folder[site.docroot.rstrip("/")] = site
            else:
                self.by_address[_plain(site.url)] = site

    def site_of(self, found: FoundSite) -> Site | None:
        here = self.by_folder.get(found.docroot.rstrip("/"))
        named = (self.by_address.get(_plain(each["url"])) for each in found.addresses)
        return here or next(filter(None, named), None)


def _plain(url: str) -> str:
    """An address without what makes no other site of it: scheme, "www.", the last slash."""
    return url.partition("://")[2].removeprefix("www.").rstrip("/").lower()


def _spellings(url: str) -> Iterator[str]:
    plain = _plain(url)
    for scheme in ("https", "http"):
        for host in (plain, f"www.{plain}"):
            yield from (f"{scheme}://{host}", f"{scheme}://{host}/")
