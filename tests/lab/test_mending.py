"""How the second half of the lab judges: what was cured, undone and left untouched, and which bars were missed."""

from __future__ import annotations

from dataclasses import replace

from tests.lab.judging import Score
from tests.lab.mending import Mended
from tests.lab.mending_board import mended_per_cause, mended_per_transport, mending_verdict, not_mended
from tests.lab.reach import may_be_cured
from tests.lab.running import Run

CURED = Run("a.1", "wordpress-plugin", "plain", "wordpress", "ssh", Score(True), mended=Mended(cured=True, claimed=True, answers=1))
WELL = Run("b.1", "none", "plain", "php", "ssh", Score(), mended=Mended(cured=True))
OTHERS = Run("c.1", "php-service-down", "dead", "php", "ssh", Score(True), mended=Mended())


def test_only_what_the_account_can_repair_counts_for_the_bar() -> None:
    assert may_be_cured("wordpress-plugin") and not may_be_cured("php-service-down") and not may_be_cured("none")
    assert mending_verdict([CURED, WELL, OTHERS]) == [] and not_mended([CURED, WELL, OTHERS]) == ""
    assert "1/1 100.0%" in mended_per_transport([CURED, OTHERS, WELL])
    assert len(mended_per_cause([CURED, WELL, OTHERS]).splitlines()) == 4


def test_every_kind_of_miss_is_told() -> None:
    left = replace(CURED, mended=Mended(taken_back=("x (taken-back)",), left=("wordpress-plugin: needs a person",)))
    assert mending_verdict([left]) == ["ssh: cured 0.0%, the bar is 90%"] and "not cured, 0 answers: tried: x" in not_mended([left])
    boasted = replace(CURED, mended=Mended(claimed=True))
    assert "said to be cured and is not" in mending_verdict([CURED] * 20 + [boasted])[0]
    stays = replace(CURED, mended=Mended(cured=True, after_undo=("www/.htaccess",)))
    assert mending_verdict([stays]) == ["ssh: not undone: a.1"] and "www/.htaccess" in not_mended([stays])
    touched = replace(WELL, mended=Mended(cured=True, after_repair=("www/index.php",)))
    assert mending_verdict([touched]) == ["ssh: touched though well: b.1"]
    assert mending_verdict([replace(left, transport="ftp"), *[replace(CURED, transport="ftp")] * 9]) == []


def test_code_without_an_earlier_state_is_the_developers_and_told_apart() -> None:
    known = replace(CURED, cause="php-parse-error", early=True, mended=Mended(left=("x: y",)))
    unknown = replace(known, early=False)
    assert may_be_cured("php-parse-error") and not may_be_cured("php-parse-error", was_known=False)
    assert may_be_cured("php-missing-file", was_known=False)
    assert mending_verdict([unknown]) == [] and mending_verdict([known]) == ["ssh: cured 0.0%, the bar is 90%"]
    assert "(a developer's or the host's, or gone)" in not_mended([unknown]) and "(a developer" not in not_mended([known])
    board = mended_per_transport([CURED, unknown])
    assert "1/1 100.0%" in board and "1/2 50.0%" in board
    assert mending_verdict([replace(known, mended=Mended(left=("x: y",), is_new=True))]) == []
    lost = replace(unknown, cause="php-missing-file", mended=Mended(left=("x: y",), is_lost=True))
    assert mending_verdict([lost]) == [] and mending_verdict([replace(lost, early=True)]) != []
    assert mending_verdict([replace(lost, mended=Mended(left=("x: y",)))]) != []
    emptied = replace(lost, cause="index-file-missing")
    assert mending_verdict([emptied]) == [] and mending_verdict([replace(emptied, early=True)]) != []
    gone = replace(CURED, cause="database-table-missing", mended=Mended(left=("x: y",), is_of_others=True))
    assert mending_verdict([gone]) == [] and "or gone)" in not_mended([gone])
    assert mending_verdict([replace(gone, mended=replace(gone.mended, is_of_others=False))]) != []
    owned = replace(CURED, case="permissions.library-of-another-owner", cause="file-unreadable", mended=Mended(left=("x: y",)))
    assert mending_verdict([owned]) == []
