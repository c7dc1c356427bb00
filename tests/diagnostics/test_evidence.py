"""A host may claim any time for its files: what no calendar holds is no time, and stops nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from diagnostics.baselines.wording import at
from diagnostics.changes.versions import Version
from diagnostics.evidence import moment_of
from diagnostics.facts.gather import gather
from diagnostics.facts.log_times import zone_offset
from diagnostics.repairs import plan_repair
from diagnostics.repairs.plan import RenameFile
from tests.diagnostics.evidences import AT, PATHS, site
from tests.diagnostics.repairs.test_repairs import finding
from tests.fakes import FakeHost, Node

ODD = [-5.0, 0.0, 253_402_300_800.0, 1e12, 2.0**53]


@pytest.mark.parametrize("mtime", ODD)
def test_time_that_no_calendar_holds_is_none(mtime: float) -> None:
    assert moment_of(mtime) is None
    assert Version(mtime=mtime).changed_at is None
    assert at(int(mtime)) is None
    assert zone_offset(datetime(2026, 11, 22), mtime) is None


def test_time_of_a_file_is_a_moment() -> None:
    assert moment_of(1_600_000_000.5) == datetime(2020, 9, 13, 12, 26, 40, 500_000, tzinfo=UTC)


@pytest.mark.parametrize("mtime", ODD)
def test_files_with_odd_times_are_read_and_can_be_renamed(mtime: float) -> None:
    files = {
        "/home/demo/www/.htaccess": Node(content=b"Foo\n", mode=0o604, mtime=mtime),
        "/home/demo/www/.htaccess.old": Node(content=b"", mode=0o604, mtime=mtime),
        "/home/demo/www/index.php": Node(content=b"<?php\n", mode=0o604, mtime=mtime),
        "/home/demo/logs/error.log": Node(content=b"PHP Fatal error:  Uncaught Error in /x.php:1\n", mode=0o604, mtime=mtime),
    }
    seen = gather(FakeHost(files), site(), PATHS, "ovh-mutualise", AT)
    plan = plan_repair("rename-htaccess", seen, finding("htaccess-invalid-directive"))
    assert plan is not None and isinstance(plan.changes[0], RenameFile)
    assert plan.changes[0].target_shown == "www/.htaccess.old-undated"
