"""FTP looks at one name by listing its folder: who looks at many names at once may let a listing count for a while."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from diagnostics.transports import open_reader
from diagnostics.transports.base import NotFound, Reader, TransportError
from tests.diagnostics.transports.conftest import GUARD, details_for, place_on
from tests.ftp_servers import FtpServer

Servers = Callable[[str], FtpServer]
KINDS = ("vsftpd", "pure-ftpd", "pyftpdlib")


def listings(reader: Reader) -> list[str]:
    """The folders that are listed from now on."""
    asked: list[str] = []
    listed = reader._listed  # type: ignore[attr-defined]

    def noted(folder: str, shown: str) -> object:
        asked.append(folder)
        return listed(folder, shown)

    reader._listed = noted  # type: ignore[attr-defined]
    return asked


@pytest.mark.parametrize("kind", KINDS)
def test_names_of_one_folder_take_one_listing(ftp_servers: Servers, kind: str) -> None:
    server = ftp_servers(kind)
    with place_on(server, "ftp") as place, open_reader(details_for(server, "ftp"), guard=GUARD) as reader:
        paths = [place.put(f"part-{number}.php", b"x" * number) for number in range(5)]
        once = [(reader.stat(path), reader.read(path, 100)) for path in paths]
        reader.remember(60.0)  # type: ignore[attr-defined]
        asked = listings(reader)
        assert [(reader.stat(path), reader.read(path, 100)) for path in paths] == once
        assert len(asked) == 1
        with pytest.raises(NotFound):
            reader.stat(place.at("nothing.php"))
        assert len(asked) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_folder_that_is_not_there_is_asked_for_once(ftp_servers: Servers, kind: str) -> None:
    server = ftp_servers(kind)
    with place_on(server, "ftp") as place, open_reader(details_for(server, "ftp"), guard=GUARD) as reader:
        place.folder("inside")
        place.put("inside/a.php", b"x")
        reader.remember(60.0)  # type: ignore[attr-defined]
        entered: list[str] = []
        enter = reader._wire.enter  # type: ignore[attr-defined]
        reader._wire.enter = lambda folder, **how: (entered.append(folder), enter(folder, **how))  # type: ignore[attr-defined]
        for path in ("gone/a.php", "gone/b.php", "gone/deep/c.php", "gone/deep/er/d.php", "inside/gone/f.php"):
            for ask in (lambda path: reader.stat(path), lambda path: reader.read(path, 10)):
                with pytest.raises(NotFound):
                    ask(place.at(path))
        with pytest.raises(NotFound):
            reader.list(place.at("gone/deep"))
        assert reader.stat(place.at("inside/a.php")).size == 1
        assert sum("gone" in folder for folder in entered) <= 2, entered


@pytest.mark.parametrize("kind", KINDS)
def test_file_that_grew_meanwhile_is_given_as_it_is_now(ftp_servers: Servers, kind: str) -> None:
    server = ftp_servers(kind)
    with place_on(server, "ftp") as place, open_reader(details_for(server, "ftp"), guard=GUARD) as reader:
        path = place.put("debug.log", b"one line\n")
        reader.remember(60.0)  # type: ignore[attr-defined]
        assert reader.read(path, 1_000) == b"one line\n"
        place.put("debug.log", b"one line\nand another\n")
        assert reader.read(path, 1_000) == b"one line\nand another\n"


def test_who_writes_looks_anew(ftp_servers: Servers) -> None:
    with place_on(ftp_servers("vsftpd"), "ftp") as place:
        path = place.put("index.php", b"old")
        place.writer.remember(60.0)  # type: ignore[attr-defined]
        assert place.writer.stat(path).size == 3
        place.put("index.php", b"newer")
        assert place.writer.stat(path).size == 5
        place.writer.remove(path)
        with pytest.raises(TransportError):
            place.writer.stat(path)
