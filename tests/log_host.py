"""A log server as OVHcloud's guide describes it: folders with an index, a file per day, earlier days packed, HTTP basic or a token.

with log_host("shop.example") as host:
    host.write("error", "[…] …\n")      # into today's error log
    host.url                            # http://127.0.0.1:PORT/shop.example/
"""

from __future__ import annotations

import gzip
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD, TOKEN = "log-reader", "s3cret-of-the-logs-Kx9", "t0ken-of-the-logs"


@dataclass
class LogHost:
    """What is shown, by path; `asked` notes what was requested: path and, where there was one, the range."""

    site: str
    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    offers_ranges: bool = True
    status: int = 0  # answered to everything, if set
    extra_links: str = ""
    redirects_to: str = "https://elsewhere.example/"
    huge: dict[str, int] = field(default_factory=dict)  # logs that are so many bytes long: zeros, then what `files` holds
    drips: bool = False  # every answer comes byte by byte
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/{self.site}/"

    def write(self, kind: str, text: str, day: date | None = None) -> str:
        """Adds to a log: "error", or "" for the access log. Days before today lie packed in the folder of their month."""
        today = datetime.now(UTC).date()
        day = day or today
        below = f"{kind}/" if kind else ""
        folder = f"osl/{below}" if day >= today else f"logs/logs-{day:%m-%Y}/{below}"
        path = f"/{self.site}/{folder}{self.site}-{day:%d-%m-%Y}.log"
        if day >= today:
            self.files[path] = self.files.get(path, b"") + text.encode()
        else:
            path += ".gz"
            self.files[path] = gzip.compress(text.encode())
        return path

    def index(self, folder: str) -> bytes | None:
        """As Apache's mod_autoindex writes one, with a way up and the columns that sort."""
        names = sorted({path[len(folder) :].partition("/")[0] + ("/" if "/" in path[len(folder) :] else "")
                        for path in self.files if path.startswith(folder)})  # fmt: skip
        if not names:
            return None
        rows = "".join(f'<tr><td><a href="{name}">{name}</a></td></tr>' for name in names)
        head = f'<html><head><title>Index of {folder}</title></head><body><a href="?C=N;O=D">Name</a> <a href="../">Parent Directory</a>'
        return f"{head}{self.extra_links}<table>{rows}</table></body></html>".encode()

    def may(self, header: str, token: str) -> bool:
        return header == "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode() or token == TOKEN


@contextmanager
def log_host(site: str, tls: ssl.SSLContext | None = None) -> Iterator[LogHost]:
    made = LogHost(site, tls=tls)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            wanted = self.headers.get("Range", "")
            made.asked.append((parts.path, wanted))
            if made.status:
                self._answer(made.status, b"", {"Location": made.redirects_to} if 300 <= made.status < 400 else {})
            elif not made.may(self.headers.get("Authorization", ""), parse_qs(parts.query).get("token", [""])[0]):
                self._answer(401, b"who are you?", {"WWW-Authenticate": 'Basic realm="logs"'})
            elif parts.path in made.files:
                self._file(made.files[parts.path], wanted, made.huge.get(parts.path, 0))
            else:
                found = made.index(parts.path) if parts.path.endswith("/") else None
                self._answer(404 if found is None else 200, found or b"nothing", {"Content-Type": "text/html"})

        def _file(self, content: bytes, wanted: str, zeros: int) -> None:
            if zeros:
                self._huge(content, wanted, zeros)
            elif not wanted.startswith("bytes=-") or not made.offers_ranges:
                self._answer(200, content)
            elif not content:
                self._answer(416, b"", {"Content-Range": "bytes */0"})
            else:
                start = max(0, len(content) - int(wanted.removeprefix("bytes=-")))
                self._answer(206, content[start:], {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"})

        def _huge(self, content: bytes, wanted: str, zeros: int) -> None:
            size = zeros + len(content)
            if wanted and made.offers_ranges:
                tail = (b"\0" * 1_000_000 + b"\n" + content)[-int(wanted.removeprefix("bytes=-")) :]
                self._answer(206, tail, {"Content-Range": f"bytes {size - len(tail)}-{size - 1}/{size}"})
                return
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            with suppress(OSError):  # the other side has enough
                for _part in range(0, zeros, 1_000_000):
                    self.wfile.write(b"\0" * 1_000_000)
                self.wfile.write(content)

        def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if made.drips:
                for at in range(len(body)):
                    self.wfile.write(body[at : at + 1])
                    time.sleep(0.05)
            else:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # a client that goes away is what some tests are about
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        made.port = server.server_port
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield made
        finally:
            server.shutdown()


def error_line(text: str, at: datetime | None = None) -> str:
    at = at or datetime.now(UTC)
    return f"[{at:%a %b %d %H:%M:%S}.{at.microsecond:06} {at:%Y}] [core:alert] [pid 8] [client 192.0.2.7:40000] {text}\n"


YESTERDAY = timedelta(days=1)
