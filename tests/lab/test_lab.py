"""A sample of the lab, another one each time: the seed is printed, SITEMEND_LAB_SEED repeats it. The whole is marked `full`."""

from __future__ import annotations

import os
import random
from collections.abc import Collection, Iterator

import pytest

from tests.lab.cases import CASES, Case
from tests.lab.mending_board import mended_per_cause, mended_per_transport, mending_verdict, not_mended
from tests.lab.planting import planted
from tests.lab.running import Run, run_case
from tests.lab.scoreboard import misses, per_cause, per_transport, verdict
from tests.lab.selecting import chosen, is_early, prepared, transports_of
from tests.lab.stack import Stack, started, why_missing

SAMPLE = 30
# Of 22 faults. A product that names 97 % of them misses more than that once in 260 samples, one that names 99 % once in 15,000, one that
# names 85 % in nearly every second. The bars themselves are held to the whole lab.
MOST_MISSES = 3
MENDED = 3  # of the sample: so many, one of them well, are repaired too, and all is undone


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    if why := why_missing():
        pytest.skip(why)
    with started() as made, made.directory.in_use():
        yield made


@pytest.fixture(scope="module")
def seed() -> str:
    return os.environ.get("SITEMEND_LAB_SEED") or str(random.SystemRandom().randrange(10**6))


def _runs(stack: Stack, cases: list[Case], seed: str, transport: str, mended: Collection[Case] = ()) -> list[Run]:
    found = []
    with prepared():
        for case in cases:
            own = f"{seed} {case.name}"
            over = transports_of(transport, stack.doors.transports, own)
            found.append(run_case(stack, case, seed, over, early=is_early("random", own), mend=case in mended))
    return [run for runs in found for run in runs]


def test_catalogue_of_cases_is_large_enough() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert sum(not case.is_well for case in CASES) >= 80
    assert sum(case.is_well for case in CASES) >= 25


def test_same_seed_makes_the_same_site(stack: Stack) -> None:
    case = next(case for case in CASES if case.name == "htaccess.argument-1")
    seen = []
    for seed in ("1", "1", "2"):
        with planted(stack, case, seed) as site:
            seen.append((site.truth.path, site.truth.lines, site.scene.read(site.truth.path)))
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.timeout(600)  # ends what hangs; how long a diagnosis may take is held below
@pytest.mark.django_db(transaction=True)
def test_sample_of_sites_is_diagnosed(stack: Stack, seed: str, settings: object) -> None:
    cases = chosen(CASES, seed, sample=SAMPLE)
    runs = _runs(stack, cases, seed, "random", (*cases[: MENDED - 1], cases[-1]))
    said = f"SITEMEND_LAB_SEED={seed}\n{misses(runs)}\n{per_transport(runs)}\n{not_mended(runs)}"
    print(said)
    assert sum(run.mended is not None for run in runs) >= MENDED - 1, said
    assert [missed for missed in mending_verdict(runs) if "cured" not in missed or "is not" in missed] == [], said
    assert [run.fault for run in runs if run.fault] == [], said
    assert [run.case for run in runs if run.score.alarms] == [], said
    assert sum(run.score.cause is False for run in runs) <= MOST_MISSES, said
    assert sum(run.score.file is False for run in runs) <= MOST_MISSES, said
    assert sum(run.score.line is False for run in runs) <= MOST_MISSES + 1, said
    assert max(run.seconds for run in runs) <= 20, said


@pytest.mark.full
@pytest.mark.timeout(7200)
@pytest.mark.django_db(transaction=True)
def test_all_sites_are_diagnosed_over_every_transport(stack: Stack, seed: str, settings: object) -> None:
    runs = _runs(stack, CASES, seed, "all")
    print(f"SITEMEND_LAB_SEED={seed}", per_cause(runs), misses(runs), per_transport(runs), sep="\n")
    assert verdict(runs) == [], f"SITEMEND_LAB_SEED={seed}\n{misses(runs)}"


@pytest.mark.full
@pytest.mark.timeout(7200)
@pytest.mark.django_db(transaction=True)
def test_all_sites_are_repaired_and_put_back(stack: Stack, seed: str, settings: object) -> None:
    runs = _runs(stack, CASES, seed, "random", CASES)
    print(f"SITEMEND_LAB_SEED={seed}", mended_per_cause(runs), not_mended(runs), mended_per_transport(runs), sep="\n")
    assert mending_verdict(runs) == [], f"SITEMEND_LAB_SEED={seed}\n{not_mended(runs)}"
