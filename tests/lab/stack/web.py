"""The places a site may be hosted at: an account, a web server before its docroot, and what the account sees of the logs."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.lab.apache import DEFAULT_MODULES, apache
from tests.lab.stack.accounts import Account
from tests.lab.stack.front import Front
from tests.programs import binary, running
from tests.servers import free_port

# AllowOverride as shared hosts lay it down who do not simply say All.
USUAL_OVERRIDE = "AuthConfig FileInfo Indexes Limit Options=Indexes,MultiViews,SymLinksIfOwnerMatch,ExecCGI"
MODULES = (
    *DEFAULT_MODULES, "authz_groupfile", "actions", "proxy", "proxy_fcgi", "proxy_http", "fcgid", "suexec", "version", "reqtimeout",
    "include",
)  # fmt: skip
_NGINX = """{user}
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
worker_processes 1;
events {{}}
http {{
include /etc/nginx/mime.types;
client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
scgi_temp_path {folder}/s;
{servers}
}}
"""

_MOST_HOPS = 3


@dataclass(frozen=True)
class Setup:
    """How one place is set up. `backend` is what runs PHP or stands in for it: "fpm", "fcgid", "none", "hanging-up", "mute", "refused"."""

    name: str
    server: str = "apache"
    docroot: str = "www"
    error_log: str = "logs/error.log"  # empty: the account does not see it
    access_log: str = "logs/access.log"
    profile: str = ""
    override: str = "All"
    folder_mode: int = 0o755
    file_mode: int = 0o644
    backend: str = "fpm"
    php: tuple[str, ...] = ()  # further lines of its pool
    log_format: str = ""  # of Apache's error log
    shows_errors: bool = False  # PHP's messages stand in the pages
    has_front: bool = False  # something of the host's or a content network's answers before it

    @property
    def runs_php(self) -> bool:
        return self.backend in ("fpm", "fcgid")


SETUPS = (
    Setup("plain"),
    Setup("shared", docroot="public_html", error_log="logs/error_log", access_log="logs/access_log", profile="cpanel-suexec",
          override=USUAL_OVERRIDE, php=("php_value[error_log]={docroot}/error_log",)),
    Setup("ovh", error_log="", access_log="", profile="ovh-mutualise", folder_mode=0o705, file_mode=0o604),
    Setup("engine", server="nginx", docroot="htdocs"),
    Setup("fcgid", docroot="web", backend="fcgid", log_format="[%t] [%l] [client %a] %M"),  # as Apache 2.2 wrote it
    Setup("own-log", docroot="public_html", error_log="", access_log="logs/access_log", php=("php_value[error_log]={docroot}/error_log",)),
    Setup("shown", error_log="", access_log="", shows_errors=True, php=("php_flag[display_errors]=on", "php_flag[html_errors]=on")),
    Setup("strict", php=("request_terminate_timeout=2s",)),
    Setup("fronted", has_front=True),
    Setup("cdn", error_log="", access_log="", has_front=True),
    Setup("dead", backend="none"),
    Setup("crash", backend="hanging-up"),
    Setup("mute", server="nginx", docroot="web", backend="mute"),
    Setup("refused", server="nginx", docroot="htdocs", backend="refused"),
)  # fmt: skip


@dataclass
class Place:
    """One account with a web server before it."""

    setup: Setup
    account: Account
    port: int
    hidden: Path  # where logs lie that the account does not see
    front: Front | None = field(default=None)
    php: Path | None = field(default=None)  # the socket of its PHP-FPM, or the wrapper that mod_fcgid runs

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def inner_port(self) -> int:
        """Where its own web server listens."""
        return self.front.behind if self.front else self.port

    @property
    def home(self) -> Path:
        return self.account.home

    @property
    def docroot(self) -> Path:
        return self.home / self.setup.docroot

    @property
    def php_lines(self) -> list[str]:
        """Further lines of its pool."""
        return [line.format(docroot=self.docroot, home=self.home) for line in self.setup.php]

    @property
    def logs(self) -> tuple[Path, Path]:
        """Error log and access log, as this machine names them."""
        names = (self.setup.error_log, self.setup.access_log)
        return tuple(self.home / name if name else self.hidden / plain for name, plain in zip(names, ("error", "access"), strict=True))  # type: ignore[return-value]

    def get(self, path: str = "/", headers: Mapping[str, str] | None = None, seconds: float = 20.0) -> tuple[int, bytes]:
        """What the real server answers; status 0 where it says nothing in time."""
        return self._got(path, headers or {}, seconds)[:2]

    def _got(self, path: str, headers: Mapping[str, str], seconds: float) -> tuple[int, bytes, str]:
        """With the path that it redirects to, where that is one of its own."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
        try:
            connection.request("GET", path, headers={"User-Agent": "lab", **headers})
            answer = connection.getresponse()
            there = answer.getheader("Location", "") if 300 <= answer.status < 400 else ""
            is_own = there.startswith((f"{self.url}/", "/")) and not there.startswith("//")
            return answer.status, answer.read(), there.removeprefix(self.url) if is_own else ""
        except (OSError, http.client.HTTPException):
            return 0, b"", ""
        finally:
            connection.close()

    def follow(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """The same as a browser sees it: an old address leads to the new one, and a back office to its login. At most three hops."""
        for _hop in range(_MOST_HOPS):
            status, body, onward = self._got(path, headers or {}, 20.0)
            if not onward or onward == path:
                return status, body
            path = onward
        return self.get(path, headers)


def _apache_host(place: Place) -> str:
    error, access = place.logs
    name, home, setup = place.account.name, place.home, place.setup
    if setup.backend == "fcgid":
        handler = f"SetHandler fcgid-script\nFcgidWrapper {place.php} .php"
    else:
        handler = f'SetHandler "proxy:unix:{place.php}|fcgi://{setup.name}"'
    form = f'ErrorLogFormat "{setup.log_format}"\n' if setup.log_format else ""
    return (
        f"Listen 127.0.0.1:{place.inner_port}\n<VirtualHost 127.0.0.1:{place.inner_port}>\nServerName localhost\n"
        f'DocumentRoot "{place.docroot}"\nErrorLog "{error}"\n{form}CustomLog "{access}" combined\n'
        f"SuexecUserGroup {name} {name}\nProxyTimeout 8\nTimeout 20\n"
        f'<FilesMatch "\\.php$">\n{handler}\n</FilesMatch>\n'
        f'<Directory "{home}">\nAllowOverride {setup.override}\nOptions FollowSymLinks ExecCGI\nRequire all granted\n</Directory>\n'
        f"<IfModule mod_fcgid.c>\nFcgidIOTimeout 8\nFcgidMaxRequestLen 1000000\n</IfModule>\n"
        f"AddHandler cgi-script .cgi .pl\nAddDefaultCharset utf-8\n</VirtualHost>\n"
    )


def _nginx_host(place: Place) -> str:
    error, access = place.logs
    if place.setup.backend == "refused":
        rest = f"location / {{ proxy_pass http://127.0.0.1:{free_port()}; }}"
    else:
        rest = (
            "location / { try_files $uri $uri/ /index.php?$args; }\n"
            f"location ~ \\.php$ {{ try_files $uri =404; include /etc/nginx/fastcgi.conf; fastcgi_pass unix:{place.php};\n"
            f"fastcgi_param HTTP_HOST 127.0.0.1:{place.port}; fastcgi_read_timeout {3 if place.setup.backend == 'mute' else 8}s; }}"
        )
    return (
        f"server {{ listen 127.0.0.1:{place.port}; root {place.docroot}; index index.php index.html;\n"
        f"error_log {error}; access_log {access};\n{rest} }}\n"
    )


@contextlib.contextmanager
def serving(base: Path, places: Mapping[str, Place]) -> Iterator[None]:
    """One Apache and one nginx for all places until the block ends."""
    (base / "nobody").mkdir(mode=0o755)
    of_apache = [place for place in places.values() if place.setup.server == "apache"]
    of_nginx = [place for place in places.values() if place.setup.server == "nginx"]
    folder = base / "nginx"
    folder.mkdir(mode=0o755)
    servers = "\n".join(_nginx_host(place) for place in of_nginx)
    (folder / "nginx.conf").write_text(_NGINX.format(user="user www-data;", folder=folder, servers=servers))
    with (
        apache(base / "nobody", base / "apache", modules=MODULES, extra="\n".join(_apache_host(place) for place in of_apache)),
        running([binary("nginx"), "-c", folder / "nginx.conf", "-p", folder], port=of_nginx[0].port, env={"TZ": "America/New_York"}),
    ):
        yield
