"""The practice web server: plain HTTP on 127.0.0.1 over the practice home's `www`."""

from __future__ import annotations

import html
import os
import socket
import ssl
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

from .docroot import Answer, Docroot
from .logs import Logs
from .plays import Scene, Stage

LOOPBACK = "127.0.0.1"
MAX_BODY_BYTES = 1024 * 1024
REQUEST_TIMEOUT_S = 10.0
CERTIFICATE_FILE = "certificate.pem"  # beside the home: key and certificate, while a play shows one
_HANDSHAKE = b"\x16"  # the first byte of a connection by TLS (RFC 8446, section 5.1)
_SAFE_IN_HEADER = "/:?&=#%,;+~@!$'()*[]"  # nothing that could end a header line

_EXPLAINED = {
    400: "Your browser sent a request that this server could not understand.",
    403: "You don't have permission to access this resource.",
    404: "The requested URL was not found on this server.",
    500: (
        "The server encountered an internal error or misconfiguration and was unable to complete your request.</p>\n"
        "<p>More information about this error may be available in the server error log."
    ),
}


class PracticeHandler(BaseHTTPRequestHandler):
    """Answers from the files, writes both logs. One instance per connection."""

    protocol_version = "HTTP/1.1"
    timeout = REQUEST_TIMEOUT_S
    server: PracticeWebServer

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        if not self._body_read():
            self.close_connection = True
        self._answer()

    def do_OPTIONS(self) -> None:
        self._send(Answer(200, headers={"Allow": "GET,HEAD,POST,OPTIONS"}))

    def version_string(self) -> str:
        return "Sitemend-practice"

    def log_message(self, format: str, *args: object) -> None:
        """The standard library's own lines: there is an access log instead."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Requests that the standard library refuses by itself (malformed, too long, unknown method)."""
        self.close_connection = True
        if not hasattr(self, "headers"):
            self.headers = self.MessageClass()
        if self.request_version == "HTTP/0.9":
            self.request_version = "HTTP/1.0"
        self._send(Answer(int(code)))

    def _body_read(self) -> bool:
        """Takes the body off the wire so that the connection can go on; False when it is not worth reading."""
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            return False
        return len(self.rfile.read(int(length))) == int(length)

    def _answer(self) -> None:
        target = self.path
        if target.lower().startswith("http://"):  # absolute form, RFC 9112 section 3.2.2
            target = "/" + target[7:].partition("/")[2]
        headers = {name.lower(): value for name, value in self.headers.items()}
        scene = self.server.stage.scene(target.partition("?")[2], headers, is_secure=isinstance(self.connection, ssl.SSLSocket))
        if scene is not None:
            self._play(scene)
            return
        answer = self.server.docroot.answer(target, headers)
        referer = self.headers.get("Referer", "")
        client = (self.client_address[0], self.client_address[1])
        for complaint in answer.complaints:
            if complaint.suexec:
                self.server.logs.suexec(complaint.suexec)
            self.server.logs.error(complaint.source, client, complaint.message, complaint.os_error, referer)
        self._send(answer)

    def _play(self, scene: Scene) -> None:
        if scene.hang_s or scene.cut_at is not None:
            self.close_connection = True
        if scene.hang_s:
            self.server.wait_while_playing(scene.hang_s)
            return
        self._send(scene.answer, scene.cut_at)

    def _send(self, answer: Answer, cut_at: int | None = None) -> None:
        body = answer.body
        if not body and (answer.status >= 400 or answer.headers.get("Location")):
            body = error_page(answer.status)
        self.send_response_only(answer.status)
        self.send_header("Date", self.date_time_string())
        self.send_header("Server", self.version_string())
        for name, value in answer.headers.items():
            self.send_header(name, quote(os.fsencode(value), safe=_SAFE_IN_HEADER))
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        # first the log, then the answer: who has the answer finds its line
        self.server.logs.access(
            (self.client_address[0], self.client_address[1]),
            self.requestline,
            answer.status,
            len(body),
            self.headers.get("Referer", ""),
            self.headers.get("User-Agent", ""),
        )
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:cut_at])


class PracticeWebServer(ThreadingHTTPServer):
    """Bound to 127.0.0.1 and to nothing else. Port 0: a free one."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, home: Path, port: int, address: str = LOOPBACK) -> None:
        if address != LOOPBACK:
            raise ValueError(f"The practice site listens on {LOOPBACK} only, not on {address}.")
        self.docroot = Docroot(home)
        self.stage = Stage(home.parent)
        self.logs = Logs(home / "logs")
        self._certificate = home.parent / CERTIFICATE_FILE
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        super().__init__((address, port), PracticeHandler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        """Serves in a thread of its own."""
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, name="practice-web", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
            self._thread = None
        self.server_close()

    def wait_while_playing(self, seconds: float) -> None:
        """Holds a visitor for so long, or until another play is on or the server stops."""
        before, until = self.stage.playing(), time.monotonic() + seconds
        while time.monotonic() < until and self.stage.playing() is before and not self._stopping.wait(0.2):
            pass

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """One connection, in its own thread. While a certificate is shown, the one port speaks TLS too, to who begins with it."""
        play = self.stage.playing()
        if play is None or not play.flaw or not isinstance(request, socket.socket):
            super().finish_request(request, client_address)  # type: ignore[arg-type]
            return
        request.settimeout(REQUEST_TIMEOUT_S)
        if request.recv(1, socket.MSG_PEEK) != _HANDSHAKE:
            super().finish_request(request, client_address)  # type: ignore[arg-type]
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate)
        with context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """A visitor who hangs up in the middle is nothing to report."""


def error_page(status: int) -> bytes:
    """The plain page that Apache shows when a site has none of its own."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Error"
    title = html.escape(f"{status} {phrase}")
    text = _EXPLAINED.get(status, "")
    head = '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n'
    paragraph = f"<p>{text}</p>\n" if text else ""
    return (
        f"{head}<html><head>\n<title>{title}</title>\n</head><body>\n<h1>{html.escape(phrase)}</h1>\n{paragraph}</body></html>\n".encode()
    )
