"""One look at the files of a site: over real SSH and SFTP servers, on this machine and on the double; whole and short."""

from __future__ import annotations

import hashlib
import os
import time

import pytest

from diagnostics.manifests import gathering
from diagnostics.manifests.format import Record
from diagnostics.manifests.gathering import Gathered, TookTooLong
from diagnostics.transports.base import NotFound
from tests.diagnostics.transports.conftest import Place, as_root
from tests.fakes import FakeHost

OLD = 1_600_000_000
DAY = 86_400
HEADER = b"<?php\n/*\n * Plugin Name: Akismet Anti-spam\n * Version: 5.2\n */\n"


def listed(found: Gathered) -> dict[bytes, Record]:
    records = {record.path: record for record in found.sorter.sorted()}
    found.sorter.close()
    return records


def settle(place: Place, *folders: str) -> None:
    """As if nothing had been added to these folders for years."""
    for name in folders:
        if place.real is not None:
            with as_root():
                os.utime(place.real / name, (OLD, OLD))
        else:
            assert isinstance(place.writer, FakeHost)
            place.writer.nodes[place.at(name)].mtime = float(OLD)


def touch(place: Place, folder: str) -> None:
    """What a real host does by itself when a name is added."""
    if place.real is None:
        assert isinstance(place.writer, FakeHost)
        place.writer.nodes[place.at(folder)].mtime = float(OLD + 5)


def plant(place: Place) -> None:
    for name in ("a", "a/b", "wp-content", "wp-content/uploads", "wp-content/uploads/2024", "wp-content/plugins"):
        place.folder(name)
    place.folder("wp-content/plugins/akismet")
    place.put("index.php", b"<?php", 0o604, OLD)
    place.put(".htaccess", b"RewriteEngine on\n", 0o644, OLD + 1)
    place.put("a/b/page.php", b"12345", 0o640, OLD + 2)
    place.put("wp-content/uploads/2024/one.jpg", b"x" * 10, 0o644, OLD)
    place.put("wp-content/uploads/two.jpg", b"x" * 20, 0o644, OLD)
    place.put("wp-content/uploads/.htaccess", b"deny\n", 0o644, OLD)
    place.put("wp-content/plugins/akismet/akismet.php", HEADER, 0o644, OLD)
    place.put("wp-content/plugins/akismet/class.php", b"<?php", 0o644, OLD)
    place.link("out", "/etc")
    settle(place, "a/b", "a", "wp-content/plugins/akismet", "wp-content/uploads")


def test_whole_look_lists_counts_and_keeps(place: Place) -> None:
    plant(place)
    found = gathering.look(place.writer, place.path)
    records = listed(found)
    page = records[b"a/b/page.php"]
    assert (page.kind, page.mode, page.size, page.mtime) == ("f", 0o640, 5, OLD + 2)
    assert records[b""].kind == "d" and records[b"a/b"].kind == "d" and records[b"out"].kind == "l"
    uploads = records[b"wp-content/uploads"]
    assert (uploads.kind, uploads.count, uploads.size) == ("c", 3, 35)
    assert b"wp-content/uploads/two.jpg" not in records
    assert records[b"wp-content/plugins/akismet/akismet.php"].label == "Akismet Anti-spam\t5.2"
    assert records[b"wp-content/plugins/akismet/class.php"].label == ""
    assert set(found.contents.values()) == {b"RewriteEngine on\n", b"<?php", b"deny\n"}
    assert records[b".htaccess"].digest == hashlib.sha256(b"RewriteEngine on\n").hexdigest()
    assert not any(path.startswith(b"out/") for path in records)
    assert (found.listed, found.counted, found.is_whole, found.cut, found.unread) == (7, 3, True, False, 0)


def test_odd_names_are_listed_as_they_are(place: Place) -> None:
    names = ["new\nline", "caf\udce9", "-rf", "q'uo\"te", "back\\slash", " lead", "日本"]
    if place.writer.protocol.startswith("ftp"):
        names.remove("new\nline")  # FTP cannot carry it
    for name in names:
        place.folder("d" + name)
        place.put(f"d{name}/{name}", b"123", 0o644, OLD)
    records = listed(gathering.look(place.writer, place.path))
    wanted = {f"d{name}/{name}".encode("utf-8", "surrogateescape") for name in names}
    assert wanted <= set(records) and all(records[path].size == 3 for path in wanted)


