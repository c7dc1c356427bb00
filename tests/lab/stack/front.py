"""What stands before a web server and answers in its name: a content network, a firewall, the host's own proxy."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """What it says by itself. `says_nothing`: it closes the line instead."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    says_nothing: bool = False


Rule = Callable[[str, Mapping[str, str]], Answer | None]  # by path and headers; None: the web server behind is asked


@dataclass
class Front:
    """`behind` is the port of the web server that it passes requests on to."""

    behind: int
    rule: Rule | None = None


@contextlib.contextmanager
def fronting(port: int, behind: int) -> Iterator[Front]:
    """Answers on this port of loopback until the block ends."""
    front = Front(behind)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = front.rule(self.path, self.headers) if front.rule else None
            if answer is None:
                self._pass_on()
            elif answer.says_nothing:
                self.close_connection = True
            else:
                self._send(answer.status, dict(answer.headers), answer.body.encode())

        do_HEAD = do_POST = do_GET

        def _pass_on(self) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", front.behind, timeout=30)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            try:
                connection.request(self.command, self.path, headers=headers)
                found = connection.getresponse()
                kept = {name: value for name, value in found.getheaders() if name.lower() not in ("transfer-encoding", "content-length")}
                self._send(found.status, kept, found.read())
            except (OSError, http.client.HTTPException):
                self._send(502, {}, b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>")
            finally:
                connection.close()

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing: the web server behind has its own log."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
