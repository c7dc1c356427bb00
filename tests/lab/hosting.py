"""A hosting account as one is rented: a real sshd for its files, a real Apache in front of its docroot, and what changed in it."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.lab.apache import ApacheServer, apache
from tests.servers import SshServer, sshd

ROOT = Path(__file__).resolve().parents[2]
START = 1_760_000_000  # the files of the account are from October 2025, each a minute younger than the one before

HTACCESS = b"""# Front controller and a few headers
Options -Indexes
DirectoryIndex index.html

<FilesMatch "\\.(ini|log|sql)$">
Require all denied
</FilesMatch>

RewriteEngine On
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule ^go/(.*)$ /about.html [L]

Header set X-Content-Type-Options nosniff
ExpiresActive On
AddType text/plain .note
"""

# Refuses to work while it or its folder may be written by others, as suEXEC does: then there is no output, and Apache answers 500.
CAREFUL_CGI = b"""#!/bin/sh
refuse() { exit 1; }
case "$(stat -c %A "$0")$(stat -c %A "$(dirname "$0")")" in
    ?????w*|????????w*|???????????????w*|??????????????????w*) refuse ;;
esac
printf 'Content-Type: text/html\\r\\n\\r\\n<html><body><h1>Contact us</h1><p>We answer within a day.</p></body></html>'
"""

_PAGE = b"<!doctype html><html lang=en><head><title>%s</title></head><body><h1>%s</h1><p>Bread and butter since 1971.</p></body></html>\n"

FILES: dict[bytes, tuple[bytes, int]] = {
    b"www/.htaccess": (HTACCESS, 0o604),
    b"www/index.html": (_PAGE % (b"Home", b"Welcome to the bakery"), 0o604),
    b"www/about.html": (_PAGE % (b"About", b"About the bakery"), 0o644),
    b"www/news.html": (_PAGE % (b"News", b"News of the bakery"), 0o644),
    b"www/robots.txt": (b"User-agent: *\nDisallow: /cgi/\n", 0o604),
    b"www/shop/index.html": (_PAGE % (b"Shop", b"Order bread"), 0o604),
    b"www/shop/.htaccess": (b"AddCharset utf-8 .html\r\n", 0o604),
    b"www/shop/prices 2025.html": (_PAGE % (b"Prices", b"Prices of 2025"), 0o604),
    b"www/shop/\"best\" 'bread'.html": (_PAGE % (b"Best", b"Best bread"), 0o604),
    b"www/shop/two\nlines.note": (b"A name with a newline.\n", 0o604),
    b"www/shop/caf\xe9.note": (b"A name that is not UTF-8.\n", 0o604),
    "www/shop/crème brûlée.note".encode(): (b"A name with accents.\n", 0o644),
    b"www/shop/-rf.note": (b"A name that looks like an option.\n", 0o604),
    b"www/shop/$(id) `id`; #.note": (b"A name that looks like a command.\n", 0o604),
    b"www/shop/empty.note": (b"", 0o604),
    b"www/shop/read-only.note": (b"Nobody may write this.\n", 0o444),
    b"www/private/.htaccess": (b"Require all denied\n", 0o604),
    b"www/private/customers.sql": (b"INSERT INTO customers VALUES ('Anna');\n", 0o600),
    b"www/private/settings.ini": (b"password=hunter2\n", 0o640),
    b"www/cgi/.htaccess": (b"AddHandler cgi-script .cgi\n", 0o604),
    b"www/cgi/contact.cgi": (CAREFUL_CGI, 0o705),
    b"www/media/logo.svg": (b"<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'/>\n", 0o644),
    b"www/media/photo.bin": (bytes(range(256)) * 64, 0o604),
    b"www/media/2024/summer.bin": (bytes(range(255, -1, -1)) * 16, 0o604),
    b"www/media/2024/deep/deeper/deepest.txt": (b"Far down.\n", 0o604),
    b"www/css/site.css": (b"body { font-family: serif }\n", 0o644),
    b"www/css/print.css": (b"nav { display: none }\n", 0o644),
    b"www/js/site.js": (b"'use strict';\n", 0o604),
    b"www/data/counter.txt": (b"41\n", 0o604),
    b"www/.user.ini": (b"memory_limit = 128M\n", 0o604),
    b"backup/site-2025-09.tar": (b"\0" * 2048, 0o600),
    b".profile": (b"umask 022\n", 0o644),
}
FOLDER_MODES = {b"www": 0o705, b"www/private": 0o705, b"backup": 0o700, b"logs": 0o755}

State = dict[bytes, tuple[Any, ...]]


@dataclass
class Hosting:
    """One account with its servers. `fill` makes its files as they are when all is well."""

    ssh: SshServer
    web: ApacheServer

    @property
    def home(self) -> Path:
        return self.ssh.home

    @property
    def docroot(self) -> Path:
        return self.home / "www"

    def fill(self) -> None:
        """All files anew: content, modes, owner and times."""
        fill(self.ssh)

    def write(self, path: str, content: bytes) -> None:
        """As the account's owner would: the content changes, mode and owner stay."""
        target = self.home / path
        fresh = not target.exists()
        target.write_bytes(content)
        if fresh:
            target.chmod(0o604)
            self.ssh.own(target)

    def get(self, path: str = "/") -> tuple[int, bytes]:
        """What the real Apache answers."""
        parts = urlsplit(self.web.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def fill(ssh: SshServer) -> None:
    """The account's files as they are when all is well; whatever else lay there is removed, but for the logs."""
    home = os.fsencode(ssh.home)
    for entry in os.scandir(home):
        if entry.name != b"logs":
            shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)
    folders: set[bytes] = set()
    for number, (name, (content, mode)) in enumerate(FILES.items()):
        path = os.path.join(home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, mode)
        _own(ssh, path)
        os.utime(path, (START + 60 * number, START + 60 * number))
        parent = os.path.dirname(name)
        while parent:
            folders.add(parent)
            parent = os.path.dirname(parent)
    for name in sorted(folders, reverse=True):
        path = os.path.join(home, name)
        os.chmod(path, FOLDER_MODES.get(name, 0o705))
        _own(ssh, path)
        os.utime(path, (START, START))


