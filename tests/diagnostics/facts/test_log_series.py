"""Logs as logrotate and servers leave them, on a real file system: every line exactly once, however they are rotated."""

from __future__ import annotations

import gzip
import itertools
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diagnostics.facts import log_series
from diagnostics.facts.log_series import Budget, Reading, read_new
from diagnostics.transports.base import NotFound
from diagnostics.transports.local import LocalReader

_NUMBER = itertools.count(1)


class Log:
    """A log that grows, and what was read of it."""

    def __init__(self, folder: Path, name: str = "access.log") -> None:
        self.folder, self.name = folder, name
        self.path = folder / name
        self.reader = LocalReader([str(folder)])
        self.state: dict[str, Any] = {}
        self.written: list[str] = []
        self.read: list[str] = []

    def write(self, lines: int = 3, path: Path | None = None, *, end: str = "\n") -> None:
        with (path or self.path).open("a") as file:
            for _ in range(lines):
                text = f'192.0.2.1 - - [22/Nov/2026:03:12:04 +0000] "GET /{next(_NUMBER)} HTTP/1.1" 200 1 "-" "{"x" * 80}"'
                file.write(text + end)
                self.written.append(text)

    def look(self, most: int = 10**9, seconds: float = 30) -> Reading:
        budget = Budget(most, time.monotonic() + seconds)
        reading = read_new(self.reader, str(self.path), self.state, budget, self._take)
        self.state = reading.place.stored()
        return reading

    def _take(self, data: bytes) -> None:
        self.read += data.decode().split("\n")[: data.count(b"\n") or None]

    def check(self) -> None:
        assert sorted(self.read) == sorted(self.written)

    def rename(self, keep: int = 5) -> None:
        """As logrotate's default: access.log.1, .2, …"""
        for number in range(keep, 0, -1):
            old = self.folder / f"{self.name}.{number}"
            for suffix in ("", ".gz"):
                if (packed := Path(f"{old}{suffix}")).exists():
                    packed.rename(f"{self.folder / self.name}.{number + 1}{suffix}")
        self.path.rename(self.folder / f"{self.name}.1")
        self.path.touch()


@pytest.fixture
def log(tmp_path: Path) -> Log:
    made = Log(tmp_path)
    made.write()
    return made


def pack(path: Path, *, keep_time: bool = True) -> None:
    stat = path.stat()
    with path.open("rb") as source, gzip.open(f"{path}.gz", "wb") as target:
        shutil.copyfileobj(source, target)
    if keep_time:
        os.utime(f"{path}.gz", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    path.unlink()


def test_growing_log_is_read_on(log: Log) -> None:
    for _round in range(3):
        assert log.look().complete
        log.write()
    log.look()
    log.check()


def test_half_a_line_waits_for_its_end(log: Log) -> None:
    log.write(1, end="")
    log.look()
    assert len(log.read) == 3
    with log.path.open("a") as file:
        file.write("\n")
    log.look()
    log.check()


def rename(log: Log) -> None:
    log.rename()


def rename_and_pack(log: Log) -> None:
    log.rename()
    pack(log.folder / "access.log.1")


def rename_and_pack_with_a_new_time(log: Log) -> None:
    log.rename()
    for old in [path for path in log.folder.glob("access.log.*") if path.suffix != ".gz" and path.name != "access.log.1"]:
        pack(old, keep_time=False)


def copy_and_truncate(log: Log) -> None:
    (log.folder / "access.log.1").unlink(missing_ok=True)
    shutil.copy(log.path, log.folder / "access.log.1")
    os.truncate(log.path, 0)


def dated(log: Log) -> None:
    log.path.rename(log.folder / f"access.log-2026112{len(list(log.folder.iterdir()))}")
    log.path.touch()


def dated_before_extension_and_packed(log: Log) -> None:
    target = log.folder / f"access-2026-11-2{len(list(log.folder.iterdir()))}.log"
    log.path.rename(target)
    pack(target)
    log.path.touch()


ROTATIONS: list[Callable[[Log], None]] = [
    rename, rename_and_pack, rename_and_pack_with_a_new_time, copy_and_truncate, dated, dated_before_extension_and_packed,
]  # fmt: skip


@pytest.mark.parametrize("rotate", ROTATIONS)
def test_rotation_loses_and_doubles_nothing(log: Log, rotate: Callable[[Log], None]) -> None:
    log.look()
    for written_before in (0, 2, 40):
        log.write(written_before)
        rotate(log)
        log.look()
        log.write(2)
        reading = log.look()
        assert (reading.lost, reading.complete) == (False, True)
    log.check()


@pytest.mark.parametrize("rotate", [rename, rename_and_pack, dated])
def test_several_rotations_between_two_readings(log: Log, rotate: Callable[[Log], None]) -> None:
    log.look()
    for number in range(4):
        log.write(3 + number)
        os.utime(log.path, (time.time() - 400 + 100 * number,) * 2)
        rotate(log)
    log.write(5)
    log.look()
    log.check()


def test_log_that_was_empty_when_first_seen(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.path.touch()
    os.utime(log.path, (time.time() - 100,) * 2)
    log.look()
    log.write(4)
    log.rename()
    log.write(2)
    log.look()
    log.check()


def test_server_that_still_writes_the_rotated_log(log: Log) -> None:
    log.look()
    log.rename()
    log.write(2)
    log.look()
    log.write(2, log.folder / "access.log.1")
    log.write(2)
    log.look()
    log.look()
    log.check()


def test_names_with_the_day_in_them(tmp_path: Path) -> None:
    log = Log(tmp_path, "shop.example-20-11-2026.log")
    for day in (20, 21, 22):
        log.write(3, tmp_path / f"shop.example-{day}-11-2026.log")
        os.utime(tmp_path / f"shop.example-{day}-11-2026.log", (time.time() - 3600 * (23 - day),) * 2)
        log.look()
    pack(tmp_path / "shop.example-21-11-2026.log")
    log.write(1, tmp_path / "shop.example-22-11-2026.log")
    log.look()
    log.check()


def test_link_that_moves_to_the_next_day(tmp_path: Path) -> None:
    log = Log(tmp_path, "current.log")
    for day in (20, 21):
        file = tmp_path / f"access-2026-11-{day}.log"
        log.path.unlink(missing_ok=True)
        log.path.symlink_to(file.name)
        if day == 21:
            log.write(2, tmp_path / "access-2026-11-20.log")
        log.write(3, file)
        log.look()
    log.check()


def test_log_that_vanished_is_told_as_lost_and_the_new_one_is_read(log: Log) -> None:
    log.look()
    log.write(2)
    log.path.unlink()
    lost, log.written = log.written[3:], log.written[:3]
    log.write(4)
    assert log.look().lost and len(lost) == 2
    log.check()


def test_log_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Log(tmp_path).look()


def test_sibling_that_was_never_ours_is_not_read(log: Log) -> None:
    log.look()
    (log.folder / "access_2.log").write_text("other\n")
    (log.folder / "access.log.swp").write_text("other\n")
    log.rename()
    log.write()
    log.look()
    log.check()


def test_budget_ends_a_run_and_the_next_one_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_series, "CHUNK", 4096)
    log = Log(tmp_path)
    log.write(300)
    runs = 0
    while not log.look(most=8192).complete:
        runs += 1
        log.write(1)
    assert runs > 3
    log.check()


def test_budget_ends_a_run_within_a_packed_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_series, "CHUNK", 4096)
    log = Log(tmp_path)
    log.write(1)
    log.look()
    log.write(300)
    rename_and_pack(log)
    log.write(3)
    for _run in range(100):
        if log.look(most=8192).complete:
            break
    log.check()


