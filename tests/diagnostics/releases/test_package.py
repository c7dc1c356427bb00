"""A package of somebody else is read without believing it: bombs, ways out, links and what its checksums do not say are left out."""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
from pathlib import Path

import pytest

from diagnostics.releases import package as packages
from diagnostics.releases.package import Package, PackageUnreadable
from diagnostics.releases.published import Digests, Release, wordpress
from tests.publisher import zipped

FORMS = Release("plugin", "forms", "2.1")


def made(folder: Path, content: bytes, checksums: dict[str, Digests] | None = None, release: Release = FORMS) -> Package:
    path = folder / "a.zip"
    path.write_bytes(content)
    return Package(release, path, checksums or {})


def digests(content: bytes) -> Digests:
    return frozenset({("md5", hashlib.md5(content).hexdigest())})


def test_files_are_named_and_read_by_their_place_in_the_release(tmp_path: Path) -> None:
    content = zipped(
        {"wordpress/index.php": b"<?php\n", "wordpress/wp-includes/a.php": b"a" * 9000, "other/x.php": b"x", "wordpress/e/": b""}
    )
    with made(tmp_path, content, release=wordpress("6.1")) as package:
        assert package.names == {"index.php", "wp-includes/a.php"}
        assert (package.size("wp-includes/a.php"), package.content("index.php"), package.content("none.php")) == (9000, b"<?php\n", None)
        assert package.size("none.php") is None and not package.is_proven("index.php")


def test_what_the_list_does_not_say_is_not_in_it(tmp_path: Path) -> None:
    content = zipped({"forms/a.php": b"a", "forms/b.php": b"changed", "forms/c.php": b"c"})
    with made(tmp_path, content, {"a.php": digests(b"a"), "b.php": digests(b"b")}) as package:
        assert package.names == {"a.php", "b.php"} and package.is_proven("a.php")
        assert (package.content("a.php"), package.content("b.php"), package.content("c.php")) == (b"a", None, None)


@pytest.mark.parametrize("name", [
    "forms/../../evil.php", "/forms/evil.php", "forms//evil.php", "forms/./evil.php", "forms/a\\..\\evil.php", "forms/\x01evil.php",
    "forms/c:evil.php",
])  # fmt: skip
def test_names_that_lead_out_or_are_strange_are_left_out(tmp_path: Path, name: str) -> None:
    with made(tmp_path, zipped({"forms/a.php": b"a", name: b"evil"})) as package:
        assert package.names == {"a.php"}


def test_links_and_large_files_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO(zipped({"forms/a.php": b"a", "forms/large.js": b"x" * 5000}))
    with zipfile.ZipFile(raw, "a") as archive:
        link = zipfile.ZipInfo("forms/link.php")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    monkeypatch.setattr(packages, "LARGEST", 4000)
    with made(tmp_path, raw.getvalue()) as package:
        assert package.names == {"a.php"}


def test_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped({f"forms/{n}.php": b"\0" * 3_000_000 for n in range(3)})
    assert len(bomb) < 20_000
    monkeypatch.setattr(packages, "MOST_BYTES", 8_000_000)
    with pytest.raises(PackageUnreadable):
        made(tmp_path, bomb)


def test_file_that_unpacks_to_more_than_its_list_of_contents_says_is_not_believed(tmp_path: Path) -> None:
    content = zipped({"forms/a.php": b"\0" * 100_000})
    size = (100_000).to_bytes(4, "little")
    with made(tmp_path, content.replace(size, (10).to_bytes(4, "little"))) as package:
        assert package.size("a.php") == 10 and package.content("a.php") is None and not package.is_whole()


@pytest.mark.parametrize(
    "content", [b"", b"<html>not found</html>", zipped({"forms/a.php": b"a" * 2000})[:-30], zipped({"else/a.php": b"a"})]
)
def test_what_is_no_package_of_the_release_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PackageUnreadable):
        made(tmp_path, content)


def test_package_with_a_flipped_byte_gives_nothing_of_that_file(tmp_path: Path) -> None:
    content = bytearray(zipped({"forms/a.php": bytes(range(256)) * 20}))
    content[300] ^= 0xFF
    with made(tmp_path, bytes(content)) as package:
        assert package.content("a.php") is None and not package.is_whole()
