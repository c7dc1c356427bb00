"""A real Apache on a free port of 127.0.0.1, for tests that want the server's own opinion."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import free_port

APACHE = shutil.which("apache2", path="/usr/sbin:/usr/bin:/sbin:/bin") or shutil.which("httpd", path="/usr/sbin:/usr/bin") or ""
MODULE_FOLDERS = (Path("/usr/lib/apache2/modules"), Path("/usr/lib64/httpd/modules"))
DEFAULT_MODULES = (
    "mpm_event", "authn_core", "authn_file", "auth_basic", "authz_core", "authz_host", "authz_user", "alias", "autoindex", "cgid", "deflate",  # noqa: E501
    "dir", "env", "expires", "filter", "headers", "mime", "negotiation", "rewrite", "setenvif",
)  # fmt: skip


def why_missing() -> str:
    """Why no Apache can be started here, "" when one can."""
    if not APACHE:
        return "apache2 is not installed"
    return "" if _module_folder() else "Apache's modules are not installed"


@dataclass
class ApacheServer:
    url: str  # without a slash at its end
    error_log: Path
    access_log: Path
    docroot: Path
    _config: Path
    _private: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def stop(self) -> None:
        """Ends the server; harmless when it has ended already."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        shutil.rmtree(self._private, ignore_errors=True)


@contextmanager
def apache(
    docroot: Path | str,
    logs: Path | str,
    *,
    modules: Sequence[str] = DEFAULT_MODULES,
    allow_override: str = "All",
    extra: str = "",
) -> Iterator[ApacheServer]:
    """Serves `docroot` until the block ends. Run as root, its workers are www-data, so that modes matter.

    Raises RuntimeError with Apache's own words when it does not start.
    """
    server = _start(Path(docroot), Path(logs), modules, allow_override, extra)
    try:
        yield server
    finally:
        server.stop()


def _start(docroot: Path, logs: Path, modules: Sequence[str], allow_override: str, extra: str) -> ApacheServer:
    logs.mkdir(parents=True, exist_ok=True)
    private = Path(tempfile.mkdtemp(prefix="apache-"))
    private.chmod(0o755)
    port = free_port()
    server = ApacheServer(f"http://127.0.0.1:{port}", logs / "error.log", logs / "access.log", docroot, private / "apache.conf", private)
    server._config.write_text(_configuration(server, port, modules, allow_override, extra))
    server._process = subprocess.Popen(
        [APACHE, "-f", str(server._config), "-DFOREGROUND"],
        stdout=subprocess.DEVNULL,
        stderr=(private / "start.txt").open("wb"),
        start_new_session=True,  # its prefork module ends its whole process group when it stops, which would be ours
    )
    _wait(server, port)
    return server


def _configuration(server: ApacheServer, port: int, modules: Sequence[str], allow_override: str, extra: str) -> str:
    folder = _module_folder()
    if folder is None:
        raise RuntimeError(why_missing())
    loads = [f"LoadModule {name}_module {folder}/mod_{name}.so" for name in modules if (folder / f"mod_{name}.so").exists()]
    lines = [
        f"ServerRoot {server._private}",
        "ServerName localhost",
        f"Listen 127.0.0.1:{port}",
        f"PidFile {server._private}/apache.pid",
        f"DefaultRuntimeDir {server._private}",
        f"Mutex file:{server._private} default",
        *loads,
        *_user_lines(),
        f'ErrorLog "{server.error_log}"',
        "LogLevel warn",
        'LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined',
        f'CustomLog "{server.access_log}" combined',
        f'DocumentRoot "{server.docroot}"',
        "<IfModule mod_dir.c>\nDirectoryIndex index.php index.html\n</IfModule>",
        "<IfModule mod_mime.c>\nTypesConfig /etc/mime.types\n</IfModule>",
        f"<IfModule mod_cgid.c>\nScriptSock {server._private}/cgid.sock\n</IfModule>",
        f'<Directory "{server.docroot}">\nAllowOverride {allow_override}\nOptions FollowSymLinks ExecCGI\nRequire all granted\n</Directory>',  # noqa: E501
        extra,
    ]
    return "\n".join(lines) + "\n"


def _user_lines() -> list[str]:
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("www-data")
    except KeyError:
        return []
    return ["User www-data", "Group www-data"]


def _module_folder() -> Path | None:
    return next((folder for folder in MODULE_FOLDERS if folder.is_dir()), None)


def _wait(server: ApacheServer, port: int, seconds: float = 15.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if server._process is not None and server._process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=0.5):
                return
        except OSError:
            time.sleep(0.05)
    words = (server._private / "start.txt").read_text("utf-8", "replace").strip()
    log = server.error_log.read_text("utf-8", "replace").strip() if server.error_log.exists() else ""
    server.stop()
    raise RuntimeError(f"Apache did not start: {words} {log}")