def test_first_reading_begins_near_the_end_of_a_long_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_series, "FIRST_BYTES", 1000)
    log = Log(tmp_path)
    log.write(100)
    assert log.look().first
    assert 4 <= len(log.read) <= 7 and log.read == log.written[-len(log.read) :]


def test_first_reading_takes_what_was_rotated_within_a_day(log: Log) -> None:
    os.utime(log.path, (time.time() - 90_000,) * 2)
    old = list(log.written)
    log.rename()
    log.write(2)
    os.utime(log.path, (time.time() - 3600,) * 2)
    log.rename()
    log.write(2)
    log.look()
    log.written = [line for line in log.written if line not in old]
    log.check()


def test_line_without_an_end_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_series, "CHUNK", 65_536)
    log = Log(tmp_path)
    log.write(2)
    with log.path.open("a") as file:
        file.write("z" * 1_000_000 + "\n")
    log.write(2)
    reading = log.look()
    assert reading.too_long == 1 and reading.complete
    log.check()


def test_binary_and_a_damaged_archive_do_no_harm(log: Log) -> None:
    log.look()
    log.rename()
    (log.folder / "access.log.2.gz").write_bytes(os.urandom(5000))
    log.path.write_bytes(os.urandom(3000).replace(b"\n", b"") + b"\n")
    junk: list[bytes] = []
    read_new(log.reader, str(log.path), log.state, Budget(10**6, time.monotonic() + 5), junk.append)
    assert b"".join(junk) == log.path.read_bytes()


def test_random_history_of_writing_rotating_and_reading(tmp_path: Path) -> None:
    for seed in range(12):
        folder = tmp_path / str(seed)
        folder.mkdir()
        log, dice = Log(folder), random.Random(seed)
        log.write(1)
        at = time.time() - 20_000
        for _step in range(40):
            at += 100
            match dice.randrange(4):
                case 0 | 1:
                    log.write(dice.randrange(1, 6))
                    os.utime(log.path, (at, at))
                case 2:
                    log.look()
                case 3:
                    os.utime(log.path, (at, at))
                    dice.choice([rename, rename_and_pack])(log)
                    log.write(1)
                    os.utime(log.path, (at + 1, at + 1))
        log.look()
        dropped = set(log.written) - set(log.read)
        assert len(log.read) == len(set(log.read)) and dropped <= set(log.written[: len(dropped)]), seed
