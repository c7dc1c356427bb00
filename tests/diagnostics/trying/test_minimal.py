"""The fewest that are to blame, and how many looks that takes."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from diagnostics.trying.minimal import Search


def searched(count: int, guilty: set[int]) -> tuple[tuple[int, ...], int]:
    looks: list[frozenset[int]] = []

    def look(out: frozenset[int]) -> bool:
        looks.append(out)
        return guilty <= out

    search = Search(look)
    assert search.is_well(frozenset(range(count)))
    return search.minimal(range(count)), len(looks)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16, 100])
def test_single_one_is_found_with_about_log2_looks(count: int) -> None:
    for guilty in range(count):
        found, looks = searched(count, {guilty})
        assert found == (guilty,)
        assert looks <= math.ceil(math.log2(count)) + 2


def test_every_pair_of_a_dozen_is_found() -> None:
    for pair in itertools.combinations(range(12), 2):
        found, looks = searched(12, set(pair))
        assert found == pair and looks <= 16


def test_several_are_found_among_many() -> None:
    rng = random.Random(7)
    for size in (3, 5, 9):
        guilty = set(rng.sample(range(60), size))
        found, looks = searched(60, guilty)
        assert set(found) == guilty and looks <= 2 * size * (math.log2(60) + 2)


def test_where_nothing_helps_there_is_no_answer() -> None:
    assert Search[int](lambda out: False).minimal(range(4)) == ()


def test_smallest_that_was_enough_is_known_when_a_search_is_cut_short() -> None:
    class Enough(Exception):
        pass

    def look(out: frozenset[int]) -> bool:
        if len(out) < 8:
            raise Enough
        return 3 in out

    search = Search(look)
    search.is_well(frozenset(range(16)))
    with pytest.raises(Enough):
        search.minimal(range(16))
    assert search.smallest == frozenset(range(8))
