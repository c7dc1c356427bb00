"""What people expect to give a 500 and does not, and what gives another failure than it seems: each as a real Apache answers it."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from diagnostics.checks.registry import run_checks
from diagnostics.evidence import PageSeen, SiteSeen
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding, Severity
from diagnostics.transports.local import LocalReader
from sites.probing.outcome import Kind
from sites.signatures import classify
from tests.diagnostics.htaccess.corpus import SOUND, WORDPRESS
from tests.lab.apache import apache, why_missing

pytestmark = pytest.mark.skipif(bool(why_missing()) or os.geteuid() != 0, reason=why_missing() or "the server must be another user")

PAGE = b"<!doctype html><html><head><title>Bread</title></head><body><h1>Bread</h1><p>Since 1971.</p></body></html>"
TOKEN = "look4711alike"
Plant = Callable[[Path], None]


def htaccess(content: bytes, mode: int = 0o644) -> Plant:
    def plant(docroot: Path) -> None:
        (docroot / ".htaccess").write_bytes(content)
        (docroot / ".htaccess").chmod(mode)

    return plant


def in_folder(name: str, content: bytes) -> Plant:
    def plant(docroot: Path) -> None:
        (docroot / name).mkdir()
        htaccess(content)(docroot / name)

    return plant


def script(content: bytes, mode: int) -> Plant:
    def plant(docroot: Path) -> None:
        (docroot / ".htaccess").write_bytes(b"AddHandler cgi-script .cgi\n")
        (docroot / "run.cgi").write_bytes(content)
        (docroot / "run.cgi").chmod(mode)

    return plant


def modes(name: str, mode: int) -> Plant:
    return lambda docroot: (docroot / name).chmod(mode)


@dataclass(frozen=True)
class Case:
    plant: Plant
    status: int = 200
    path: str = "/"
    cause: str = ""  # of the only finding above a note; empty: there is none


MEMBERS = b"AuthType Basic\nAuthName x\nAuthUserFile /none\nRequire valid-user\n"
CGI = b"#!/bin/sh\nprintf 'Content-Type: text/html\\r\\n\\r\\n<h1>Ours</h1><p>Made now, and made well.</p>'\n"
CASES = {
    "windows line ends": Case(htaccess(WORDPRESS.replace(b"\n", b"\r\n"))),
    "section of a loaded module left open": Case(htaccess(b"<IfModule mod_rewrite.c>\nRewriteEngine On\n")),
    "sections left open in one": Case(htaccess(b"<IfModule mod_rewrite.c>\n<Files x>\nRequire all denied\n")),
    "mark of a section without a bracket": Case(htaccess(b"<RequireAll\nRequire all granted\n</RequireAll>\n")),
    "nonsense behind a switch": Case(htaccess(b"RewriteEngine On please\n")),
    "nonsense in a module that is absent": Case(htaccess(b"<IfModule mod_nothing.c>\nNoSuch <thing\n</IfModule>\n")),
    "flag that begins with D": Case(htaccess(b"RewriteEngine On\nRewriteRule ^x$ - [DX]\n")),
    "rules that are switched off": Case(htaccess(b"RewriteEngine Off\nRewriteRule ^(.*)$ /x/$1 [L]\n")),
    "rule that goes round once": Case(htaccess(b"RewriteEngine On\nRewriteRule ^(.*)$ index.html [L]\n")),
    "old syntax in a comment": Case(htaccess(b"# Order deny,allow\n#php_value memory_limit 1G\n# RewritEngine On\n")),
    "everything after a NUL": Case(htaccess(b"Options -Indexes\0 Nonsense\n")),
    "page that may be written by all": Case(modes("index.html", 0o777)),
    "folder that may be written by all": Case(modes(".", 0o777)),
    "script that may be written by all, without suEXEC": Case(script(CGI, 0o777), path="/run.cgi"),
    "password file that is not there, for one folder": Case(in_folder("members", MEMBERS)),
    "unreadable .htaccess": Case(htaccess(b"Options -Indexes\n", 0o000), 403, cause="htaccess-unreadable"),
    "docroot that is shut": Case(modes(".", 0o700), 403, cause="folder-not-traversable"),
    "page for the owner only": Case(modes("about.html", 0o600), 403, "/about.html", "file-unreadable"),
    "start page gone": Case(lambda docroot: (docroot / "index.html").unlink(), 403, cause="index-file-missing"),
    "redirect to itself": Case(htaccess(b"RewriteEngine On\nRewriteRule ^(.*)$ /$1 [R=301,L]\n"), 301, cause="redirect-loop"),
    "loop inside": Case(htaccess(b"RewriteEngine On\nRewriteRule ^(.*)$ /x/$1 [L]\n"), 500, cause="htaccess-rewrite-loop"),
    "script that may not be run": Case(script(CGI, 0o644), 500, "/run.cgi", "cgi-not-executable"),
}
CASES |= {
    f"sound: {name}": Case(htaccess(content), path="/about.html")
    for name, content in SOUND.items()
    if name != "words-after-a-switch"  # sends every request elsewhere, as it should
}


def answer(url: str) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"User-Agent": f"Probe {TOKEN}"})
        got = connection.getresponse()
        return got.status, tuple(got.headers.items()), got.read()
    finally:
        connection.close()


def seen(url: str, path: str) -> SiteSeen:
    """As a probe sees it: redirects followed, the answer judged."""
    at = datetime.now(UTC)
    where = f"{url}{path}?{TOKEN}"
    for _hop in range(8):
        status, headers, body = answer(where)
        location = dict(headers).get("Location", "")
        if not 300 <= status < 400 or not location:
            break
        where = urljoin(where, location)
    kind = Kind.REDIRECT_LOOP if 300 <= status < 400 else classify(status, headers, body).kind
    page = PageSeen(path, f"{url}{path}", str(kind), status, at, body=body, token=TOKEN)
    well = kind is Kind.OK
    return SiteSeen("bakery", url, "up" if well else "down", str(kind), (page,), None if well else at)


def findings(base: Path, case: Case) -> tuple[int, list[Finding]]:
    docroot = base / "www"
    docroot.mkdir(mode=0o755)
    for name in ("index.html", "about.html"):
        (docroot / name).write_bytes(PAGE)
        (docroot / name).chmod(0o644)
    case.plant(docroot)
    with apache(docroot, base / "logs") as server:
        site = seen(server.url, case.path)
    paths = SitePaths(str(docroot), str(base / "logs" / "error.log"), str(base / "logs" / "access.log"))
    evidence = gather(LocalReader([str(base)]), site, paths, "apache-755", datetime.now(UTC))
    return site.pages[0].status or 0, [each for each in run_checks(evidence).findings if each.severity is not Severity.NOTE]


@pytest.mark.parametrize("name", CASES)
def test_look_alike_is_told_for_what_it_is(name: str, open_folder: Path) -> None:
    case = CASES[name]
    status, found = findings(open_folder, case)
    assert status == case.status
    assert [each.cause for each in found[:1]] == ([case.cause] if case.cause else []), found
