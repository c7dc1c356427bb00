"""Several files at once over a real SFTP: the same as one by one, and nothing that one by one would not give."""

from __future__ import annotations

import os

import pytest

from diagnostics.facts.small_files import SmallFiles
from diagnostics.transports.base import TransportError
from tests.diagnostics.transports.conftest import Place

over_sftp = pytest.mark.parametrize("place", ["sftp", "bare", "ssh"], indirect=True)


def made(place: Place) -> list[str]:
    """Files of many sizes and what is no file, by their paths."""
    sizes = (0, 1, 32_767, 32_768, 32_769, 65_536, 100_000, 200_000)
    paths = [place.put(f"f{number}.php", os.urandom(size)) for number, size in enumerate(sizes * 5)]
    others = [place.folder("folder"), place.put("closed.php", b"secret", 0o000), place.link("link.php", "/etc/passwd")]
    return [*paths, *others, place.at("nothing.php")]


def one_by_one(place: Place, path: str, limit: int) -> bytes | None:
    try:
        return place.writer.read(path, limit)
    except TransportError:
        return None


@over_sftp
def test_what_is_read_together_is_what_is_read_one_by_one(place: Place) -> None:
    paths = made(place)
    found = place.writer.read_many(paths, 150_000)  # type: ignore[attr-defined]
    assert found == {path: one_by_one(place, path, 150_000) for path in paths}
    assert sum(content is None for content in found.values()) >= 5 + 3
    assert place.writer.read_many([], 10) == {}  # type: ignore[attr-defined]


@over_sftp
def test_line_is_in_order_afterwards(place: Place) -> None:
    paths = made(place)
    for _turn in range(3):
        place.writer.read_many(paths, 300_000)  # type: ignore[attr-defined]
        assert place.writer.read(paths[3], 300_000) == one_by_one(place, paths[3], 300_000)
        assert len(place.writer.list(place.path)) == len(paths) - 1


@over_sftp
def test_small_files_are_fetched_together_and_read_once(place: Place) -> None:
    paths = made(place)
    files = SmallFiles(place.writer)
    files.fetch(paths)
    for path in paths:
        assert files.content(path) == one_by_one(place, path, 256 * 1024)
