"""SIGKILL of worker, web, broker and connection at any moment of any repair: the site is as before or well, and its page says which."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.diagnostics.changes.test_killed_at_every_step import ROOT, environment
from tests.kills.bakery import TRANSPORTS, why_missing

SEED = "TESTS_KILLS_SEED"
TARGETS = {"worker", "web", "broker", "worker's process", "web's process", "connection"}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "Apache and PHP are there"),
]


def killed(kills: int, tmp_path: Path, seed: str, *options: str) -> list[dict[str, Any]]:
    """What became of each; whatever was wrong is shown, with the seed that brings it back."""
    seed = os.environ.get(SEED, seed)
    command = [sys.executable, "-m", "tests.kills", "--kills", str(kills), "--seed", seed, *options]
    done = subprocess.run(command, cwd=ROOT, env=environment(tmp_path / "var"), capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    print(f"{SEED}={seed}: {len(rows)} kills", *sorted(Counter(f"{row['target']}: {row['which']}" for row in rows).items()), sep="\n")
    print("where they met the repair:", *Counter(row["left"] for row in rows).most_common(), sep="\n")
    assert [row for row in rows if row["wrong"]] == [], f"{SEED}={seed}\n{done.stderr[-4000:]}"
    assert done.returncode == 0, f"{SEED}={seed}\n{done.stderr[-4000:]}"
    assert len(rows) == kills and all(row["killed"] for row in rows)
    assert {row["target"] for row in rows} == TARGETS
    return rows


@pytest.mark.timeout(600)
def test_repairs_that_are_killed_leave_a_site_as_before_or_well(tmp_path: Path) -> None:
    rows = killed(12, tmp_path, "1", "--rested", "0")
    assert len({row["kind"] for row in rows}) == 12, "each kind of repair once"
    assert len({row["left"] for row in rows}) >= 3


@pytest.mark.full
@pytest.mark.timeout(5400)
def test_three_hundred_kills_leave_every_site_as_before_or_well(tmp_path: Path) -> None:
    rows = killed(300, tmp_path, str(secrets.randbelow(1_000_000)))
    met = Counter(row["left"] for row in rows)
    assert len(met) >= 15 and met.most_common(1)[0][1] < len(rows) / 3, "the kills are spread over a repair"
    assert {state.split(",")[0] for state in met} >= {"applying", "verifying", "done-verified", "undone"}
    assert min(Counter(row["target"] for row in rows).values()) >= 15
    assert {row["transport"] for row in rows} == set(TRANSPORTS)
    assert {row["which"] for row in rows} >= {"as before", "cured", "undone"}
