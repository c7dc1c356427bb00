"""Ways to an FTP server for tests: by the details of its account, past a listener that keeps what is said, or to one that only recites."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

from diagnostics.transports.base import ConnectionDetails
from tests.diagnostics.transports.conftest import details_for
from tests.ftp_servers import FtpServer
from tests.servers import Listener, listening

Servers = Callable[[str], FtpServer]


def to(server: FtpServer | Listener, **changes: object) -> ConnectionDetails:
    if isinstance(server, FtpServer):
        return details_for(server, server.protocol, **changes)
    values: dict[str, object] = {"protocol": "ftp", "password": "p", "connect_timeout_s": 0.5, "operation_timeout_s": 0.5, **changes}
    return ConnectionDetails(address=server.address, port=server.port, user="u", exempt=(server.address, server.port), **values)  # type: ignore[arg-type]


def answering(*answers: bytes) -> contextlib.AbstractContextManager[Listener]:
    """Says each of these, the first at once and each other one after a line from the client."""

    def speak(sock: socket.socket) -> None:
        with sock.makefile("rb") as lines:
            for answer in answers:
                sock.sendall(answer)
                if not lines.readline():
                    break
        sock.shutdown(socket.SHUT_RDWR)

    return listening(speak)


@contextlib.contextmanager
def counting_proxy(server: FtpServer) -> Iterator[tuple[Listener, bytearray]]:
    """Passes the control connection on and keeps what the client said."""
    seen = bytearray()

    def handle(client: socket.socket) -> None:
        with socket.create_connection((server.address, server.port)) as upstream:

            def back() -> None:
                with contextlib.suppress(OSError):
                    while data := upstream.recv(65_536):
                        client.sendall(data)
                    client.shutdown(socket.SHUT_RDWR)

            threading.Thread(target=back, daemon=True).start()
            while data := client.recv(65_536):
                seen.extend(data)
                upstream.sendall(data)

    with listening(handle) as info:
        yield info, seen


@contextlib.contextmanager
def dying_at(server: FtpServer, command: bytes, last_words: bytes) -> Iterator[Listener]:
    """Passes the control connection on until it hears this command, answers it with these words, and hangs up."""

    def handle(client: socket.socket) -> None:
        with socket.create_connection((server.address, server.port)) as upstream:

            def back() -> None:
                with contextlib.suppress(OSError):
                    while data := upstream.recv(65_536):
                        client.sendall(data)

            threading.Thread(target=back, daemon=True).start()
            for line in client.makefile("rb"):
                if line.startswith(command):
                    time.sleep(0.05)  # what it was asked before is answered
                    client.sendall(last_words)
                    client.shutdown(socket.SHUT_RDWR)
                    return
                upstream.sendall(line)

    with listening(handle) as info:
        yield info
