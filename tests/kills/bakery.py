"""A small site that really reacts to what lies in its folder: Apache and PHP, a real server for its files, and ways to break it."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.ftp_servers import FtpServer, pure_ftpd, vsftpd
from tests.lab.apache import DEFAULT_MODULES, ApacheServer, apache
from tests.lab.apache import why_missing as why_no_apache
from tests.lab.hosting import CAREFUL_CGI
from tests.servers import SshServer, sshd

TRANSPORTS = ("ssh", "sftp", "ftp", "ftps")
PAGES = ("/", "/about.html", "/cgi/contact.cgi", "/cgi/order.cgi")
Server = SshServer | FtpServer
Tree = dict[str, tuple[Any, ...]]
_START = 1_760_000_000  # the files are of October 2025
_PHP = next(iter(sorted(Path("/usr/lib/apache2/modules").glob("libphp*.so"))), None)
_MODULES = ("mpm_prefork", *(name for name in DEFAULT_MODULES if name != "mpm_event"))
_PLUGINS = ("album", "basket", "forms", "hours", "jobs")
_WORDPRESS = {
    "index.php": b"<?php\ndefine('WP_USE_THEMES', true);\nrequire __DIR__ . '/wp-blog-header.php';\n",
    "wp-blog-header.php": b"<?php\nrequire_once __DIR__ . '/wp-load.php';\necho '<h1>Welcome to the bakery</h1>', bakery_hours();\n",
    "wp-load.php": b"<?php\ndefine('ABSPATH', __DIR__ . '/');\nrequire_once ABSPATH . 'wp-config.php';\n",
    "wp-config.php": b"<?php\n$table_prefix = 'wp_';\nrequire_once ABSPATH . 'wp-settings.php';\n",
    # As WordPress does: a plugin whose file is not there is passed over.
    "wp-settings.php": b"<?php\ndefine('WPINC', 'wp-includes');\nrequire ABSPATH . WPINC . '/functions.php';\n"
    b"foreach (array(%s) as $plugin) {\n    $file = ABSPATH . \"wp-content/plugins/$plugin/$plugin.php\";\n"
    b"    if (is_file($file)) {\n        include_once $file;\n    }\n}\n" % b", ".join(b"'%s'" % name.encode() for name in _PLUGINS),
    "wp-includes/version.php": b"<?php\n$wp_version = '6.4.2';\n",
    "wp-includes/functions.php": b"<?php\nfunction bakery_hours() {\n    return '<p>Open from seven to six.</p>';\n}\n",
    **{
        f"wp-content/plugins/{name}/{name}.php": b"<?php\n/*\nPlugin Name: %s\n*/\nrequire __DIR__ . '/inc.php';\n" % name.encode()
        for name in _PLUGINS
    },
    **{f"wp-content/plugins/{name}/inc.php": b"<?php\n$parts['%s'] = true;\n" % name.encode() for name in _PLUGINS},
}  # fmt: skip
HTACCESS = b"# Front page\nOptions -Indexes\nRewriteEngine On\nRewriteRule ^go/(.*)$ /about.html [L]\nHeader set X-Bread fresh\n"
FILES: dict[str, tuple[bytes, int]] = {
    ".htaccess": (HTACCESS, 0o604),
    "about.html": (b"<!doctype html><title>About</title><h1>About the bakery</h1><p>Bread and butter since 1971.</p>\n", 0o644),
    "media/.htaccess": (b"AddType text/plain .note\r\n", 0o644),
    "cgi/.htaccess": (b"AddHandler cgi-script .cgi\n", 0o604),
    "cgi/contact.cgi": (CAREFUL_CGI, 0o705),
    "cgi/order.cgi": (CAREFUL_CGI, 0o705),
    **{name: (content, 0o644) for name, content in _WORDPRESS.items()},
}


def why_missing() -> str:
    """Why no such site can be run here, "" when one can."""
    if os.geteuid() != 0:
        return "an account of its own for each site is made by root only"
    return why_no_apache() or ("" if _PHP else "libapache2-mod-php is not installed")


@dataclass
class Bakery:
    """One hosting account with its servers; `www` is the folder that Apache serves."""

    transport: str
    server: Server
    web: ApacheServer
    memory: Tree = field(default_factory=dict)

    @property
    def www(self) -> Path:
        return self.server.home / "www"

    @property
    def remote_www(self) -> str:
        return f"{self.server.remote_home.rstrip('/')}/www"

    @property
    def remote_error_log(self) -> str:
        return f"{self.server.remote_home.rstrip('/')}/logs/error.log"

    def fill(self, fault: Callable[[Bakery], None] | None = None) -> None:
        """All files anew, to the byte, mode and time as the last time; then broken."""
        for entry in self.server.home.iterdir():
            if entry.name != "logs":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self.www.mkdir(0o755)
        for number, (name, (content, mode)) in enumerate(FILES.items()):
            self.put(name, content, mode, _START + 60 * number)
        if fault is not None:
            fault(self)
        for path in (self.www, *self.www.rglob("*")):
            if path.is_dir():
                os.utime(path, (_START, _START))

    def put(self, name: str, content: bytes, mode: int = 0o644, at: float = _START + 86_400.0) -> None:
        """A file of the account."""
        path = self.www / name
        for folder in reversed(path.parents):
            if folder.is_relative_to(self.www) and not folder.exists():
                folder.mkdir()
                folder.chmod(0o755)
                self.server.own(folder)
        path.write_bytes(content)
        path.chmod(mode)
        self.server.own(path)
        self.server.own(self.www)
        os.utime(path, (at, at))

    def tree(self) -> Tree:
        """Everything of the account but its logs: names, content, modes, owners, times of files."""
        found: Tree = {}
        for path in sorted(self.server.home.rglob("*")):
            name = str(path.relative_to(self.server.home))
            if name.startswith("logs"):
                continue
            stat = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found[name] = (content, stat.st_mode, stat.st_uid, stat.st_gid, int(stat.st_mtime) if path.is_file() else 0)
        return found

    def is_well(self) -> bool:
        """Whether Apache answers every page."""
        return all(self.status(page) == 200 for page in PAGES)

    def status(self, page: str) -> int:
        parts = urlsplit(self.web.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        try:
            connection.request("GET", page)
            return connection.getresponse().status
        finally:
            connection.close()

    def sessions(self) -> list[int]:
        """The processes that serve its connections just now: what the listening one has started, and theirs."""
        assert self.server._process is not None
        found, unseen = [], [self.server._process.pid]
        while unseen:
            try:
                listed = Path(f"/proc/{unseen[0]}/task/{unseen.pop(0)}/children").read_text().split()
            except OSError:
                continue
            found += [int(number) for number in listed]
            unseen += [int(number) for number in listed]
        return found


def _misspelt(bakery: Bakery) -> None:
    bakery.put(".htaccess", HTACCESS.replace(b"RewriteEngine", b"RewritEngine"), 0o604)


def _open_scripts(bakery: Bakery) -> None:
    for name in ("cgi/contact.cgi", "cgi/order.cgi"):
        (bakery.www / name).chmod(0o777)


def _broken_plugin(bakery: Bakery) -> None:
    bakery.put("wp-content/plugins/forms/inc.php", b"<?php\nforms_of_an_update_that_never_came();\n")


def _update_broken_off(bakery: Bakery) -> None:
    """One file changed, one gone, one new."""
    bakery.put("wp-content/plugins/forms/inc.php", b"<?php\nrequire __DIR__ . '/hours.php';\n")
    bakery.put("wp-content/plugins/forms/hours.php", b"<?php\nfunction bakery_opens( {\n")
    (bakery.www / "wp-content/plugins/jobs/inc.php").unlink()


def _silent_line(bakery: Bakery) -> None:
    bakery.put(".htaccess", HTACCESS + b"RewriteRule ^$ - [R=500]\n", 0o604)


def _silent_plugin(bakery: Bakery) -> None:
    bakery.put("wp-content/plugins/hours/inc.php", b"<?php\nhttp_response_code(500);\nexit;\n")


FAULTS: dict[str, Callable[[Bakery], None]] = {
    "misspelt": _misspelt,
    "open-scripts": _open_scripts,
    "broken-plugin": _broken_plugin,
    "update-broken-off": _update_broken_off,
    "silent-line": _silent_line,
    "silent-plugin": _silent_plugin,
}


@contextlib.contextmanager
def bakery_on(transport: str, folder: Path) -> Iterator[Bakery]:
    """Its servers run until the block ends."""
    with contextlib.ExitStack() as stack:
        server: Server
        if transport in ("ssh", "sftp"):
            server = stack.enter_context(sshd(folder, sftp_only=transport == "sftp"))
        else:
            server = stack.enter_context(vsftpd(folder) if transport == "ftp" else pure_ftpd(folder, tls=True))
        server.home.chmod(0o755)
        logs = server.home / "logs"
        logs.mkdir(mode=0o755)
        settings = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bakery-")))
        settings.chmod(0o755)
        (settings / "php.ini").write_text("log_errors=On\ndisplay_errors=Off\nopcache.enable=0\n")
        (server.home / "www").mkdir(0o755)
        web = stack.enter_context(apache(server.home / "www", logs, modules=_MODULES, extra=_php_lines(settings)))
        made = Bakery(transport, server, web)
        made.fill()
        yield made


def _php_lines(settings: Path) -> str:
    lines = [
        f"LoadModule php_module {_PHP}", f'PHPIniDir "{settings}"',
        '<FilesMatch "\\.php$">\nSetHandler application/x-httpd-php\n</FilesMatch>',
        "StartServers 2", "MinSpareServers 1", "MaxSpareServers 3",
    ]  # fmt: skip
    return "\n".join(lines)
