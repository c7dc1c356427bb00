"""Cases: a generator breaks (or leaves alone) a fresh site and says what a diagnosis should find. Only the judge hears the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.lab.scene import Scene
from tests.lab.stack.web import Place


@dataclass(frozen=True)
class Truth:
    """`path` is relative to the folder above the docroot; `lines` are all that are right; `also` are causes as right as `cause`.

    The symptom is verified by a real request of `page`: a status of `statuses`, and `body` in what is answered. `of` requests are
    made where it shows only now and then.
    """

    cause: str
    path: str = ""
    lines: tuple[int, ...] = ()
    also: tuple[str, ...] = ()
    page: str = "/"
    statuses: tuple[int, ...] = (500,)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    of: int = 1
    paths: tuple[str, ...] = ()  # others that are as right
    is_empty: bool = False  # nothing is answered

    def why_not_shown(self, place: Place) -> str:
        """ "" when the symptom is there, else what was answered instead."""
        seen = []
        for _ in range(self.of):
            status, body = place.get(self.page, self.headers)
            told = place.setup.shows_errors and status == 200 and re.search(rb"<b>(Fatal|Parse) error</b>", body)
            if (status in self.statuses and self.body in body and not (self.is_empty and body.strip())) or told:
                return ""
            seen.append(f"{status} {b' '.join(body.split())[:160]!r}")
        return f"{self.page} answered {'; '.join(sorted(set(seen)))}"


Generator = Callable[[Scene], Truth]


@dataclass(frozen=True)
class Case:
    """One generator at one kind of place with one kind of site."""

    name: str  # "htaccess.misspelt"
    generate: Generator
    places: tuple[str, ...]
    sites: tuple[str, ...]
    is_well: bool = False

    @property
    def can_be_met_well(self) -> bool:
        """Not where something else stands in for PHP from the beginning."""
        return not set(self.places) & {"dead", "crash", "mute", "refused"}

    @property
    def group(self) -> str:
        return self.name.partition(".")[0]


CASES: list[Case] = []
APACHE = ("plain", "shared", "ovh")
LOGGED = ("plain", "shared", "fcgid")  # where the account sees the logs of Apache
PHP = (*LOGGED, "engine", "own-log")  # where it sees what PHP says
SHOWN = (*PHP, "shown")  # or anybody does


def case(places: tuple[str, ...], *sites: str, times: int = 1, is_well: bool = False) -> Callable[[Generator], Generator]:
    """Registers a generator. The seed chooses one of the places and one of the kinds of site. `times`: how many cases of it there are."""

    def register(generate: Generator) -> Generator:
        group = generate.__module__.rpartition(".")[2]
        name = f"{group}.{generate.__name__.rstrip('_').replace('_', '-')}"
        for number in range(times):
            CASES.append(Case(name if times == 1 else f"{name}-{number + 1}", generate, places, sites, is_well))
        return generate

    return register


def well(places: tuple[str, ...], *sites: str, times: int = 1) -> Callable[[Generator], Generator]:
    """Registers a generator of sites that are well."""
    return case(places, *sites, times=times, is_well=True)
