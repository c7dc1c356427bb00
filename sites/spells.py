"""How a failure shows itself over time: all the time, or now and then and how often. Pure.

The last samples of a page are the bits of one number, the newest in the lowest, a failure being a 1. A page that has been
well for long is the number 0: it costs nothing to keep and nothing to judge.
"""

from __future__ import annotations

import math

MEMORY = 256  # samples that are remembered; more than the longest row of good ones that a recovery asks for
EVIDENCE = 100  # the newest of them, within which separate failures belong together
SEPARATE_FAILURES = 5  # so many, each dismissed by quick probes, are a failure that comes and goes
CONFIRMED_SPELLS, CONFIRMED_FAILURES = 3, 6  # fewer spells are enough where they were longer
_CHANCE = 0.001  # a row of good samples ends a failure now and then when luck would bring it less often than this
_CHANCE_OF_RUN = 1e-5  # the same for a row of bad ones: a day has 1,440 probes in which it may come by luck
_MOST_GOODS, _FEWEST_BADS, _MOST_BADS = 150, 3, 25
_BADS_AFTER_LITTLE = 12  # where too little came before to know a rate
_NEARLY_ALWAYS = 0.9  # from here on one good answer among many bad ones is the exception

_ALL = (1 << MEMORY) - 1
_NEWEST = (1 << EVIDENCE) - 1


def note(fails: int, good: bool) -> int:
    """One sample more."""
    return ((fails << 1) | (not good)) & _ALL


def note_many(fails: int, good: bool, times: int) -> int:
    """The same sample so many times in a row."""
    if times >= MEMORY:
        return 0 if good else _ALL
    return ((fails << times) | (0 if good else (1 << times) - 1)) & _ALL


def good_run(fails: int) -> int:
    """How many good samples came after the last bad one; 0 when none was bad."""
    return (fails & -fails).bit_length() - 1 if fails else 0


def bad_run(fails: int) -> int:
    """How many bad samples in a row came last."""
    return (fails ^ (fails + 1)).bit_length() - 1


def is_recurring(fails: int) -> bool:
    """Whether separate failures came so close together that they are one failure that comes and goes."""
    return _is_row(fails & _NEWEST)


def _is_row(fails: int) -> bool:
    if fails.bit_count() < SEPARATE_FAILURES:
        return False
    spells = _runs(fails | (fails << 1))  # one good sample in between does not make two spells
    return spells >= SEPARATE_FAILURES or (spells >= CONFIRMED_SPELLS and fails.bit_count() >= CONFIRMED_FAILURES)


def is_intermittent(fails: int, within: int) -> bool:
    """Whether the failure that began `within` samples ago came and went, and has not become one that stays since."""
    if not fails:
        return False
    run = bad_run(fails)
    if run >= _FEWEST_BADS and run >= _bads_for_permanence(fails >> run, within - run):
        return False
    comes_and_goes = _is_row(fails >> good_run(fails)) or _runs(_of_failure(fails, within)) > 1
    return comes_and_goes and failure_rate(fails, within) <= _NEARLY_ALWAYS


def failure_rate(fails: int, within: int) -> float:
    """Which share of samples fails while it fails. The first failure is left out: it is why we looked.

    With the last one of the row counted and the first one not, this is the usual estimate for trials until a failure.
    """
    measured = _measured(fails, within)
    bads, samples = measured.bit_count(), measured.bit_length()
    return (bads - 1) / (samples - 1) if samples > 1 else 1.0


def goods_for_recovery(fails: int, within: int) -> int:
    """So many good samples in a row end a failure of this rate: fewer could be luck. 2 for one that is there all the time."""
    run = good_run(fails)
    before, within = fails >> run, within - run
    if not is_intermittent(before, within) or not (_is_row(before) or _runs(_of_failure(before, within)) > 2):
        return 2
    rate = failure_rate(before, within)
    spread = math.sqrt(rate * (1 - rate) / max(1, _measured(before, within).bit_length()))  # the true rate may well be so much lower
    rate = min(max(rate - spread, 0.02), 0.98)
    return min(_MOST_GOODS, max(3, math.ceil(math.log(_CHANCE) / math.log(1 - rate))))


def was_solid(fails: int, within: int) -> bool:
    """Whether the last failure was there all the time, from its beginning to its end."""
    base = fails >> good_run(fails)
    return bad_run(base) >= 2 and not _is_row(base) and _runs(_of_failure(fails, within)) == 1


def _bads_for_permanence(before: int, within: int) -> int:
    """So many bad samples in a row are more than what the rate before them would bring."""
    if before.bit_count() <= 3:
        return _BADS_AFTER_LITTLE
    rate = min(max(failure_rate(before, within), 0.02), 0.98)
    return min(_MOST_BADS, max(_FEWEST_BADS, math.ceil(math.log(_CHANCE_OF_RUN) / math.log(rate))))


def _measured(fails: int, within: int) -> int:
    """The samples that the rate is taken from: up to the newest failure, back to the first that belongs to it."""
    base = fails >> good_run(fails)
    if not _is_row(base):
        return _of_failure(fails, within)
    return base & _NEWEST if _is_row(base & _NEWEST) else base


def _of_failure(fails: int, within: int) -> int:
    """The samples of the last failure only, up to its newest bad one."""
    run = good_run(fails)
    return (fails >> run) & ((1 << max(1, within - run)) - 1)


def separate_failures(fails: int) -> tuple[int, int]:
    """(failures, samples) of the evidence, for a sentence."""
    near = fails & _NEWEST
    return near.bit_count(), near.bit_length()


def one_in(rate: float) -> int:
    """The rate as people say it: about 1 of so many; at least 2."""
    return max(2, round(1 / rate)) if rate > 0 else 0


def _runs(bits: int) -> int:
    """How many unbroken rows of ones."""
    return (bits & ~(bits << 1)).bit_count()
