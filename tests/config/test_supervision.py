"""Pauses between restarts grow, and a process that stayed well starts anew at one second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

from config.supervision import child as children
from config.supervision.child import Child, Spec

from .running import wait_for


def run_once(child: Child) -> None:
    """Starts it and waits until its end has been noticed."""
    child.start_after = 0.0
    child.look()
    wait_for(lambda: (child.look(), not child.running)[1], 10)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def make(said: list[str]) -> Callable[..., Child]:
    def one(code: str, **options: object) -> Child:
        return Child(Spec("name", (sys.executable, "-c", code), **options), lambda name, line: said.append(line))  # type: ignore[arg-type]

    return one


def test_pause_doubles_up_to_thirty_seconds(make: Callable[..., Child], said: list[str]) -> None:
    child = make("raise SystemExit(3)")
    for _ in range(7):
        run_once(child)
    pauses = [line.rpartition("in ")[2] for line in said]
    assert pauses == ["1 s", "2 s", "4 s", "8 s", "16 s", "30 s", "30 s"]
    assert said[0].startswith("ended with status 3")
    assert child.start_after > time.monotonic() + 25


def test_pause_starts_anew_after_a_healthy_time(make: Callable[..., Child], said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    child = make("pass")
    run_once(child)
    run_once(child)
    monkeypatch.setattr(children, "HEALTHY_AFTER", 0.0)
    run_once(child)
    assert [line.rpartition("in ")[2] for line in said] == ["1 s", "2 s", "1 s"]


def test_lines_are_handed_on_whole_with_the_last_one(make: Callable[..., Child], said: list[str]) -> None:
    run_once(
        make(
            "import sys; sys.stdout.buffer.write(b'one\\ntw\\xffo\\n\\nthree'); print('secret noise', file=sys.stderr)", hidden=(b"noise",)
        )
    )
    assert said[:2] == ["one", "tw\ufffdo"]
    assert not [line for line in said if "noise" in line and "three" not in line]


def test_program_that_is_not_there_is_tried_again(said: list[str]) -> None:
    child = Child(Spec("name", ("/there/is/no/such/program",)), lambda name, line: said.append(line))
    child.look()
    assert not child.running
    assert said[0].startswith("cannot be started: ")
    assert child.start_after > time.monotonic()
