"""What every transport promises of folders that are made and removed, held against all of them as `test_contract` does."""

from __future__ import annotations

import pytest

from diagnostics.transports.base import AlreadyExists, FileKind, NotFound, PermissionRefused, Unsupported
from tests.diagnostics.transports.conftest import Place


@pytest.mark.parametrize("mode", [0o755, 0o700, 0o771])
def test_folder_is_made_with_exactly_its_mode_and_removed_while_empty(place: Place, mode: int) -> None:
    path = place.at("cache")
    place.writer.make_folder(path, mode)
    made = place.writer.stat(path)
    assert (made.kind, made.mode) == (FileKind.FOLDER, mode)
    with pytest.raises(AlreadyExists):
        place.writer.make_folder(path, mode)
    place.put("cache/page.html", b"kept")
    with pytest.raises(Unsupported):
        place.writer.remove_folder(path)
    assert place.content("cache/page.html") == b"kept"
    place.writer.remove(place.at("cache/page.html"))
    place.writer.remove_folder(path)
    assert place.names() == []


def test_folder_is_made_nowhere_else_and_only_folders_are_removed(place: Place) -> None:
    place.folder("d")
    for path in (place.put("f"), place.link("l", "d"), place.link("dangling", "nowhere")):
        with pytest.raises(AlreadyExists):
            place.writer.make_folder(path, 0o755)
        with pytest.raises(Unsupported):
            place.writer.remove_folder(path)
    with pytest.raises(NotFound):
        place.writer.make_folder(place.at("absent/below"), 0o755)
    with pytest.raises(NotFound):
        place.writer.remove_folder(place.at("absent"))
    assert place.names() == ["d", "dangling", "f", "l"]


def test_folder_that_somebody_makes_between_look_and_making_is_theirs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo must leave it alone: so it has to be told apart from one that was made here."""
    look = type(place.writer)._what_is_there if hasattr(place.writer, "_what_is_there") else None

    def looked(writer: object, path: str) -> object:
        monkeypatch.setattr(type(writer), "_what_is_there", look)
        place.folder("cache", 0o750)
        return None

    if look is not None:
        monkeypatch.setattr(type(place.writer), "_what_is_there", looked)
    else:  # where the operating system says it in one step
        place.folder("cache", 0o750)
    with pytest.raises(AlreadyExists):
        place.writer.make_folder(place.at("cache"), 0o755)
    assert place.writer.stat(place.at("cache")).mode == 0o750


def test_folder_is_not_made_without_permission(place: Place) -> None:
    place.folder("closed", 0o555)
    with pytest.raises(PermissionRefused):
        place.writer.make_folder(place.at("closed/new"), 0o755)
    assert place.names() == ["closed"] and place.writer.list(place.at("closed")) == []
