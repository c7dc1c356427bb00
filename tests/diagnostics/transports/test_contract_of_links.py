"""What every transport promises of links that are looked at and led elsewhere, held against all of them as `test_contract` does."""

from __future__ import annotations

import os

import pytest

from diagnostics.transports.base import Capability, FileKind, NotFound, Unsupported
from tests.diagnostics.transports.conftest import Place

OLD = 1_600_000_000.0
LOOKS_THROUGH = ("vsftpd",)  # it renames no link that leads to nothing


def test_link_tells_what_it_holds_wherever_that_leads(place: Place) -> None:
    place.folder("d")
    links = {"to-a-folder": "d", "to-nothing": "../gone/20240101", "round": "round", "out": "/nowhere/at all"}
    for name, target in links.items():
        place.link(name, target)
        assert place.writer.link_target(place.at(name)) == target
        assert place.writer.stat(place.at(name)).kind is FileKind.LINK
    for other in (place.put("f"), place.at("d")):
        with pytest.raises(Unsupported):
            place.writer.link_target(other)
    with pytest.raises(NotFound):
        place.writer.link_target(place.at("absent"))


def test_link_is_led_elsewhere_in_one_move_and_back_with_its_time(place: Place) -> None:
    path = place.link("current", "releases/old")
    if Capability.LEAD_LINKS not in place.writer.capabilities:
        with pytest.raises(Unsupported):
            place.writer.lead_link(path, "releases/new")
        assert place.writer.link_target(path) == "releases/old" and place.names() == ["current"]
        return
    before = place.writer.stat(path)
    for target in ("releases/new", "/elsewhere/x y", "current"):
        place.writer.lead_link(path, target)
        now = place.writer.stat(path)
        assert place.writer.link_target(path) == target
        assert (now.kind, now.mode, now.uid, now.gid) == (before.kind, before.mode, before.uid, before.gid)
    place.writer.lead_link(path, "releases/old", OLD)
    assert place.writer.link_target(path) == "releases/old" and place.names() == ["current"]
    if place.real is not None:  # OpenSSH of today sets the time of a link itself
        assert os.lstat(place.real / "current").st_mtime == OLD


def test_nothing_but_a_link_is_led_or_removed_as_one(place: Place) -> None:
    place.folder("d")
    place.put("d/kept", b"kept")
    place.link("l", "d")
    for other in (place.put("f", b"kept"), place.at("d")):
        with pytest.raises(Unsupported):
            place.writer.lead_link(other, "elsewhere")
        with pytest.raises(Unsupported):
            place.writer.remove_link(other)
    place.writer.remove_link(place.at("l"))
    assert place.names() == ["d", "f"]
    assert place.content("f") == b"kept" and place.content("d/kept") == b"kept"


def test_link_that_leads_nowhere_is_renamed_and_stays_as_it_is(place: Place) -> None:
    for name, target in (("l", "nowhere"), ("round", "round")):
        path = place.link(name, target)
        before = place.writer.stat(path)
        if place.kind in LOOKS_THROUGH:
            with pytest.raises(Unsupported, match="symbolic link"):
                place.writer.rename(path, place.at(f"{name}.aside"))
            assert place.writer.link_target(path) == target and place.writer.stat(path) == before
            continue
        place.writer.rename(path, place.at(f"{name}.aside"))
        assert place.writer.link_target(place.at(f"{name}.aside")) == target
        assert place.writer.stat(place.at(f"{name}.aside")) == before
    assert place.names() == (["l", "round"] if place.kind in LOOKS_THROUGH else ["l.aside", "round.aside"])
