from __future__ import annotations

import random

import pytest

from sites.history import rollups
from sites.history.rollups import Figures


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 1.0])
def test_percentile_is_right_within_a_class(share):
    chance = random.Random(7)
    times = sorted(chance.lognormvariate(5, 1) for _ in range(2000))
    merged = rollups.merge([{rollups.time_class(ms): 1} for ms in times])
    exact = times[max(0, round(share * len(times)) - 1)]
    assert exact / 1.21 <= rollups.percentile(merged, share) <= exact * 1.21


def test_percentile_of_nothing_is_nothing():
    assert (rollups.percentile({}, 0.5), rollups.availability(0, 0), rollups.availability(3, 1)) == (None, None, 0.75)


@pytest.mark.parametrize("ms", [0.0, 0.4, 1.0, 1.2, 38.0, 60_000.0])
def test_class_holds_its_time(ms):
    assert rollups.upper_ms(rollups.time_class(ms)) >= ms - 1e-6


def test_endless_time_is_in_the_last_class():
    assert rollups.time_class(1e300) == 127


def test_times_come_back_as_they_were_packed():
    chance = random.Random(3)
    for _round in range(200):
        times = {chance.randrange(128): chance.choice([1, 2, 127, 128, 200, 70_000]) for _ in range(chance.randrange(30))}
        assert rollups.unpack_times(rollups.pack_times(times)) == times


def test_minutes_come_back_as_they_were_packed():
    chance = random.Random(5)
    for _round in range(200):
        minutes = {}
        for minute in chance.sample(range(60), chance.randrange(60)):
            times = {chance.randrange(60): chance.choice([1, 1, 1, 300]) for _ in range(chance.choice([0, 1, 1, 3]))}
            good = max(sum(times.values()), chance.choice([0, 1, 200]))
            minutes[minute] = Figures(good, chance.choice([0, 0, 0, 1]), chance.choice([0, 0, 0, 130]), times)
        assert rollups.unpack_minutes(rollups.pack_minutes(minutes)) == minutes


def test_minute_with_one_good_answer_takes_two_bytes():
    assert len(rollups.pack_minutes({n: Figures(good=1, times={27: 1}) for n in range(60)})) == 120


def test_sum_of_spans_is_their_figures_together():
    found = rollups.total([Figures(1, 2, 3, {5: 1}), Figures(10, 0, 0, {5: 2, 6: 1})])
    assert found == Figures(11, 2, 3, {5: 3, 6: 1})
