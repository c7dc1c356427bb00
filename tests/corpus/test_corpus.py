"""Every answer of the corpus is recognised as what it is, and nothing that only looks like a failure is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus import made
from tests.corpus.case import Case
from tests.corpus.software import SOURCES, Source


def wrong(cases: list[Case]) -> list[str]:
    return [f"{case.name}: {case.found()} instead of {case.kind}" for case in cases if not case.is_right]


def test_made_answers_are_recognised() -> None:
    cases = made.cases()
    assert len({case.name for case in cases}) == len(cases) >= 75
    assert wrong(cases) == []
    assert [case.name for case in cases if case.is_false_alarm] == []


def test_a_fifth_is_set_aside() -> None:
    cases = made.cases()
    assert 0.15 < sum(case.unseen for case in cases) / len(cases) < 0.3


@pytest.mark.parametrize("source", [pytest.param(each, id=each.name, marks=() if each.quick else pytest.mark.full) for each in SOURCES])
def test_answers_of_software_are_recognised(source: Source, tmp_path: Path) -> None:
    if source.why_missing():
        pytest.skip(source.why_missing())
    folder = tmp_path
    while folder != folder.parent and folder.stat().st_mode & 0o005 != 0o005:  # servers give up root and read below it
        folder.chmod(folder.stat().st_mode | 0o055)
        folder = folder.parent
    cases = list(source.make(tmp_path))
    assert cases
    assert wrong(cases) == []
    assert [case.name for case in cases if case.is_false_alarm] == []
