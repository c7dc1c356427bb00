"""A real HTTP server on loopback that does what a test tells it, misbehaviour included.

    with HttpServer() as server:
        server.route("/", Reply(500, body=b"broken"))
        server.url("/")          # http://127.0.0.1:PORT/
        server.requests          # what came in, in order

A route is a `Reply`, a list of replies (one after the other, the last one stays) or a function of the request. A path is matched
with its query first, then without it; unknown paths answer 404.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request as it arrived. Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    at: float
    peer: tuple[str, int]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(frozen=True)
class Reply:
    """What to answer. Seconds and bytes throughout."""

    status: int = 200
    body: bytes = b"<!doctype html><title>Shop</title><h1>Welcome</h1><p>All is well.</p>"
    headers: dict[str, str] | list[tuple[str, str]] = field(default_factory=dict)
    content_type: str = "text/html; charset=utf-8"
    delay_s: float = 0.0  # before the first byte
    drip: tuple[int, float] | None = None  # so many bytes of the body, then a pause of so many seconds
    close_after: int | None = None  # bytes of the body, then the connection is closed
    endless_headers: bool = False
    header_pause_s: float = 0.0
    endless_body: bool = False  # until the other side has enough
    gzip_bomb_mb: int = 0  # a compressed body that unpacks to this many megabytes of zeros
    raw: bytes | None = None  # sent as it is instead of an answer
    reset: bool = False  # the connection is reset instead of an answer


def redirect(location: str, status: int = 302, **headers: str) -> Reply:
    return Reply(status, b"", {"Location": location, **headers})


Route = Reply | list[Reply] | Callable[[Received], Reply]


class HttpServer:
    """Serves in background threads from `with` to its end. `tls` makes it speak HTTPS."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Received] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._routes: dict[str, Route] = {}
        self._closing = threading.Event()
        owner = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                owner._serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False
            request_queue_size = 256

            def get_request(self) -> tuple[Any, Any]:
                connection, peer = super().get_request()
                return connection, peer

            def handle_error(self, request: Any, client_address: Any) -> None:
                return None  # a broken connection is what many tests are about

        self._tls = tls
        self._server = Server((host, port), Handler)
        self.host, self.port = self._server.server_address[:2]

    def __enter__(self) -> HttpServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    def url(self, path: str = "/", host: str = "") -> str:
        return f"{'https' if self._tls else 'http'}://{host or self.host}:{self.port}{path}"

    def route(self, path: str, reply: Route) -> None:
        """Answer this path (with or without query) so from now on."""
        self._routes[path] = list(reply) if isinstance(reply, list) else reply

    def received(self, path: str) -> list[Received]:
        return [request for request in self.requests if request.path == path]

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(30)
        with contextlib.suppress(OSError, ssl.SSLError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            request = self._read(connection)
            if request is None:
                return
            with self._lock:
                self.requests.append(request)
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                reply = self._reply_to(request)
            try:
                self._answer(connection, reply)
            finally:
                with self._lock:
                    self._at_once -= 1
                with contextlib.suppress(OSError):
                    connection.close()

    def _read(self, connection: socket.socket) -> Received | None:
        data = b""
        while b"\r\n\r\n" not in data:
            part = connection.recv(65536)
            if not part:
                return None
            data += part
        head, _, _body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _version = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _colon, value in pairs}
        return Received(method, target, headers, time.monotonic(), connection.getpeername()[:2])

    def _reply_to(self, request: Received) -> Reply:
        route = self._routes.get(request.target, self._routes.get(request.path))
        if route is None:
            return Reply(404, b"<title>Not found</title><h1>Not found</h1>")
        if isinstance(route, list):
            return route.pop(0) if len(route) > 1 else route[0]
        return route if isinstance(route, Reply) else route(request)

    def _answer(self, connection: socket.socket, reply: Reply) -> None:
        self._pause(reply.delay_s)
        if reply.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            return
        if reply.raw is not None:
            connection.sendall(reply.raw)
            return
        if reply.endless_headers:
            self._send_endless_headers(connection, reply)
            return
        body = _bomb(reply.gzip_bomb_mb) if reply.gzip_bomb_mb else reply.body
        connection.sendall(_head(reply, len(body)))
        self._send_body(connection, reply, body)

    def _send_endless_headers(self, connection: socket.socket, reply: Reply) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not self._closing.is_set():
            connection.sendall(b"X-More: " + b"y" * 100 + b"\r\n")
            self._pause(reply.header_pause_s)

    def _send_body(self, connection: socket.socket, reply: Reply, body: bytes) -> None:
        if reply.endless_body:
            while not self._closing.is_set():
                connection.sendall(reply.body or b"x" * 65536)
        body = body[: reply.close_after]
        size, pause_s = reply.drip or (len(body) or 1, 0.0)
        for start in range(0, len(body), size):
            if self._closing.is_set():
                return
            connection.sendall(body[start : start + size])
            self._pause(pause_s)

    def _pause(self, seconds: float) -> None:
        if seconds:
            self._closing.wait(seconds)


def _bomb(megabytes: int) -> bytes:
    return gzip.compress(b"\0" * (megabytes * 1024 * 1024), compresslevel=9)


def _head(reply: Reply, length: int) -> bytes:
    given = list(reply.headers.items()) if isinstance(reply.headers, dict) else list(reply.headers)
    names = {name.lower() for name, _value in given}
    usual = [("Content-Type", reply.content_type), ("Connection", "close")]
    if reply.gzip_bomb_mb:
        usual.append(("Content-Encoding", "gzip"))
    if not reply.endless_body and reply.status not in (204, 304):
        usual.append(("Content-Length", str(length)))
    lines = [*given, *((name, value) for name, value in usual if name.lower() not in names and value)]
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "Unknown"
    text = f"HTTP/1.1 {reply.status} {phrase}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines) + "\r\n"
    return text.encode("latin-1", "replace")