def test_short_look_lists_changed_folders_only_and_still_sees_configuration(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "is_short_look_worth_it", lambda reader: True)
    plant(place)
    first = listed(gathering.look(place.writer, place.path))
    place.put("a/b/page.php", b"changed in place", 0o640, OLD + 9)
    place.put("wp-content/uploads/.htaccess", b"allow\n", 0o644, OLD + 9)
    place.put(".htaccess", b"Rewrite\n", 0o644, OLD + 9)
    place.put("wp-content/uploads/three.jpg", b"x", 0o644, OLD)
    place.put("wp-content/plugins/akismet/new.php", b"<?php", 0o644, OLD)
    touch(place, "wp-content/plugins/akismet")
    settle(place, "a/b")
    found = gathering.look(place.writer, place.path, before=lambda: iter(sorted(first.values())), before_at=time.time())
    records = listed(found)
    assert not found.is_whole
    assert records[b"a/b/page.php"].size == 5  # its folder has the time it had: seen at the next whole look
    assert b"wp-content/plugins/akismet/new.php" in records and records[b"wp-content/plugins/akismet/akismet.php"].label
    assert records[b"wp-content/uploads"].count == 3  # not looked into
    assert records[b"wp-content/uploads/.htaccess"].digest == hashlib.sha256(b"allow\n").hexdigest()
    assert records[b".htaccess"].digest == hashlib.sha256(b"Rewrite\n").hexdigest()
    whole = listed(gathering.look(place.writer, place.path, before=lambda: iter(sorted(first.values())), whole=True))
    assert whole[b"a/b/page.php"].size == 16 and whole[b"wp-content/uploads"].count == 4
    assert set(whole) == set(records)


def test_short_look_of_an_unchanged_tree_gives_the_same_records(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "is_short_look_worth_it", lambda reader: True)
    plant(place)
    first = listed(gathering.look(place.writer, place.path))
    found = gathering.look(place.writer, place.path, before=lambda: iter(sorted(first.values())), before_at=time.time())
    assert not found.is_whole and listed(found) == first


def test_folder_that_changed_lately_is_listed_again_even_if_its_time_is_the_same(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "is_short_look_worth_it", lambda reader: True)
    plant(place)
    first = listed(gathering.look(place.writer, place.path))
    place.put("a/b/page.php", b"changed in place", 0o640, OLD + 9)
    settle(place, "a/b")
    found = gathering.look(place.writer, place.path, before=lambda: iter(sorted(first.values())), before_at=OLD + 60.0)
    assert listed(found)[b"a/b/page.php"].size == 16


def test_folder_that_is_gone_or_new_or_a_file_by_now(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "is_short_look_worth_it", lambda reader: True)
    plant(place)
    first = listed(gathering.look(place.writer, place.path))
    gone = [Record(b"gone", "d", 0o755, 0, OLD), Record(b"gone/x.php", "f", 0o644, 1, 1), Record(b"index.php", "d", 0o755, 0, OLD)]
    before = sorted([*(record for path, record in first.items() if path != b"index.php"), *gone])
    place.folder("new")
    place.put("new/x.php", b"1", 0o644, OLD)
    records = listed(gathering.look(place.writer, place.path, before=lambda: iter(before), before_at=time.time()))
    assert b"gone" not in records and b"gone/x.php" not in records
    assert records[b"index.php"].kind == "f" and records[b"new/x.php"].size == 1


def test_folder_that_cannot_be_read_is_told_as_such(place: Place) -> None:
    plant(place)
    place.folder("closed", 0o000)
    found = gathering.look(place.writer, place.path)
    assert found.unread == 1 and listed(found)[b"closed"].kind == "u"


def test_more_names_than_the_limit_are_cut_and_told(place: Place) -> None:
    plant(place)
    found = gathering.look(place.writer, place.path, most=5)
    assert found.cut and len(listed(found)) <= 6


def test_look_ends_when_its_time_is_over_and_when_it_is_told_to(place: Place) -> None:
    plant(place)
    with pytest.raises(TookTooLong):
        gathering.look(place.writer, place.path, time_limit_s=-1.0)

    def stop(seen: int) -> None:
        raise InterruptedError(seen)

    with pytest.raises(InterruptedError):
        gathering.look(place.writer, place.path, note=stop)
    assert place.writer.stat(place.at("index.php")).size == 5  # the connection is free for the next use


def test_docroot_that_is_not_there(place: Place) -> None:
    with pytest.raises(NotFound):
        gathering.look(place.writer, place.at("nothing"))
