"""What answers where an FTP server should: silence, floods, drops, lies about where its data is."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

import pytest

from diagnostics.transports import open_reader
from diagnostics.transports.base import (
    ConnectionLost,
    ConnectionTimedOut,
    TransportError,
    Unsupported,
)
from tests.diagnostics.transports.conftest import GUARD
from tests.diagnostics.transports.ftp_peers import answering, to
from tests.servers import greeting_server, listening, silent_server


@pytest.mark.parametrize(
    "greeting",
    [
        b"220-" + b"x" * 1_048_576,
        b"220-hello\r\n" + b"220-and more\r\n" * 80_000,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 400 no\r\n\r\n",
        b"\0" * 100 + b"\n",
    ],
    ids=["long line", "many lines", "ssh", "http", "zeros"],
)  # fmt: skip
def test_what_is_no_ftp_is_refused_clearly(greeting: bytes) -> None:
    with greeting_server(greeting) as peer, pytest.raises(ConnectionLost, match="does not speak FTP"), open_reader(to(peer), guard=GUARD):
        pass


def test_silent_peer_is_given_up_in_time() -> None:
    started = time.monotonic()
    for protocol in ("ftp", "ftps"):
        with silent_server() as peer, pytest.raises(ConnectionTimedOut), open_reader(to(peer, protocol=protocol), guard=GUARD):
            pass
    assert time.monotonic() - started < 4


@pytest.mark.parametrize(("words", "refusal"), [(b"2", ConnectionTimedOut), (b"120 ready in a minute\r\n", TransportError)])
def test_peer_that_never_comes_to_a_greeting_is_given_up_in_time(words: bytes, refusal: type[TransportError]) -> None:
    def promise(sock: socket.socket) -> None:
        while True:
            sock.sendall(words)
            time.sleep(0.05)

    started = time.monotonic()
    with listening(promise) as peer, pytest.raises(refusal), open_reader(to(peer), guard=GUARD):
        pass
    assert time.monotonic() - started < 3


def test_words_put_in_before_encryption_begins_are_not_believed() -> None:
    with (
        answering(b"220 hi\r\n", b"234 go\r\n230 you are in\r\n") as peer,
        pytest.raises(ConnectionLost, match="before encryption"),
        open_reader(to(peer, protocol="ftps"), guard=GUARD),
    ):
        pass


def test_address_in_the_answer_to_pasv_is_not_used_nor_are_ports_of_other_services() -> None:
    asked: list[bytes] = []

    def speak(passive: bytes) -> Callable[[socket.socket], None]:
        answers = {
            b"USER": b"331 go",
            b"PASS": b"230 in",
            b"TYPE": b"200 ok",
            b"PWD": b'257 "/"',
            b"EPSV": b"500 no",
            b"CWD": b"250 ok",
            b"PASV": passive,
        }

        def serve(sock: socket.socket) -> None:
            sock.sendall(b"220 hi\r\n")
            with sock.makefile("rb") as lines:
                for line in lines:
                    asked.append(line.strip())
                    sock.sendall(answers.get(line.split()[0], b"502 no") + b"\r\n")

        return serve

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        other.settimeout(3)
        elsewhere = b"227 ok (192,0,2,1,%d,%d)" % divmod(port, 256)
        with listening(speak(elsewhere)) as peer, open_reader(to(peer), guard=GUARD) as reader:
            with pytest.raises(TransportError):
                reader.list("/")
            other.accept()[0].close()  # it came to the control connection's address
    for high in (0, 256):  # 256 * 256 + 25 is 25 to getaddrinfo(3)
        with listening(speak(b"227 ok (127,0,0,1,%d,25)" % high)) as peer, open_reader(to(peer), guard=GUARD) as reader:
            with pytest.raises(Unsupported, match="which is not used"):
                reader.list("/")
            assert asked[-1] == b"PASV"


def dripping(sock: socket.socket) -> None:
    """Lists and sends files without an end, a little more than the progress that is asked for within each limit."""
    answers = {
        "USER": "331 go",
        "PASS": "230 in",
        "PWD": '257 "/"',
        "TYPE": "200 ok",
        "CWD": "250 ok",
        "SIZE": "213 9000000",
        "REST": "350 ok",
        "QUIT": "221 bye",
    }
    with socket.create_server(("127.0.0.1", 0)) as passive, sock.makefile("rb") as lines:
        sock.sendall(b"220 hi\r\n")
        for line in lines:
            command = line.decode().split()[0]
            if command == "EPSV":
                sock.sendall(b"229 ok (|||%d|)\r\n" % passive.getsockname()[1])
            elif command in ("LIST", "RETR"):
                sock.sendall(b"150 here it comes\r\n")
                with passive.accept()[0] as data, contextlib.suppress(OSError):
                    while True:
                        data.sendall((b"-rw-r--r-- 1 u g 5 Nov 22 2020 f\r\n" * 50)[:1500])
                        time.sleep(0.1)
            else:
                sock.sendall(f"{answers.get(command, '502 no')}\r\n".encode())


def test_reading_that_drips_is_given_up_as_a_whole() -> None:
    for work in (lambda reader: reader.list("/"), lambda reader: reader.read_tail("/log", 1_000_000)):
        with listening(dripping) as peer, open_reader(to(peer, reading_timeout_s=1.0), guard=GUARD) as reader:
            started = time.monotonic()
            with pytest.raises(ConnectionTimedOut, match="more than 1 s"):
                work(reader)
            assert time.monotonic() - started < 3