def _own(ssh: SshServer, path: bytes) -> None:
    if os.geteuid() == 0:
        os.chown(path, ssh.uid, ssh.gid, follow_symlinks=False)


def state_of(home: Path, *, exact: bool = False) -> State:
    """Everything of the account but its logs: names, content, modes, owners, times of files and links to the second.

    `exact`: also the times of folders and of the last change of anything, to the nanosecond: nothing may have been touched at all.
    """
    top = os.fsencode(home)
    found: State = {}
    for folder, folders, names in os.walk(top):
        if folder == top and b"logs" in folders:
            folders.remove(b"logs")
        for name in [*folders, *names]:
            path = os.path.join(folder, name)
            facts = os.lstat(path)
            what: tuple[Any, ...] = (stat.filemode(facts.st_mode), facts.st_uid, facts.st_gid)
            if stat.S_ISREG(facts.st_mode):
                with open(path, "rb") as file:
                    what += (facts.st_size, hashlib.sha256(file.read()).hexdigest(), int(facts.st_mtime))
            elif stat.S_ISLNK(facts.st_mode):
                what += (os.readlink(path), int(facts.st_mtime))
            if exact:
                what += (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)
            found[os.path.relpath(path, top)] = what
    return found


def differences(before: State, after: State) -> dict[bytes, tuple[Any, Any]]:
    """What is not the same, by path; empty when nothing differs."""
    return {path: (before.get(path), after.get(path)) for path in sorted({*before, *after}) if before.get(path) != after.get(path)}


@contextlib.contextmanager
def hosting(tmp_path: Path, *, sftp_only: bool = False) -> Iterator[Hosting]:
    """An account with a shell, or (`sftp_only`) with files only, jailed; Apache logs into its folder `logs`."""
    with sshd(tmp_path, sftp_only=sftp_only) as ssh:
        ssh.home.chmod(0o755)
        (ssh.home / "logs").mkdir(mode=0o755)
        fill(ssh)
        ssh.own(ssh.home / "logs")
        with apache(ssh.home / "www", ssh.home / "logs") as web:
            yield Hosting(ssh, web)


@dataclass
class Answer:
    """What a command answered. `json` is the one document on its standard output."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError(f"not one JSON document: {self.out!r}\n{self.err}") from None


@dataclass
class Shell:
    """`manage.py` in processes of their own, over an installation of its own."""

    state_folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """SQLite, and no broker: all these commands work with the database alone."""
        chosen = {"DATABASE_URL": "", "REDIS_URL": "", "EMAIL_URL": "", "SITEMEND_ALLOWED_NETWORKS": "127.0.0.0/8"}
        return {**os.environ, **chosen, "SITEMEND_VAR_DIR": str(self.state_folder), **self.settings}

    def run(self, *arguments: str, seconds: float = 90.0) -> Answer:
        """One command, to its end."""
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr, time.monotonic() - began)
