"""How the lab judges: the first finding counts, other files and causes only where they are as right, and notes are no alarms."""

from __future__ import annotations

import pytest

from tests.lab.cases.base import Truth
from tests.lab.judging import Score, judge
from tests.lab.running import Run
from tests.lab.scoreboard import misses, verdict
from tests.lab.selecting import chosen, transports_of

TRUTH = Truth("php-parse-error", "www/lib/a.php", (12,), ("php-truncated-file",), paths=("www/index.php",))


def _finding(cause: str = "php-parse-error", path: str = "www/lib/a.php", line: int | None = 12, severity: str = "critical") -> dict:
    return {"cause": cause, "path": path, "line": line, "severity": severity, "confidence": 0.9}


@pytest.mark.parametrize(
    ("finding", "right"),
    [
        (_finding(), (True, True, True)),
        (_finding(line=13), (True, True, True)),
        (_finding(line=14), (True, True, False)),
        (_finding(line=None), (True, True, False)),
        (_finding(cause="php-truncated-file"), (True, True, True)),
        (_finding(cause="none", path="", line=None), (False, False, False)),
        (_finding(path="www/index.php", line=3), (True, True, None)),
        (_finding(path="www/x/../lib/a.php"), (True, True, True)),
        (_finding(path="www/other.php"), (True, False, False)),
    ],
)
def test_first_finding_is_judged(finding: dict, right: tuple[bool | None, ...]) -> None:
    score = judge(TRUTH, {"findings": [finding, _finding()]}, is_well=False)
    assert (score.cause, score.file, score.line) == right


def test_nothing_found_is_a_miss_of_a_fault_and_right_of_a_well_site() -> None:
    assert judge(TRUTH, {"findings": []}, is_well=False).cause is False
    assert judge(Truth("none"), {"findings": [_finding("none", "", None, "note")]}, is_well=True).is_right
    assert judge(Truth("none"), {"findings": [_finding("none", "", None, "note"), _finding()]}, is_well=True).alarms


def test_verdict_names_every_bar_that_was_missed() -> None:
    good = [Run(f"a.{n}", "x", "plain", "php", "ssh", Score(True, True, True), 1.0) for n in range(20)]
    assert verdict(good) == []
    bad = [*good, *(Run(f"b.{n}", "x", "plain", "php", "ssh", Score(False, False, None, "nothing"), 25.0) for n in range(2))]
    assert len(verdict([*bad, Run("c", "none", "plain", "php", "ssh", Score(alarms=("y",)), 1.0)])) == 4
    assert misses(bad).count("x expected; said: nothing") == 2
    assert verdict([*good, Run("d", "", "", "", "ssh", Score(), fault="not registered")]) == ["not asked: d"]


def test_choice_is_of_the_seed() -> None:
    from tests.lab.cases import CASES

    first = [case.name for case in chosen(CASES, "1", sample=30)]
    assert first == [case.name for case in chosen(CASES, "1", sample=30)] != [case.name for case in chosen(CASES, "2", sample=30)]
    assert len(set(first)) == 30
    assert {case.group for case in chosen(CASES, "1", "healthy.")} == {"healthy"}
    assert len({transports_of("random", ("ssh", "sftp", "ftp"), str(n)) for n in range(30)}) == 3
