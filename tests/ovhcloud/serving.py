"""The simulated API on a port of loopback, spoken to by HTTP as the real one, with all that can go wrong on the way."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .gate import Call
from .host import OvhcloudHost
from .schema import Refused

_HUGE = b"[" + b"1," * 4_000_000 + b"1]"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    host: OvhcloudHost  # of the class that is made for one server

    def do_GET(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.host.lock:
            if parts.path == "/auth/":
                self._confirmed(parse_qs(parts.query).get("credentialToken", [""])[0])
            elif parts.path == "/auth/oauth2/token":
                status, body = self.host.gate.token(headers, parse_qs(raw.decode()))
                self._send(status, json.dumps(body).encode())
            else:
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self._api(Call(self.command, re.sub(r"^/(1\.0|v1)", "", parts.path), query, json.loads(raw) if raw else None), headers, raw)

    do_POST = do_GET

    def _api(self, call: Call, headers: dict[str, str], raw: bytes) -> None:
        host = self.host
        host.log.append(call)
        trouble = host.fails_with.pop(0) if host.fails_with and not call.path.startswith("/auth/") else ""
        if self._is_told_nothing(trouble):
            return
        hangs = bool(host.hangs_at) and call.method == "POST" and call.path.endswith(host.hangs_at)
        if hangs and not host.hangs_after:
            self._hang()
            return
        found = self._found(call, headers, raw, trouble)
        if hangs:
            self._hang()
        elif trouble == "after-doing":  # it is carried out, and nobody hears of it
            self._reset()
        else:
            self._send(call.status, json.dumps(found).encode())

    def _found(self, call: Call, headers: dict[str, str], raw: bytes, trouble: str) -> Any:
        try:
            if trouble == "429":
                raise Refused(429, "TOO_MANY_REQUESTS", "Client::TooManyRequests", "Too many requests")
            found = self.host.answer(call, headers, f"http://{headers['host']}{self.path}", raw)
            call.status = 200
            return found
        except Refused as error:
            call.status = error.status
            old = {"errorCode": error.code, "httpCode": f"{error.status} x", "message": error.message}
            return {"class": error.kind, "message": error.message} if self.host.new_errors else old

    def _is_told_nothing(self, trouble: str) -> bool:
        """Whether what is wrong takes the place of an answer."""
        if trouble == "reset":
            self._reset()
        elif trouble == "500-html":
            self._send(500, b"<html>Internal error</html>", "text/html")
        elif trouble == "huge":
            self._send(200, _HUGE)
        elif trouble == "elsewhere":
            self._send(302, _HUGE, location="http://127.0.0.1:1/")
        elif trouble == "drips":
            self._drip()
        else:
            return False
        return True

    def _drip(self) -> None:
        """An answer whose end never comes, a byte at a time."""
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        with suppress(OSError):
            for _byte in range(200):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.1)
        self.close_connection = True

    def _reset(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(2)

    def _hang(self) -> None:
        self.host.hangs_at = ""
        self.host.hung.set()
        self.connection.recv(1)  # until the other side is gone
        self.close_connection = True

    def _confirmed(self, token: str) -> None:
        back = self.host.gate.confirm_by(token)
        if back is None:
            self._send(404, b"unknown", "text/plain")
        else:
            self._send(200, f'<p>Confirmed.</p><a href="{back}">Back</a>'.encode(), "text/html")

    def _send(self, status: int, body: bytes, kind: str = "application/json", location: str = "") -> None:
        self.send_response(status)
        for name, value in (("Content-Length", str(len(body))), ("Content-Type", kind), ("X-OVH-QUERYID", "FR.ws-1." + "0" * 8)):
            self.send_header(name, value)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def ovhcloud_host(home: Path, port: int = 0) -> Iterator[OvhcloudHost]:
    """Serves until the end of the block."""
    made = OvhcloudHost(home)
    handler = type("Handler", (_Handler,), {"host": made})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that goes away is what some tests are about
        made.port = server.server_port
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield made
        finally:
            server.shutdown()
