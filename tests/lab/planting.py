"""A case at a place: a fresh site, seen to be well, then what the case does to it, seen to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from tests.lab.cases import Case, Truth
from tests.lab.scene import Scene
from tests.lab.sites import FILL, noise
from tests.lab.stack import Stack


class LabFault(Exception):
    """The lab itself is wrong: a site is not well before it is broken, or a fault does not show."""


@dataclass(frozen=True)
class Planted:
    case: Case
    scene: Scene
    truth: Truth
    site: str  # the kind of site


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
        truth = case.generate(scene)
        if case.is_well:
            _expect_well(scene, before=False, statuses=truth.statuses)
        elif why := truth.why_not_shown(place):
            raise LabFault(f"{case.name} at {place.setup.name} with {kind}: {why}, expected {truth.statuses}")
        if truth.page not in scene.pages:
            scene.pages.append(truth.page)
        yield Planted(case, scene, truth, kind)
    finally:
        scene.close()


def _expect_well(scene: Scene, *, before: bool, statuses: tuple[int, ...] = (200,)) -> None:
    """Where something else stands in for PHP there is nothing to see before the fault."""
    if not scene.place.setup.runs_php:
        return
    for page in scene.pages:
        status, body = scene.place.get(page)
        if status not in statuses or (status == 200 and len(body) < 100):
            moment = "before it was broken" if before else "though it should be well"
            raise LabFault(f"{scene.place.setup.name}{page} answered {status} {body[:300]!r} {moment}")
