"""PHP behind real web servers in every usual way, so that its messages are read as hosts have them in their logs."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from diagnostics.evidence import Evidence, PageSeen, SiteSeen
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.transports.local import LocalReader
from sites.recognition.request_ids import find_request_id
from tests.lab.apache import DEFAULT_MODULES, apache, why_missing
from tests.programs import binary, running, worker_lines
from tests.servers import free_port

FPM = next((name for name in ("php-fpm8.2", "php-fpm8.4", "php-fpm8.3", "php-fpm") if binary(name)), "")
MOD_PHP = next(iter(Path("/usr/lib/apache2/modules").glob("libphp*.so")), None)
KINDS = ("apache-fpm", "nginx-fpm", "mod-php", "cgi", "fcgid", "plain-log", "fpm-log")
_NUMBERS = itertools.count(4_711_000)


@dataclass
class Stack:
    """A site that is served. `log` is the error log that its owner would name, `access` the access log or nothing."""

    port: int
    root: Path
    log: Path
    access: Path | None = None
    kind: str = ""

    def get(self, path: str) -> PageSeen:
        """The page as a probe of ours sees it, with a token of its own."""
        token = f"tok{next(_NUMBERS)}ce"
        began = datetime.now(UTC).replace(microsecond=0)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", f"{path}{'&' if '?' in path else '?'}_={token}", headers={"User-Agent": f"Probe probe/{token}"})
        try:
            answer = connection.getresponse()
            status, body, headers = answer.status, answer.read(), tuple(answer.getheaders())
        except http.client.HTTPException:
            return PageSeen(path, "", "unreachable", None, began, token=token)
        finally:
            connection.close()
        kind = "ok" if status == 200 and body else "white-page" if status == 200 else "server-error" if status == 500 else "gateway-error"
        number = find_request_id(headers, body.decode("utf-8", "replace"))
        return PageSeen(
            path,
            f"http://127.0.0.1{path}",
            kind,
            status,
            began,
            body=body,
            request_id=number,
            token=token,
            powered_by=dict(headers).get("X-Powered-By", ""),
        )

    def seen(self, *paths: str, since: datetime | None = None) -> Evidence:
        """Everything a diagnosis reads after these pages were asked for; more pages are well."""
        pages = tuple(self.get(path) for path in paths)
        worst = next((page for page in pages if page.kind != "ok"), pages[0])
        failing = since or min(page.at for page in pages if page.at)
        site = SiteSeen("shop", f"http://127.0.0.1:{self.port}/", "down", worst.kind, pages, failing)
        time.sleep(0.1)  # a log is written after the answer
        places = SitePaths(str(self.root), str(self.log), str(self.access or ""))
        return gather(LocalReader([str(self.root.parent)]), site, places, "apache-755", datetime.now(UTC))


def why_not(kind: str) -> str:
    """Why this way cannot be tried here, "" when it can."""
    wanted = {"nginx-fpm": ("nginx",), "cgi": ("php-cgi",), "fcgid": ("php-cgi",)}.get(kind, ())
    if missing := [name for name in wanted if not binary(name)]:
        return f"{missing[0]} is not installed"
    if kind in ("apache-fpm", "nginx-fpm", "plain-log", "fpm-log") and not FPM:
        return "php-fpm is not installed"
    if kind == "mod-php" and MOD_PHP is None:
        return "mod_php is not installed"
    if kind == "fcgid" and not Path("/usr/lib/apache2/modules/mod_fcgid.so").exists():
        return "mod_fcgid is not installed"
    return "" if kind == "nginx-fpm" else why_missing()


def lay_out(root: Path, files: dict[str, str | bytes]) -> None:
    """The site's files, readable for the web server."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o644)
    for folder in (*(path for path in root.rglob("*") if path.is_dir()), root, *root.parents[:3]):
        if str(folder).startswith("/tmp/") and folder != Path("/tmp"):
            folder.chmod(0o755)


@contextlib.contextmanager
def stack(kind: str, home: Path, files: dict[str, str | bytes], settings: str = "", apache: str = "") -> Iterator[Stack]:
    """Serves `files` below home/www until the block ends; skips the test where that cannot be tried.

    `settings`: more of php.ini; `apache`: more of Apache's configuration for mod_fcgid.
    """
    if why := why_not(kind):
        pytest.skip(why)
    root, logs = home / "www", home / "logs"
    lay_out(root, files)
    logs.mkdir(exist_ok=True)
    logs.chmod(0o777)
    ini = home / "conf"
    ini.mkdir(exist_ok=True)
    own_log = f"error_log={logs}/php_error.log\n" if kind == "plain-log" else ""
    (ini / "apache.conf").write_text(apache)
    (ini / "php.ini").write_text(f"display_errors=0\nlog_errors=1\n{own_log}{settings}")
    home.chmod(0o755)
    with _SERVED[kind](kind, home, root, logs, ini) as made:
        yield made


