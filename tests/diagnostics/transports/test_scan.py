"""Whole trees: what a scan promises, held against real OpenSSH with a shell, SFTP alone, plain files, and the fake."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from diagnostics.transports.base import Entry, FileKind, NotFound, PermissionRefused, TransportError, Unsupported
from tests.diagnostics.transports.conftest import Place, as_root
from tests.diagnostics.transports.test_contract import ODD_NAMES

ALL = ["ssh", "sftp", "bare", "local", "fake"]
REAL = ["ssh", "sftp", "local"]
everywhere = pytest.mark.parametrize("place", ALL, indirect=True)
on_real_files = pytest.mark.parametrize("place", REAL, indirect=True)
over_the_network = pytest.mark.parametrize("place", ["ssh", "sftp"], indirect=True)


def scanned(place: Place, path: str = "", most: int = 1_000_000, **more: object) -> list[Entry]:
    batches = list(place.writer.scan(path or place.path, max_entries=most, **more))
    assert all(batches)
    return [entry for batch in batches for entry in batch]


def paths(entries: list[Entry]) -> list[str]:
    return sorted(entry.path for entry in entries)


def many(place: Place, folders: int, files: int) -> list[str]:
    """So many folders with so many files in each; all of their paths, sorted."""
    made = []
    with as_root():
        for folder in range(folders):
            made.append(place.folder(f"d{folder}"))
            for file in range(files):
                (place.real / f"d{folder}" / f"f{file}").touch()
                made.append(place.at(f"d{folder}/f{file}"))
    return sorted(made)


@everywhere
def test_everything_below_is_given_once_with_what_is_known_of_it(place: Place) -> None:
    place.put("index.php", b"<?php", 0o604)
    place.folder("a", 0o705)
    place.put("a/f", b"12", 0o640)
    place.folder("a/b")
    place.link("a/b/up", "../..")
    place.link("self", "self")
    place.link("out", "/etc")
    found = scanned(place)
    assert paths(found) == sorted(place.at(name) for name in ("index.php", "a", "a/f", "a/b", "a/b/up", "self", "out"))
    assert all(entry.stat == place.writer.stat(entry.path) for entry in found)
    assert {entry.path for entry in found if entry.stat.kind is FileKind.LINK} == {place.at(n) for n in ("a/b/up", "self", "out")}


@everywhere
def test_folder_comes_before_what_is_in_it(place: Place) -> None:
    for name in ("a", "a/b", "a/b/c", "z"):
        place.folder(name)
        place.put(f"{name}/f")
    order = [entry.path for entry in scanned(place)]
    assert len(order) == 8
    assert all(order.index(path.rpartition("/")[0]) < order.index(path) for path in order if path.rpartition("/")[0] != place.path)


@everywhere
def test_empty_folder_gives_nothing(place: Place) -> None:
    assert scanned(place) == []
    assert scanned(place, place.folder("empty")) == []


@everywhere
def test_odd_names_of_files_and_folders_survive(place: Place) -> None:
    expected = []
    for name in ODD_NAMES:
        expected += [place.folder(name), place.put(f"{name}/{name}"), place.put(f"{name}/f d 644 \\0")]
    assert paths(scanned(place)) == sorted(expected)


@everywhere
def test_no_more_are_given_than_asked_for(place: Place) -> None:
    for number in range(30):
        place.put(f"f{number}")
    for most in (0, 1, 29, 30):
        assert len(scanned(place, most=most)) == most
    assert len(scanned(place, most=31)) == 30


@everywhere
def test_folders_to_skip_are_given_and_not_looked_into(place: Place) -> None:
    for name in ("keep", "node_modules", "keep/node_modules", "st*r", "star", "[1]", "1"):
        place.folder(name)
        place.put(f"{name}/f")
    found = paths(scanned(place, skip=["node_modules", place.at("st*r"), "[1]", place.at("absent")]))
    left_out = {place.at(f"{name}/f") for name in ("node_modules", "keep/node_modules", "st*r", "[1]")}
    assert found == sorted(set(paths(scanned(place))) - left_out)
    top = place.at("node_modules")
    assert paths(scanned(place, top, skip=["node_modules", top])) == [f"{top}/f"]


@everywhere
def test_folders_that_cannot_be_read_are_told_and_passed_over(place: Place) -> None:
    place.folder("open")
    place.put("open/f")
    place.folder("closed")
    place.put("closed/f")
    place.folder("open/closed", 0o000)
    place.folder("skipped", 0o000)
    place.writer.chmod(place.at("closed"), 0o000)
    told: dict[str, TransportError] = {}
    found = paths(scanned(place, unreadable=told.__setitem__, skip=["skipped"]))
    assert found == sorted(place.at(name) for name in ("open", "open/f", "open/closed", "closed", "skipped"))
    assert sorted(told) == [place.at("closed"), place.at("open/closed")]
    assert all(isinstance(error, PermissionRefused) for error in told.values())
    assert paths(scanned(place)) == found  # nobody needs to be told


@everywhere
def test_top_that_is_no_folder_or_closed_or_absent_is_refused(place: Place) -> None:
    place.folder("a")
    for path, error in (
        (place.put("f"), Unsupported),
        (place.link("l", "a"), Unsupported),
        (place.folder("closed", 0o000), PermissionRefused),
        (place.at("absent"), NotFound),
        ("relative", Unsupported),
        (place.at("a/../a"), Unsupported),
    ):
        with pytest.raises(error):
            scanned(place, path)
    assert scanned(place, place.at("a")) == []


@on_real_files
def test_ten_thousand_files_in_one_folder(place: Place) -> None:
    expected = many(place, 1, 10_000)
    batches = list(place.writer.scan(place.path, max_entries=20_000))
    assert sorted(entry.path for batch in batches for entry in batch) == expected
    assert len(batches) > 3 and max(map(len, batches)) < 5_000


@on_real_files
def test_tree_deeper_than_the_longest_path(place: Place) -> None:
    """Further down than a path may be long; SFTP knows whole paths only, so it tells where that ends."""
    names = [f"level-{number:04}" for number in range(450)]
    with as_root():
        folder = os.open(place.real, os.O_RDONLY)
        for name in names:
            os.mkdir(name, 0o755, dir_fd=folder)
            below = os.open(name, os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = below
        os.close(folder)
    place.put("f")
    told: list[str] = []
    found = paths(scanned(place, unreadable=lambda path, error: told.append(path)))
    levels = [place.path + "".join(f"/{name}" for name in names[: depth + 1]) for depth in range(450)]
    if place.writer.protocol == "sftp":
        levels = [path for path in levels if len(path) < 4_096]
        assert len(levels) > 300 and told == [path for path in levels if len(path) > 4_096 - 257]
    else:
        assert told == []
    assert found == sorted([place.at("f"), *levels])


@over_the_network
def test_what_vanishes_meanwhile_is_left_out_and_not_told(place: Place) -> None:
    expected, ended = many(place, 100, 5), threading.Event()

    def come_and_go() -> None:
        while not ended.is_set():
            for number in range(0, 100, 9):
                folder = place.real / f"d{number}" / "short"
                folder.mkdir()
                (folder / "f").touch()
                (folder / "f").unlink()
                folder.rmdir()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    told: list[str] = []
    try:
        for _look in range(8):
            found = scanned(place, unreadable=lambda path, error: told.append(path))
            assert [path for path in paths(found) if "/short" not in path] == expected
    finally:
        ended.set()
        thread.join()
    assert told == []


@on_real_files
def test_stopped_in_the_middle_the_connection_goes_on(place: Place) -> None:
    expected = many(place, 80, 12)
    for _time in range(30):
        with closing(place.writer.scan(place.path, max_entries=10_000)) as batches:
            assert next(batches)
        assert len(place.writer.list(place.at("d7"))) == 12
    next(place.writer.scan(place.path, max_entries=10_000))  # dropped, not closed
    assert place.writer.read(place.put("f", b"text"), 10) == b"text"
    assert paths(scanned(place)) == sorted([*expected, place.at("f")])


@on_real_files
def test_other_methods_work_between_two_batches(place: Place) -> None:
    place.put("f", b"text")
    expected, found = many(place, 150, 10), []
    for batch in place.writer.scan(place.path, max_entries=10_000):
        found += batch
        assert place.writer.read(place.at("f"), 10) == b"text"
        assert len(place.writer.list(place.at("d7"))) == 10
    assert paths(found) == sorted([*expected, place.at("f")])


@on_real_files
def test_two_scans_at_a_time(place: Place) -> None:
    expected = many(place, 100, 10)
    both: list[list[str]] = [[], []]
    scans = [place.writer.scan(place.path, max_entries=10_000) for _one in both]
    while scans != [None, None]:
        for number, scan in enumerate(scans):
            batch = next(scan, None) if scan else None
            both[number] += [entry.path for entry in batch or ()]
            scans[number] = scan if batch else None
    assert [sorted(found) for found in both] == [expected, expected]


@pytest.mark.parametrize("place", ["local"], indirect=True)
def test_local_scan_is_not_led_out_by_a_folder_exchanged_for_a_link(place: Place) -> None:
    place.folder("secret")
    place.put("secret/hidden")
    top = place.folder("www")
    for number in range(40):
        place.folder(f"www/d{number}")
        place.put(f"www/d{number}/f")
    ended = threading.Event()
    thread = threading.Thread(target=_exchange, args=(place.real / "www" / "d3", place.real / "aside", ended))
    thread.start()
    try:
        for _look in range(100):
            assert not [path for path in paths(scanned(place, top)) if path.endswith("hidden")]
    finally:
        ended.set()
        thread.join()


def _exchange(folder: Path, aside: Path, ended: threading.Event) -> None:
    for _time in _until(ended):
        folder.rename(aside)
        folder.symlink_to("../secret")
        folder.unlink()
        aside.rename(folder)


def _until(ended: threading.Event) -> Iterator[None]:
    while not ended.is_set():
        yield
