"""Files are fetched whole from a real server, in parts where time is short, and never from where probes may not go."""

from __future__ import annotations

import io
import time
from ipaddress import ip_network

import pytest

from sites.probing.downloading import NotDownloaded, download
from sites.probing.engine import probe_many
from sites.probing.guard import Guard
from sites.probing.outcome import ProbeRequest
from tests.http_server import HttpServer, Reply, redirect
from tests.publisher import served
from tests.servers import silent_server

LOOPBACK = Guard((ip_network("127.0.0.0/8"),))
CONTENT = bytes(range(256)) * 400


def fetched(url: str, *, most: int = 10**6, limit_s: float = 5.0, guard: Guard = LOOPBACK, begun: bytes = b"") -> bytes:
    file = io.BytesIO(begun)
    download(url, file, guard=guard, most_bytes=most, time_limit_s=limit_s, goes_on=bool(begun))
    return file.getvalue()


def refused(url: str, **limits: object) -> NotDownloaded:
    with pytest.raises(NotDownloaded) as error:
        fetched(url, **limits)
    return error.value


def test_file_arrives_whole_and_says_who_asks() -> None:
    with HttpServer() as server:
        server.route("/a.zip", served(CONTENT))
        assert fetched(server.url("/a.zip")) == CONTENT
        assert "Sitemend/" in server.requests[0].headers["user-agent"] and server.requests[0].headers["accept-encoding"] == "identity"


def test_what_a_site_is_asked_with_never_reaches_a_directory() -> None:
    """Both take their lines from one store: the password and the headers of a probe are for its site alone."""
    with HttpServer() as server:
        server.route("/", Reply())
        server.route("/a.zip", served(CONTENT))
        request = ProbeRequest(1, server.url("/"), username="anna", password="s3cret", headers=(("X-Secret", "s3cret"),))
        probe_many([request], guard=LOOPBACK)
        fetched(server.url("/a.zip"))
        probed, asked = server.requests
        assert "authorization" in probed.headers and probed.headers["x-secret"] == "s3cret"
        assert not {"authorization", "x-secret", "cookie"} & set(asked.headers) and "s3cret" not in repr(asked.headers)


def test_redirect_is_followed_and_a_loop_ends() -> None:
    with HttpServer() as server:
        server.route("/a.zip", redirect("/b.zip", 301))
        server.route("/b.zip", served(CONTENT))
        server.route("/round", redirect("/round"))
        assert fetched(server.url("/a.zip")) == CONTENT
        assert refused(server.url("/round")).code == "too-many-redirects" and len(server.received("/round")) == 6


@pytest.mark.parametrize("begun", [1, 70_000, len(CONTENT) - 1])
def test_part_is_gone_on_from(begun: int) -> None:
    with HttpServer() as server:
        server.route("/a.zip", served(CONTENT))
        assert fetched(server.url("/a.zip"), begun=CONTENT[:begun]) == CONTENT
        assert server.requests[0].headers["range"] == f"bytes={begun}-"


def test_part_is_fetched_anew_where_the_server_knows_no_parts_or_has_less() -> None:
    with HttpServer() as server:
        server.route("/a.zip", Reply(200, CONTENT))
        server.route("/b.zip", served(CONTENT[:100]))
        assert fetched(server.url("/a.zip"), begun=b"something else") == CONTENT
        assert fetched(server.url("/b.zip"), begun=CONTENT) == CONTENT[:100]


def test_what_came_before_the_time_was_up_stays_and_is_gone_on_from() -> None:
    with HttpServer() as server:
        server.route("/a.zip", Reply(200, CONTENT, drip=(20_000, 0.3)))
        file = io.BytesIO()
        with pytest.raises(NotDownloaded, match="timeout"):
            download(server.url("/a.zip"), file, guard=LOOPBACK, most_bytes=10**6, time_limit_s=0.5)
        assert 0 < len(file.getvalue()) < len(CONTENT)
        server.route("/a.zip", served(CONTENT))
        assert fetched(server.url("/a.zip"), begun=file.getvalue()) == CONTENT


def test_more_than_wanted_is_not_taken() -> None:
    with HttpServer() as server:
        server.route("/a.zip", Reply(200, endless_body=True))
        assert refused(server.url("/a.zip"), most=300_000).code == "too-large"


def test_what_is_not_there_is_told_from_what_does_not_answer() -> None:
    with HttpServer() as server:
        server.route("/busy", Reply(503, b"<h1>later</h1>"))
        absent, busy = refused(server.url("/none.zip")), refused(server.url("/busy"))
    assert absent.is_absent and not busy.is_absent and busy.status == 503
    assert refused(server.url("/a.zip")).code == "refused"


def test_silent_server_holds_up_nobody() -> None:
    with silent_server() as silent:
        began = time.monotonic()
        assert refused(f"http://127.0.0.1:{silent.port}/a.zip", limit_s=0.4).code == "timeout"
        assert time.monotonic() - began < 2


def test_private_addresses_are_not_contacted_nor_led_to() -> None:
    with HttpServer() as server:
        assert refused(server.url("/a.zip"), guard=Guard()).code == "address-refused" and server.requests == []
        server.route("/a.zip", redirect("http://169.254.169.254/latest/"))
        assert refused(server.url("/a.zip")).code == "address-refused"
        server.route("/b.zip", redirect("file:///etc/passwd"))
        assert refused(server.url("/b.zip")).code == "bad-url"
