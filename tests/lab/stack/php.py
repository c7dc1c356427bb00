"""PHP-FPM with a pool for each account, and backends that are as bad as PHP-FPM can be."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.lab.stack.accounts import Account
from tests.programs import binary, php_fpm, running

EXTENSIONS = ("mysqlnd", "pdo", "mysqli", "pdo_mysql", "ctype", "tokenizer", "fileinfo", "iconv", "exif")  # not gd, intl, soap, imagick

# Files are looked at anew at every request: sites change by the second here. Everything else is as distributions have it.
_SETTINGS = """
[PHP]
user_ini.cache_ttl=0
display_errors=Off
log_errors=On
html_errors=Off
error_reporting=E_ALL & ~E_DEPRECATED & ~E_STRICT
memory_limit=64M
max_execution_time=2
short_open_tag=Off
expose_php=Off
variables_order=GPCS
date.timezone={zone}
session.gc_probability=0
"""


@contextlib.contextmanager
def pools(base: Path, members: Mapping[str, Account], settings: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Path]]:
    """Yields each member's socket. `settings`: further lines of its pool."""
    folder = base / "php"
    (folder / "conf.d").mkdir(parents=True, mode=0o755)
    built = next(iter(sorted(Path("/usr/lib/php").glob("*/mysqli.so"))), None)
    names = [name for name in EXTENSIONS if built and built.with_name(f"{name}.so").exists()]
    (folder / "conf.d" / "lab.ini").write_text("".join(f"extension={name}.so\n" for name in names))
    (folder / "php.ini").write_text(_SETTINGS.format(zone="Europe/Paris"))
    sockets = {name: folder / f"{name}.sock" for name in members}
    config = f"[global]\nerror_log={folder}/fpm.log\ndaemonize=no\n"
    config += "".join(_pool(name, who, sockets[name], settings.get(name, ())) for name, who in members.items())
    (folder / "fpm.conf").write_text(config)
    command = [php_fpm(), "-y", folder / "fpm.conf", "-c", folder / "php.ini", "-F"]
    with running(command, socket_file=next(iter(sockets.values())), env={"PHP_INI_SCAN_DIR": str(folder / "conf.d")}):
        yield sockets


def wrapper(base: Path, who: Account) -> Path:
    """What mod_fcgid runs as this account, in a folder that suEXEC takes for its own. Needs what `pools` wrote."""
    folder = base / "wrappers" / who.name
    folder.mkdir(parents=True, mode=0o755)
    script = folder / "php"
    script.write_text(
        f"#!/bin/sh\nPHP_INI_SCAN_DIR={base}/php/conf.d PHP_FCGI_MAX_REQUESTS=500\nexport PHP_INI_SCAN_DIR PHP_FCGI_MAX_REQUESTS\n"
        f"exec {binary('php-cgi')} -c {base}/php/php.ini -d session.save_path={who.home}/tmp -d sys_temp_dir={who.home}/tmp\n"
    )
    script.chmod(0o755)
    who.own(folder)
    who.own(script)
    return script


def _pool(name: str, who: Account, line: Path, more: Sequence[str]) -> str:
    return "\n".join(
        [
            f"[{name}]", f"user={who.name}", f"group={who.name}", f"listen={line}", "listen.owner=www-data", "listen.group=www-data",
            "pm=ondemand", "pm.max_children=4", "pm.process_idle_timeout=20s", "request_terminate_timeout=0", "catch_workers_output=no",
            f"php_value[session.save_path]={who.home}/tmp", f"php_admin_value[sys_temp_dir]={who.home}/tmp", *more, "",
        ]
    )  # fmt: skip


@contextlib.contextmanager
def hanging_up(path: Path) -> Iterator[None]:
    """A socket where every request ends as with a PHP that crashes: the line is reset before a word was said."""
    with _listening(path) as listener:

        def serve() -> None:
            while True:
                try:
                    line, _peer = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), line:
                    line.recv(64)
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        threading.Thread(target=serve, daemon=True).start()
        yield


@contextlib.contextmanager
def mute(path: Path) -> Iterator[None]:
    """A socket that takes requests and never answers."""
    with _listening(path):
        yield


@contextlib.contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        os.chmod(path, 0o666)
        listener.listen(128)
        try:
            yield listener
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
