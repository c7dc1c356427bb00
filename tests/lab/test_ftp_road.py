"""The road of a broken site by the commands alone, over real FTP servers: found, named, repaired, and undone to the byte."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnostics.transports.host_keys import fingerprint
from tests.ftp_servers import FtpServer, pure_ftpd, vsftpd
from tests.lab.apache import apache, why_missing
from tests.lab.hosting import HTACCESS, Hosting, Shell, differences, fill, state_of

SERVERS = {"ftp": lambda folder: pure_ftpd(folder), "ftps": lambda folder: vsftpd(folder, tls=True, extra=("require_ssl_reuse=YES",))}


@pytest.fixture(params=SERVERS)
def rented(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[FtpServer, Hosting]]:
    """An account that is reached over FTP alone, with a real Apache in front of its files."""
    if why_missing():
        pytest.skip(why_missing())
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(SERVERS[request.param](tmp_path))
        (server.home / "logs").mkdir(mode=0o755)
        server.own(server.home / "logs")
        fill(server)  # type: ignore[arg-type]
        web = stack.enter_context(apache(server.home / "www", server.home / "logs"))
        yield server, Hosting(server, web)  # type: ignore[arg-type]


def test_broken_htaccess_is_named_repaired_and_undone_to_the_byte(rented: tuple[FtpServer, Hosting], shell: Shell) -> None:
    server, made = rented
    made.write("www/.htaccess", HTACCESS + b"Opptions -MultiViews\n")
    broken, start = state_of(made.home, exact=True), state_of(made.home)
    assert made.get()[0] == 500
    shell.settings["SITEMEND_SECRET_FTP"] = server.password
    address = f"{server.protocol}://{server.user}@{server.address}:{server.port}"
    trusted = ("--host-key", fingerprint(server.host_key)) if server.certificate else ()
    wanted = ("add_site", "bakery", made.web.url + "/", "--connect", address, "--secret-env", "SITEMEND_SECRET_FTP", *trusted, "--json")
    added = shell.run(*wanted)
    assert added.status == 0, (added.out, added.err)
    assert added.json["found"]["docroot"] == f"{server.remote_home}/www"
    assert added.json["found"]["error_log"].startswith(f"{server.remote_home}/logs/")

    diagnosed = shell.run("diagnose", "bakery", "--json")
    first = diagnosed.json["findings"][0]
    assert (first["cause"], first["path"]) == ("htaccess-invalid-directive", "www/.htaccess"), diagnosed.json
    assert not differences(broken, state_of(made.home, exact=True)), "neither test nor diagnosis touches anything"

    repaired = shell.run("repair", "bakery", "--yes", "--json")
    assert repaired.status == 0, (repaired.out, repaired.err)
    assert (repaired.json["after"], repaired.json["cured"], made.get()[0]) == ("up", True, 200)
    assert set(differences(start, state_of(made.home))) == {b"www/.htaccess"}

    undone = shell.run("undo", "bakery", "--all", "--json")
    assert (undone.status, undone.json["identical"], undone.json["refused"]) == (0, True, []), undone.out
    assert not differences(start, state_of(made.home)), "undo brings back every byte, mode, owner and time"
