"""A case at a place: a fresh site, seen to be well, then what the case does to it, seen to show."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from tests.lab.cases import Case, Truth
from tests.lab.scene import Scene
from tests.lab.sites import FILL, noise
from tests.lab.stack import Stack


class LabFault(Exception):
    """The lab itself is wrong: a site is not well before it is broken, or a fault does not show."""


@dataclass(frozen=True)
class Earlier:
    """The site before anything was broken: pages that were seen to be well, the names of its files, the digests of its code.

    Of WordPress no digests are kept: what it loses can be had where it is published, or done without.
    """

    pages: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    texts: Mapping[str, bytes] = field(default_factory=dict)  # what each page answered
    contents: Mapping[str, str] = field(default_factory=dict)  # the digest of each file, by its name


@dataclass(frozen=True)
class Planted:
    case: Case
    scene: Scene
    truth: Truth
    site: str  # the kind of site
    earlier: Earlier = Earlier()


@contextmanager
def planted(stack: Stack, case: Case, seed: str, *, while_well: Callable[[Scene], None] | None = None) -> Iterator[Planted]:
    """The same seed makes the same site. `while_well`: called before anything is broken, which then is broken now. Raises LabFault."""
    rng = Random(f"{seed} {case.name}")
    place = stack.places[rng.choice(case.places)]
    kind = rng.choice(case.sites)
    scene = Scene(place, stack.databases, rng)
    try:
        scene.clear()
        FILL[kind](scene)
        noise.add(scene)
        _expect_well(scene, before=True)
        if while_well:
            while_well(scene)
            scene.breaks_now = True
        earlier = _earlier(scene, kind)
        truth = case.generate(scene)
        if case.is_well:
            _expect_well(scene, before=False, statuses=truth.statuses)
        elif why := truth.why_not_shown(place):
            raise LabFault(f"{case.name} at {place.setup.name} with {kind}: {why}, expected {truth.statuses}")
        if truth.page not in scene.pages:
            scene.pages.append(truth.page)
        yield Planted(case, scene, truth, kind, earlier)
    finally:
        scene.close()


_OF_EVERY_WORDPRESS = ("/?page_id=2",)  # the sample page


def _earlier(scene: Scene, kind: str) -> Earlier:
    digests = frozenset() if kind == "wordpress" else digests_of_code(scene)
    contents = contents_of(scene)
    pages = (*scene.pages, *(_OF_EVERY_WORDPRESS if kind == "wordpress" else ()))
    texts = {page: scene.place.get(page)[1] for page in pages} if scene.place.setup.runs_php else {}
    return Earlier(frozenset(scene.pages), frozenset(contents), digests, texts, contents)


def contents_of(scene: Scene) -> dict[str, str]:
    """The digest of every file of the account, by its name."""
    home = scene.place.home
    files = (path for path in home.rglob("*") if path.is_file())
    return {str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


_CODE = re.compile(r"\.(?:php|html?)", re.IGNORECASE)


def digests_of_code(scene: Scene) -> frozenset[str]:
    """Of every file of PHP and every page of the account, wherever it lies and whatever its name is now."""
    files = (path for path in scene.place.home.rglob("*") if _CODE.search(path.name) and path.is_file())
    return frozenset(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)


def _expect_well(scene: Scene, *, before: bool, statuses: tuple[int, ...] = (200,)) -> None:
    """Where something else stands in for PHP there is nothing to see before the fault."""
    if not scene.place.setup.runs_php:
        return
    for page in scene.pages:
        status, body = scene.place.get(page)
        if status not in statuses or (status == 200 and len(body) < 100):
            moment = "before it was broken" if before else "though it should be well"
            raise LabFault(f"{scene.place.setup.name}{page} answered {status} {body[:300]!r} {moment}")
