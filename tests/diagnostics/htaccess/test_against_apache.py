"""The linter's verdict against that of a real Apache, file by file."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from diagnostics.htaccess.lint import first_refused, lint
from tests.diagnostics.htaccess.corpus import FAULTY, SOUND
from tests.diagnostics.htaccess.differing import SERVER, Case, ask, confusion
from tests.diagnostics.htaccess.made import Made, make
from tests.lab.apache import why_missing

pytestmark = pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache is here")

SAMPLE, WHOLE = 800, 6000


def test_linter_agrees_with_apache_on_the_corpus(base: Path) -> None:
    files = [Made(f"sound {name}", content) for name, content in SOUND.items()]
    files += [Made(f"faulty {name}", content, line) for name, (content, _cause, line) in FAULTY.items()]
    cases = ask(files, base)
    assert [case.refused for case in cases] == [False] * len(SOUND) + [True] * len(FAULTY), confusion(cases)
    assert all(case.refused == (case.fault is not None) for case in cases), confusion(cases)


def judged(cases: list[Case]) -> None:
    """No false alarm; of what is refused 95 in 100 named with the right cause and line. Prints the confusion."""
    told = confusion(cases)
    print(told)
    refused = [case for case in cases if case.refused]
    assert [case for case in cases if not case.refused and case.fault is not None] == [], told
    assert sum(case.is_right for case in refused) >= 0.95 * len(refused), told
    assert len(refused) > len(cases) // 4
    lines = [case for case in refused if case.made.line]
    astray = [
        f"{case.made.content!r} line {case.made.line}, led to {case.placed} by {case.said}"
        for case in lines
        if case.placed != case.made.line
    ]
    assert len(astray) <= 0.02 * len(lines), "\n".join(astray)
    assert len(refused) < len(cases) * 3 // 4


def test_linter_agrees_with_apache_on_files_made_from_todays_seed(base: Path) -> None:
    seed = int(os.environ.get("TEST_SEED") or time.strftime("%Y%m%d", time.gmtime()))
    judged(ask([make(seed * 1000 + number) for number in range(SAMPLE)], base))


@pytest.mark.full
def test_linter_agrees_with_apache_on_thousands_of_files(base: Path) -> None:
    judged(ask([make(number) for number in range(WHOLE)], base))


def test_first_fault_is_the_one_that_apache_names(base: Path) -> None:
    """Reading comes before looking: a section that is not closed is named before a wrong word above it."""
    content = b"RewritEngine On\nHeadr set A b\n<Files x>\nRequire all denied\n"
    case = ask([Made("two", content)], base)[0]
    assert "was not closed" in case.said
    faults = lint(content, SERVER)
    assert [fault.line for fault in faults] == [1, 2, 3]
    first = first_refused(faults)
    assert first is not None and first.line == 3
