"""What every transport promises of a file that is emptied where it stands, held against all of them as `test_contract` does."""

from __future__ import annotations

import os

import pytest

from diagnostics.transports.base import NotFound, Unsupported
from tests.diagnostics.transports.conftest import REAL_PLACES, Place, as_root
from tests.servers import small_disk


def test_file_is_emptied_and_keeps_its_mode_and_who_holds_it_open(place: Place) -> None:
    path = place.put("error_log", b"line\n" * 1000, 0o640)
    held = os.open(place.real / "error_log", os.O_WRONLY | os.O_APPEND) if place.real is not None else None
    place.writer.empty(path)
    found = place.writer.stat(path)
    assert (found.size, found.mode, place.content("error_log")) == (0, 0o640, b"")
    if held is not None:
        os.write(held, b"next\n")
        os.close(held)
        assert place.content("error_log") == b"next\n"


def test_nothing_but_a_file_is_emptied(place: Place) -> None:
    place.folder("d")
    target = place.put("f", b"kept")
    for path in (place.at("d"), place.link("l", target), place.link("dangling", "nowhere")):
        with pytest.raises(Unsupported):
            place.writer.empty(path)
    with pytest.raises(NotFound):
        place.writer.empty(place.at("absent"))
    assert place.content("f") == b"kept" and place.names() == ["d", "dangling", "f", "l"]


@pytest.mark.parametrize("place", REAL_PLACES, indirect=True)  # the fake has no disk
def test_full_disk_does_not_hinder_it(place: Place) -> None:
    assert place.real is not None
    (place.real / "disk").mkdir()
    with as_root(), small_disk(place.real / "disk"):
        path = place.put("disk/error_log", b"x" * 65_536)
        os.seteuid(place.uid if place.server is None else 0)
        place.writer.empty(path)
        assert place.content("disk/error_log") == b""
        os.seteuid(0)
