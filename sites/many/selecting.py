"""Which sites are meant: what a person asked to see of the list, and what they chose in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.base_user import AbstractBaseUser
from django.core import signing
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from sites import wording
from sites.models import Incident, Membership, Site
from sites.probing.outcome import Kind

MOST_WORDS = 8
CHOICE_FOR_S = 3600  # a choice that waits for its yes longer than this is made anew
_SALT = "sites.many.selecting"

FILTERS: dict[str, Q] = {
    "down": Q(verdict="down", paused_at=None),
    "suspect": Q(verdict="suspect", paused_at=None),
    "blocked": Q(verdict="unknown", kind="blocked", paused_at=None),
    "up": Q(verdict="up", paused_at=None),
    "no-connection": Q(host=None),
    "paused": Q(paused_at__isnull=False),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person asked to see of the list."""

    search: str = ""
    only: str = ""  # a key of FILTERS
    tag: str = ""
    host: int = 0  # key of a hosting account
    imported: int = 0  # key of an import

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Wanted:
        """From the address of a page; what makes no sense is left out."""
        only = query.get("only", "")
        return cls(
            search=_plain(query.get("q", "")),
            only=only if only in FILTERS else "",
            tag=_plain(query.get("tag", "")),
            host=_number(query.get("host", "")),
            imported=_number(query.get("import", "")),
        )

    @property
    def query(self) -> str:
        """The same as the query part of an address."""
        named = {"q": self.search, "only": self.only, "tag": self.tag, "host": self.host, "import": self.imported}
        return urlencode({name: value for name, value in named.items() if value})

    def __bool__(self) -> bool:
        return bool(self.query)


def _plain(text: str) -> str:
    """Without characters that no name holds: PostgreSQL takes no zero byte even to look for it."""
    return "".join(character for character in text if character.isprintable()).strip()[:100]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0


def own_sites(user: AbstractBaseUser) -> QuerySet[Site]:
    """The sites of a person's teams."""
    return Site.objects.filter(team__memberships__user=user)


def writable_teams(user: AbstractBaseUser) -> list[int]:
    """Keys of the teams in which the person may change things."""
    rows = Membership.objects.filter(user=user).exclude(role=Membership.Role.READER)
    return list(rows.order_by("team_id").values_list("team_id", flat=True))


def owned_teams(user: AbstractBaseUser) -> list[int]:
    """Keys of the teams that the person owns."""
    rows = Membership.objects.filter(user=user, role=Membership.Role.OWNER)
    return list(rows.order_by("team_id").values_list("team_id", flat=True))


def matching(sites: QuerySet[Site], wanted: Wanted) -> QuerySet[Site]:
    """Those that a filter lets through. Every word must be in the name, the address, a tag, the host, or what is wrong just now."""
    for word in wanted.search.split()[:MOST_WORDS]:
        sites = sites.filter(_says(word))
    if wanted.tag:
        sites = sites.filter(has_tag(wanted.tag))
    if wanted.host:
        sites = sites.filter(host_id=wanted.host)
    if wanted.imported:
        sites = sites.filter(imported_in_id=wanted.imported)
    return sites.filter(FILTERS.get(wanted.only, Q()))


def _says(word: str) -> Q:
    found = Q(name__icontains=word) | Q(url__icontains=word) | Q(tags__icontains=word)
    found |= Q(host__name__icontains=word) | Q(host__address__icontains=word)
    kinds = [kind.value for kind in Kind if len(word) > 2 and word.lower() in f"{kind.value} {wording.kind_words(kind)}".lower()]
    if kinds:
        found |= Q(kind__in=kinds)
    causes = Incident.objects.filter(site=OuterRef("pk"), resolved_at=None)
    return found | Q(Exists(causes.filter(Q(cause__icontains=word) | Q(cause_summary__icontains=word))))


def has_tag(tag: str) -> Q:
    """Whether a site carries this very tag: tags are words with single spaces between."""
    return Q(tags=tag) | Q(tags__startswith=f"{tag} ") | Q(tags__endswith=f" {tag}") | Q(tags__contains=f" {tag} ")


def tag_counts(sites: QuerySet[Site]) -> dict[str, int]:
    """The tags in use with how many sites carry each, by name."""
    counts: dict[str, int] = {}
    for words, number in sites.exclude(tags="").order_by().values_list("tags").annotate(number=Count("pk")):
        for word in words.split():
            counts[word] = counts.get(word, 0) + number
    return dict(sorted(counts.items(), key=lambda each: each[0].casefold()))


def seal_choice(ids: Iterable[int]) -> str:
    """Chosen sites as text for a form: exactly these are changed, whatever matches the filter by then."""
    before, steps = 0, []
    for pk in sorted(ids):
        steps.append(pk - before)
        before = pk
    return signing.dumps(steps, salt=_SALT, compress=True)


def open_choice(text: str) -> list[int]:
    """The sites of `seal_choice`. Raises BadSignature when it is another text, or too old."""
    found, at = [], 0
    for step in signing.loads(text, salt=_SALT, max_age=CHOICE_FOR_S):
        at += step
        found.append(at)
    return found
