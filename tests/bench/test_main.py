from __future__ import annotations

import pytest

from tests.bench.__main__ import main, names


def test_every_bench_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.split() == names()
    assert {"probing", "storage", "dashboard", "recognition", "year"} <= set(names())


def test_unknown_bench_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["speed"])
    assert ended.value.code == 2
    assert "there is no bench speed" in capsys.readouterr().err
