"""Which cases, over which transports."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_network
from random import Random

from django.test import override_settings

from tests.lab.cases.base import Case

WELL_SHARE = 0.25  # of a sample


def chosen(cases: Sequence[Case], seed: str, only: str = "", sample: int = 0) -> list[Case]:
    """Those whose name holds one of the words of `only`; of these a sample of faults and of well sites, by the seed."""
    words = [word.strip() for word in only.split(",") if word.strip()]
    fitting = [case for case in cases if not words or any(word in case.name for word in words)]
    if not sample or sample >= len(fitting):
        return fitting
    rng = Random(f"{seed} sample")
    wells = [case for case in fitting if case.is_well]
    faults = [case for case in fitting if not case.is_well]
    count = min(len(wells), round(sample * WELL_SHARE))
    return rng.sample(faults, min(len(faults), sample - count)) + rng.sample(wells, count)


def transports_of(wanted: str, there: tuple[str, ...], seed: str) -> tuple[str, ...]:
    """`wanted`: "all", "random" (one by the seed) or a name."""
    if wanted == "all":
        return there
    return (Random(f"{seed} transport").choice(there),) if wanted == "random" else (wanted,)


def is_early(wanted: str, seed: str) -> bool:
    """`wanted`: "late", "early" or "random" (by the seed)."""
    return Random(f"{seed} early").random() < 0.5 if wanted == "random" else wanted == "early"


@contextmanager
def prepared() -> Iterator[None]:
    """Loopback is allowed, as by an administrator whose sites are in the own network. That no broker runs here is not told each time."""
    told = logging.getLogger("sites.queueing")
    level = told.level
    told.setLevel(logging.ERROR)
    try:
        with override_settings(SITEMEND_ALLOWED_NETWORKS=(ip_network("127.0.0.0/8"),)):
            yield
    finally:
        told.setLevel(level)
