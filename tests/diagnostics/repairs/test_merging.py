"""Our change taken out of what others changed since: only where no line is in question."""

from __future__ import annotations

import random
import time

import pytest

from diagnostics.repairs.merging import MOST_LINES, merge

WROTE = b"one\r\ntwo\r\nOURS\r\nfour\r\nfive\r\nsix\r\n"
BEFORE = WROTE.replace(b"OURS", b"old")


@pytest.mark.parametrize(
    ("now", "merged"),
    [
        (WROTE + b"theirs\r\n", BEFORE + b"theirs\r\n"),
        (b"theirs\r\n" + WROTE, b"theirs\r\n" + BEFORE),
        (WROTE.replace(b"five", b"FIVE"), BEFORE.replace(b"five", b"FIVE")),
        (WROTE.replace(b"six\r\n", b"six"), BEFORE.replace(b"six\r\n", b"six")),
        (WROTE, BEFORE),
        (BEFORE + b"theirs\r\n", BEFORE + b"theirs\r\n"),  # they put our line back themselves
        (WROTE.replace(b"OURS", b"theirs"), None),
        (WROTE.replace(b"four", b"theirs"), None),  # the very next line: a person decides
        (WROTE.replace(b"OURS\r\n", b""), None),
        (WROTE.replace(b"\r\n", b"\n"), None),
        (b"", None),
        (WROTE + b"\0", None),
    ],
)
def test_merge_takes_back_our_lines_and_keeps_theirs(now: bytes, merged: bytes | None) -> None:
    assert merge(WROTE, BEFORE, now) == merged


def test_merge_is_the_same_whichever_comes_first() -> None:
    seeded = random.Random(7)
    for _round in range(300):
        common = [b"line %d\n" % seeded.randrange(4) for _line in range(seeded.randrange(12))]
        one, other = (list(common) for _version in range(2))
        for version in (one, other):
            if version:
                version[seeded.randrange(len(version))] = b"x\n"
            version.insert(seeded.randrange(len(version) + 1), b"y\n")
        versions = b"".join(one), b"".join(other)
        assert merge(b"".join(common), *versions) == merge(b"".join(common), *versions[::-1])


def test_merge_of_thousands_of_equal_lines_takes_a_moment() -> None:
    began = time.process_time()
    same = b"}\n" * (MOST_LINES // 2)
    assert merge(b"a\n" + same + b"b\n", b"A\n" + same + b"b\n", b"a\n" + same + b"c\n") is not None
    assert merge(b"}\n" * MOST_LINES * 2, b"", b"") is None
    assert time.process_time() - began < 5
