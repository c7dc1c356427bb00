"""What every transport promises, held against all of them: real OpenSSH with a shell, SFTP alone, SFTP without extensions, plain
files, vsftpd, pure-ftpd and pyftpdlib, and the fake the other tests use."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from diagnostics.transports.base import (
    AlreadyExists,
    Capability,
    ConnectionTimedOut,
    FileKind,
    NoSpace,
    NotFound,
    PermissionRefused,
    TransportError,
    Unsupported,
)
from tests.diagnostics.transports.conftest import Place, as_root
from tests.servers import small_disk

ODD_NAMES = [
    "with space.txt", "it's.txt", 'double".txt', "new\nline.txt", "-rf", "back\\slash", "$(touch x)", "*", "tab\t", "caf\u00e9",
    os.fsdecode(b"latin-\xe9.txt"), os.fsdecode(b"\xff\xfe"), ";ls", "%s%n", "~",
]  # fmt: skip


def test_stat_of_a_file(place: Place) -> None:
    path = place.put("index.php", b"<?php", 0o640, 1_600_000_000)
    found = place.writer.stat(path)
    assert (found.kind, found.mode, found.size, found.mtime) == (FileKind.FILE, 0o640, 5, 1_600_000_000)


def test_stat_of_a_link_is_of_the_link_itself(place: Place) -> None:
    assert place.writer.stat(place.link("l", "nowhere")).kind is FileKind.LINK


def test_stat_of_nothing(place: Place) -> None:
    with pytest.raises(NotFound):
        place.writer.stat(place.at("absent"))


@pytest.mark.parametrize("path", ["relative", "/home/../etc/passwd", "/nul\0"])
def test_stat_refuses_paths_that_are_not_absolute(place: Place, path: str) -> None:
    with pytest.raises(Unsupported):
        place.writer.stat(path)


def test_read_is_bounded(place: Place) -> None:
    path = place.put("f", b"12345")
    assert place.writer.read(path, 5) == b"12345"
    with pytest.raises(Unsupported):
        place.writer.read(path, 4)


def test_read_of_an_empty_file(place: Place) -> None:
    assert place.writer.read(place.put("f", b""), 10) == b""


REAL = ["ssh", "sftp", "bare", "local", "vsftpd-reuse", "pure-ftpd-tls", "pyftpdlib"]


def test_read_of_binary_content_over_many_packets(place: Place) -> None:
    content = os.urandom(1_500_001)
    assert place.writer.read(place.put("f", content), 2_000_000) == content


def test_read_refuses_links_and_folders(place: Place) -> None:
    place.put("f", b"secret")
    for path in (place.link("l", "f"), place.folder("d")):
        with pytest.raises(Unsupported):
            place.writer.read(path, 100)


@pytest.mark.parametrize("place", REAL, indirect=True)  # the fake has no pipes
def test_read_refuses_a_pipe(place: Place) -> None:
    os.mkfifo(place.real / "pipe")
    refused = NotFound if place.kind == "pure-ftpd" else Unsupported  # it lists nothing but files, folders and links
    for read in (place.writer.read, place.writer.read_tail):
        with pytest.raises(refused):
            read(place.at("pipe"), 100)


def test_read_without_permission(place: Place) -> None:
    with pytest.raises(PermissionRefused):
        place.writer.read(place.put("f", b"secret", 0o000), 100)


def test_read_tail(place: Place) -> None:
    path = place.put("log", b"first\nlast\n")
    assert place.writer.read_tail(path, 5) == b"last\n"
    assert place.writer.read_tail(path, 500) == b"first\nlast\n"


def test_read_tail_follows_the_link_of_a_log(place: Place) -> None:
    place.put("log-2026", b"line\n")
    assert place.writer.read_tail(place.link("log", "log-2026"), 100) == b"line\n"


def test_read_part_of_a_log_and_through_its_link(place: Place) -> None:
    path = place.put("log-2026", b"0123456789" * 10_000)
    assert place.writer.read_part(path, 99_995, 3) == b"567"
    assert place.writer.read_part(path, 99_995, 500) == b"56789"
    assert place.writer.read_part(place.link("log", "log-2026"), 100_000, 500) == b""
    with pytest.raises(Unsupported):
        place.writer.read_part(place.folder("folder"), 0, 10)


@pytest.mark.parametrize("place", REAL, indirect=True)  # the fake keeps its files in memory
def test_read_tail_of_a_log_of_10_gigabytes(place: Place) -> None:
    path = place.put("log")
    with (place.real / "log").open("r+b") as file:
        file.seek(10 * 1024**3)
        file.write(b"the end")
    started = time.monotonic()
    assert place.writer.read_tail(path, 100_000)[-7:] == b"the end"
    assert time.monotonic() - started < 5


def test_list_gives_modes_and_no_dots(place: Place) -> None:
    place.put("a", b"1", 0o604)
    place.folder("d", 0o705)
    place.link("l", "a")
    found = {entry.path: (entry.stat.kind, entry.stat.mode) for entry in place.writer.list(place.path)}
    del found[place.at("l")]
    assert found == {place.at("a"): (FileKind.FILE, 0o604), place.at("d"): (FileKind.FOLDER, 0o705)}


def test_list_of_what_is_not_there_or_closed(place: Place) -> None:
    with pytest.raises(NotFound):
        place.writer.list(place.at("absent"))
    with pytest.raises(PermissionRefused):
        place.writer.list(place.folder("closed", 0o000))


def test_walk_begins_with_the_top_and_never_goes_through_links(place: Place) -> None:
    place.folder("a")
    place.put("a/f", b"1", 0o604)
    place.link("a/loop", "..")
    place.link("a/self", "self")
    found = [entry.path for entry in place.writer.walk(place.path, 100)]
    assert found[0] == place.path
    assert sorted(found[1:]) == sorted(place.at(name) for name in ("a", "a/f", "a/loop", "a/self"))


def test_walk_of_a_link_gives_the_link_alone(place: Place) -> None:
    place.folder("a")
    place.put("a/f")
    found = list(place.writer.walk(place.link("l", "a"), 100))
    assert [(entry.path, entry.stat.kind) for entry in found] == [(place.at("l"), FileKind.LINK)]


def test_walk_stops_at_its_limit(place: Place) -> None:
    for number in range(20):
        place.put(f"f{number}")
    assert len(list(place.writer.walk(place.path, 7))) == 7
    assert list(place.writer.walk(place.path, 0)) == []


def test_walk_passes_over_folders_it_cannot_read(place: Place) -> None:
    place.folder("open")
    place.put("open/f")
    place.folder("closed", 0o000)
    found = {entry.path for entry in place.writer.walk(place.path, 100)}
    assert found == {place.path, place.at("open"), place.at("open/f"), place.at("closed")}


def test_walk_of_nothing(place: Place) -> None:
    with pytest.raises(NotFound):
        list(place.writer.walk(place.at("absent"), 10))


def test_walk_and_stat_agree(place: Place) -> None:
    place.put("f", b"12", 0o604)
    place.folder("d", 0o705)
    place.link("l", "f")
    exact = Capability.LIST_TIMES in place.writer.capabilities
    for entry in place.writer.walk(place.path, 10):
        stat = place.writer.stat(entry.path)
        assert entry.stat == (stat if exact else replace(stat, mtime=entry.stat.mtime))


def test_odd_names_survive(place: Place) -> None:
    names = [name for name in ODD_NAMES if place.carries(name)]
    paths = {place.put(name, name.encode("utf-8", "surrogateescape")) for name in names}
    assert {entry.path for entry in place.writer.list(place.path)} == paths
    assert {entry.path for entry in place.writer.walk(place.path, 100)} == paths | {place.path}
    for name in names:
        path = place.at(name)
        content = name.encode("utf-8", "surrogateescape")
        assert place.writer.stat(path).size == len(content)
        assert place.writer.read(path, 100) == content
        place.writer.write_atomic(path, b"new", 0o604)
        place.writer.rename(path, path + ".old")
        assert place.content(name + ".old") == b"new"


def test_real_path_resolves_links(place: Place) -> None:
    place.folder("a")
    place.put("a/f")
    place.link("l", "a")
    assert place.writer.real_path(place.at("l/f")) == place.writer.real_path(place.at("a/f"))
    with pytest.raises(NotFound):
        place.writer.real_path(place.at("a/absent"))


def test_home_is_a_folder(place: Place) -> None:
    assert place.writer.stat(place.writer.home()).kind is FileKind.FOLDER


def test_write_atomic_replaces_content_mode_and_time(place: Place) -> None:
    path = place.put(".htaccess", b"old", 0o644)
    place.writer.write_atomic(path, b"new\r\n\0", 0o604, 1_500_000_000.0)
    found = place.writer.stat(path)
    assert (place.content(".htaccess"), found.mode, int(found.mtime)) == (b"new\r\n\0", 0o604, 1_500_000_000)
    assert place.names() == [".htaccess"]


@pytest.mark.parametrize("mode", [0o400, 0o000, 0o4755, 0o777])
def test_write_atomic_sets_exactly_the_mode(place: Place, mode: int) -> None:
    path = place.put("f", b"old")
    if place.kind == "vsftpd" and mode > 0o777:  # it sets and lists permissions alone
        with pytest.raises(TransportError, match="mode"):
            place.writer.write_atomic(path, b"new", mode)
        assert (place.content("f"), place.names()) == (b"old", ["f"])
        return
    place.writer.write_atomic(path, b"new", mode)
    assert place.writer.stat(path).mode == mode


def test_write_atomic_keeps_owner_and_group(place: Place) -> None:
    path = place.put("f", b"old")
    before = place.writer.stat(path)
    place.writer.write_atomic(path, b"new", 0o644)
    after = place.writer.stat(path)
    assert (after.uid, after.gid) == (before.uid, before.gid)


def test_write_atomic_refuses_a_file_of_another_owner(place: Place) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can make files of others")
    path = place.put("f", b"theirs", 0o666)
    if place.real is None:
        place.writer.nodes[path].uid = 12345
    else:
        with as_root():
            os.chown(place.real / "f", 12345, 12345)
    with pytest.raises(PermissionRefused):
        place.writer.write_atomic(path, b"mine", 0o666)
    assert (place.content("f"), place.names()) == (b"theirs", ["f"])


def test_write_atomic_of_many_packets_and_of_nothing(place: Place) -> None:
    path = place.at("f")
    for content in (os.urandom(1_200_003), b""):
        place.writer.write_atomic(path, content, 0o604)
        assert place.content("f") == content


def test_write_atomic_refuses_links_and_folders(place: Place) -> None:
    place.put("f", b"old")
    for path in (place.link("l", "f"), place.folder("d")):
        with pytest.raises(Unsupported):
            place.writer.write_atomic(path, b"new", 0o644)
    assert place.content("f") == b"old"


def test_write_atomic_without_permission_leaves_everything(place: Place) -> None:
    place.folder("d")
    path = place.put("d/f", b"old")
    place.writer.chmod(place.at("d"), 0o555)
    with pytest.raises(PermissionRefused):
        place.writer.write_atomic(path, b"new", 0o644)
    assert place.content("d/f") == b"old"


def test_write_atomic_on_a_full_disk_keeps_the_old_file(place: Place) -> None:
    if place.real is None:
        place.writer.free = 65_536
        path = place.put("disk/f", b"old")
        with pytest.raises(NoSpace):
            place.writer.write_atomic(path, b"x" * 200_000, 0o644)
        assert place.content("disk/f") == b"old"
        return
    (place.real / "disk").mkdir()
    with as_root(), small_disk(place.real / "disk"):
        path = place.put("disk/f", b"old")
        os.seteuid(place.uid if place.server is None else 0)
        silent = place.kind == "pyftpdlib"  # it says nothing more when its disk is full
        with pytest.raises(ConnectionTimedOut if silent else NoSpace):
            place.writer.write_atomic(path, b"x" * 200_000, 0o644)
        assert place.content("disk/f") == b"old"
        assert os.listdir(place.real / "disk") == ["f"] or silent
        os.seteuid(0)


def test_create_exclusive(place: Place) -> None:
    path = place.at("new")
    place.writer.create_exclusive(path, b"1", 0o604, 1_500_000_000)
    found = place.writer.stat(path)
    assert (place.content("new"), found.mode, int(found.mtime)) == (b"1", 0o604, 1_500_000_000)
    with pytest.raises(AlreadyExists):
        place.writer.create_exclusive(path, b"2", 0o604)
    with pytest.raises(AlreadyExists):
        place.writer.create_exclusive(place.link("dangling", "nowhere"), b"2", 0o604)
    assert (place.content("new"), place.names()) == (b"1", ["dangling", "new"])


def test_rename_keeps_the_file_and_never_overwrites(place: Place) -> None:
    path = place.put("a", b"a", 0o604, 1_500_000_000)
    place.put("b", b"b")
    place.link("dangling", "nowhere")
    for target in ("b", "dangling"):
        with pytest.raises(AlreadyExists):
            place.writer.rename(path, place.at(target))
    assert (place.content("a"), place.content("b")) == (b"a", b"b")
    before = place.writer.stat(path)
    place.writer.rename(path, place.at("c"))
    assert place.writer.stat(place.at("c")) == before
    with pytest.raises(NotFound):
        place.writer.rename(path, place.at("d"))


def test_rename_of_a_folder(place: Place) -> None:
    place.folder("d")
    place.put("d/f", b"1")
    place.folder("other")
    with pytest.raises(AlreadyExists):
        place.writer.rename(place.at("d"), place.at("other"))
    place.writer.rename(place.at("d"), place.at("e"))
    assert place.content("e/f") == b"1"


def test_chmod_of_files_and_folders(place: Place) -> None:
    closed = 0o400 if place.kind == "pure-ftpd" else 0o000  # it opens what it changes
    for path in (place.put("f", mode=closed), place.folder("d")):
        place.writer.chmod(path, 0o705)
        assert place.writer.stat(path).mode == 0o705


def test_chmod_and_set_mtime_refuse_links(place: Place) -> None:
    path = place.put("f", mode=0o604)
    link = place.link("l", "f")
    for change in (lambda: place.writer.chmod(link, 0o777), lambda: place.writer.set_mtime(link, 1)):
        with pytest.raises(Unsupported):
            change()
    assert (place.writer.stat(path).mode, place.writer.stat(path).mtime) == (0o604, 1_600_000_000)


def test_set_mtime_to_the_second(place: Place) -> None:
    path = place.put("f")
    place.writer.set_mtime(path, 1_234_567_890.75)
    assert int(place.writer.stat(path).mtime) == 1_234_567_890


def test_remove_of_a_file_only(place: Place) -> None:
    place.writer.remove(place.put("f"))
    assert place.names() == []
    for path in (place.folder("d"), place.link("l", "d")):
        with pytest.raises(Unsupported):
            place.writer.remove(path)
    with pytest.raises(NotFound):
        place.writer.remove(place.at("absent"))


def test_free_space_is_told_when_it_is_claimed(place: Place) -> None:
    if place.real is None:
        place.writer.free = 1_000_000
    free = place.writer.free_space(place.path)
    assert (free is not None and free > 0) == (Capability.FREE_SPACE in place.writer.capabilities)
