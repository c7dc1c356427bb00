"""Paths of the server, as people see them, where the login sees another root: the account may lie below a folder of the docroot's name."""

from __future__ import annotations

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.facts.logged_paths import shown_path
from tests.diagnostics.evidences import AT, apache_line, evidence, site
from tests.fakes import FakeHost, Node

START = b"<?php\nrequire dirname(__DIR__) . '/platform/start.php';\n"
ROOTS = ["/var/www/clients/client1/web1", "/www/htdocs/w0123", "/srv/www/vhosts/www/shop.example"]


def fatal(path: str, said: str = "Uncaught TypeError: a") -> str:
    return apache_line(f"AH01071: Got error 'PHP message: PHP Fatal error:  {said} in {path}:3'", level="proxy_fcgi:error")


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(
    ("place", "log"),
    [
        ("platform/config/mail.php", None),
        ("platform/config/mail.php", "platform/storage/logs/app.log"),
        ("www/lib/a.php", None),
        ("www/lib/gone.php", None),
        ("www/index.php", None),
    ],
)
def test_file_is_told_from_the_folder_above_the_docroot(root: str, place: str, log: str | None) -> None:
    names = ("platform/start.php", "platform/config/mail.php", "www/lib/a.php")
    files: dict[str, bytes | tuple[bytes, int]] = {"www/index.php": START, **dict.fromkeys(names, b"<?php\n\n\n")}
    files |= {log: b"\n"} if log else {}
    seen = evidence(files, fatal(f"{root}/{place}"))
    assert run_checks(seen).findings[0].path == place


@pytest.mark.parametrize("root", ROOTS)
def test_folder_beside_the_docroot_is_told_from_the_account(root: str) -> None:
    files: dict[str, bytes | tuple[bytes, int]] = {
        "www/index.php": START, "platform/start.php": b"<?php\n", "platform/writable/cache/index.html": b"",
    }  # fmt: skip
    seen = evidence(files, fatal("/x.php", f'Uncaught Exception: "{root}/platform/writable/cache/" is not writable'))
    assert shown_path(f"{root}/platform/writable/cache/a/b", seen) == "platform/writable/cache/a/b"


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("place", ["platform/config/mail.php", "www/lib/a.php", "www/lib/gone.php"])
def test_login_whose_root_is_the_account_tells_the_same(root: str, place: str) -> None:
    """As FTP servers have it: the docroot is "/www"."""
    host = FakeHost({
        "/www/index.php": (START, 0o604), "/www/lib/a.php": (b"<?php\n\n\n", 0o604), "/platform/start.php": (b"<?php\n", 0o604),
        "/platform/config/mail.php": (b"<?php\n\n\n", 0o604),
        "/logs/error.log": Node(content=fatal(f"{root}/{place}").encode(), mode=0o604, mtime=AT.timestamp()),
    }, protocol="ftp")  # fmt: skip
    seen = gather(host, site(), SitePaths("/www", "/logs/error.log"), "ovh-mutualise", AT)
    assert run_checks(seen).findings[0].path == place


def test_path_of_another_account_stays_as_it_is() -> None:
    assert shown_path("/usr/share/php/PEAR.php", evidence({"www/index.php": START}, "")) == "/usr/share/php/PEAR.php"