@contextlib.contextmanager
def _fpm(home: Path, ini: Path, more: str = "") -> Iterator[Path]:
    line, conf = home / "fpm.sock", ini / "fpm.conf"
    pool = worker_lines("user=www-data\ngroup=www-data\nlisten.owner=www-data\n")
    conf.write_text(
        f"[global]\nerror_log={home}/logs/php-fpm.log\ndaemonize=no\n[www]\n{pool}listen={line}\npm=static\npm.max_children=3\n"
        f"request_terminate_timeout=7\nrequest_slowlog_timeout=1\nslowlog={home}/logs/slow.log\n{more}"
    )
    with running([binary(FPM), "-n", "-c", ini / "php.ini", "-y", conf, "-F"], socket_file=line):
        yield line


@contextlib.contextmanager
def _apache_fpm(kind: str, home: Path, root: Path, logs: Path, ini: Path) -> Iterator[Stack]:
    more = "catch_workers_output=yes\n" if kind == "fpm-log" else ""
    with _fpm(home, ini, more) as line:
        handler = f'<FilesMatch "\\.php$">\nSetHandler "proxy:unix:{line}|fcgi://localhost"\n</FilesMatch>\n'
        with apache(root, logs, modules=(*DEFAULT_MODULES, "proxy", "proxy_fcgi"), extra=handler) as server:
            log = {"plain-log": logs / "php_error.log", "fpm-log": logs / "php-fpm.log"}.get(kind, server.error_log)
            yield Stack(int(server.url.rpartition(":")[2]), root, log, server.access_log, kind)


@contextlib.contextmanager
def _nginx(kind: str, home: Path, root: Path, logs: Path, ini: Path) -> Iterator[Stack]:
    port = free_port()
    with _fpm(home, ini) as line:
        (ini / "nginx.conf").write_text(
            f"{worker_lines('user www-data;')}\ndaemon off;\npid {ini}/pid;\nerror_log {logs}/error.log;\nevents {{}}\nhttp {{ "
            f"access_log {logs}/access.log;\nclient_body_temp_path {ini}/b; proxy_temp_path {ini}/p; fastcgi_temp_path {ini}/f; "
            f"uwsgi_temp_path {ini}/u; scgi_temp_path {ini}/s;\nserver {{ listen 127.0.0.1:{port}; root {root};\n"
            "location / { include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; "
            f"fastcgi_pass unix:{line}; }} }} }}\n"
        )
        with running([binary("nginx"), "-c", ini / "nginx.conf", "-p", ini], port=port):
            yield Stack(port, root, logs / "error.log", logs / "access.log", kind)


@contextlib.contextmanager
def _mod_php(kind: str, home: Path, root: Path, logs: Path, ini: Path) -> Iterator[Stack]:
    modules = tuple("mpm_prefork" if name == "mpm_event" else name for name in DEFAULT_MODULES if name != "cgid")
    extra = f'LoadModule php_module {MOD_PHP}\nPHPIniDir {ini}\n<FilesMatch "\\.php$">\nSetHandler application/x-httpd-php\n</FilesMatch>\n'
    with apache(root, logs, modules=modules, extra=extra) as server:
        yield Stack(int(server.url.rpartition(":")[2]), root, server.error_log, server.access_log, kind)


@contextlib.contextmanager
def _cgi(kind: str, home: Path, root: Path, logs: Path, ini: Path) -> Iterator[Stack]:
    program = root / "php"
    program.write_text(f"#!/bin/sh\nexec {binary('php-cgi')} -n -c {ini}/php.ini\n")
    program.chmod(0o755)
    lines, module = f'<Directory "{root}">\nAddHandler fcgid-script .php\nFcgidWrapper {program} .php\n</Directory>', "fcgid"
    if kind == "cgi":
        lines = (
            f'<Directory "{root}">\nAddHandler x-php .php\nAction x-php /php\n<Files "php">\nSetHandler cgi-script\n</Files>\n</Directory>'
        )
        module = "actions"
    else:
        lines = f"FcgidIPCDir {ini}/ipc\nFcgidProcessTableFile {ini}/shm\n{lines}\n{(ini / 'apache.conf').read_text()}"
    with apache(root, logs, modules=(*DEFAULT_MODULES, module), extra=lines) as server:
        yield Stack(int(server.url.rpartition(":")[2]), root, server.error_log, server.access_log, kind)


_SERVED = {
    "apache-fpm": _apache_fpm, "plain-log": _apache_fpm, "fpm-log": _apache_fpm, "nginx-fpm": _nginx, "mod-php": _mod_php, "cgi": _cgi,
    "fcgid": _cgi,
}  # fmt: skip
