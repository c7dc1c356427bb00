"""Every failure that the practice site plays, seen by the real engine."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable

import pytest

from diagnostics.practice.plays import PLAYS, WORDS, grouped
from diagnostics.practice.serve import PracticeServers
from diagnostics.practice.site import AUTHORITY_FILE, PracticeError, PracticeSite
from sites.probing.engine import BROWSERS, probe_many
from sites.probing.guard import Guard
from sites.probing.outcome import Expectation, Kind, Outcome, ProbeRequest, Purpose

from .conftest import Seen

SHOWN = {
    "server-error": Kind.SERVER_ERROR, "white-page": Kind.WHITE_PAGE, "fatal-at-200": Kind.FATAL_IN_BODY, "cms-error": Kind.FATAL_IN_BODY,
    "database-error": Kind.DATABASE_ERROR, "missing-words": Kind.UNEXPECTED, "redirect-loop": Kind.REDIRECT_LOOP,
    "cms-error-at-200": Kind.FATAL_IN_BODY, "not-found": Kind.CLIENT_ERROR, "resource-limit": Kind.SERVER_ERROR, "parked": Kind.SUSPENDED,
    "name-not-found": Kind.UNREACHABLE, "certificate-expired": Kind.UNREACHABLE, "certificate-other-name": Kind.UNREACHABLE,
    "certificate-untrusted": Kind.UNREACHABLE,
    "bad-gateway": Kind.GATEWAY_ERROR, "service-unavailable": Kind.GATEWAY_ERROR, "gateway-timeout": Kind.GATEWAY_ERROR,
    "suspended": Kind.SUSPENDED, "firewall": Kind.BLOCKED, "too-many-requests": Kind.BLOCKED, "time-out": Kind.UNREACHABLE,
    "truncated": Kind.TRUNCATED, "refused": Kind.UNREACHABLE, "intermittent": Kind.SERVER_ERROR, "phones": Kind.OK, "warm-cache": Kind.OK,
    "maintenance": Kind.MAINTENANCE, "stuck-maintenance": Kind.MAINTENANCE,
}  # fmt: skip


def probe(site: PracticeSite, path: str = "", **more) -> Outcome:
    values = {"expectation": Expectation(must_contain=(WORDS,)), "time_limit_s": 1.0, "exempt": (site.address, site.web_port)}
    values["authority"] = str(site.folder / AUTHORITY_FILE)
    return probe_many([ProbeRequest(key=1, url=site.url + path, **(values | more))], guard=Guard(()))[0]


@pytest.fixture
def servers(tmp_path) -> PracticeServers:
    made = PracticeServers(PracticeSite.create(tmp_path / "practice"))
    with made:
        yield made


@pytest.mark.parametrize("kind", PLAYS)
def test_play_is_recognised_as_what_it_is(servers: PracticeServers, kind: str) -> None:
    site = servers.site
    assert probe(site).kind is Kind.OK
    site.play(kind)
    servers.look()
    assert site.is_serving()
    assert probe(site).kind is SHOWN[kind]
    site.reset()
    servers.look()
    assert probe(site).kind is Kind.OK


def test_every_kind_of_failure_is_played() -> None:
    assert set(SHOWN) == set(PLAYS)
    assert set(SHOWN.values()) == set(Kind)
    assert [one for _group, ones in grouped() for one in ones] == list(PLAYS.values())


def test_pages_that_are_well_hold_the_words(site: PracticeSite) -> None:
    assert {probe(site, path).kind for path in ("", "about", "products")} == {Kind.OK}


def test_one_of_three_fails(site: PracticeSite) -> None:
    site.play("intermittent")
    assert [probe(site).status for _ in range(6)] == [500, 200, 200, 500, 200, 200]


def test_phones_alone_get_the_failure(site: PracticeSite) -> None:
    site.play("phones")
    assert probe(site, user_agent=BROWSERS["desktop"]).status == 200
    assert probe(site, user_agent=BROWSERS["phone"]).status == 500


def test_cache_hides_the_failure_from_plain_requests(site: PracticeSite) -> None:
    site.play("warm-cache")
    assert probe(site).status == 200
    assert probe(site, purpose=Purpose.CACHE_PROOF, token="abc123").status == 500  # noqa: S106


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("certificate-expired", "tls-expired"),
        ("certificate-other-name", "tls-name"),
        ("certificate-untrusted", "tls-untrusted"),
        ("name-not-found", "dns"),
        ("time-out", "timeout"),
        ("resource-limit", "http-508"),
        ("cms-error-at-200", "wordpress-critical-error"),
    ],
)
def test_play_is_told_apart_from_others_of_its_kind(site: PracticeSite, kind: str, detail: str) -> None:
    site.play(kind)
    assert probe(site).detail == detail


def test_flawed_certificate_shown_again_is_read_anew(site: PracticeSite) -> None:
    for kind, detail in [("certificate-expired", "tls-expired"), ("certificate-other-name", "tls-name")] * 2:
        site.play(kind)
        assert probe(site).detail == detail


def test_authority_of_the_practice_site_is_believed_nowhere_else(site: PracticeSite) -> None:
    site.play("certificate-expired")
    assert probe(site, exempt=None).detail == "address-refused"
    here = (site.address, site.web_port)
    outcome = probe(site, authority="", exempt=here)
    assert (outcome.detail, outcome.final_url) == ("tls-untrusted", f"https://127.0.0.1:{site.web_port}/")


def test_what_was_believed_for_one_probe_is_not_believed_for_the_next(site: PracticeSite) -> None:
    site.play("certificate-expired")
    assert [probe(site, **more).detail for more in ({}, {"authority": ""}) * 2] == ["tls-expired", "tls-untrusted"] * 2


def test_who_accepts_the_certificate_gets_the_page(site: PracticeSite) -> None:
    site.play("certificate-untrusted")
    accepting = ssl.create_default_context()
    accepting.check_hostname, accepting.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(site.address, site.web_port, timeout=5, context=accepting)
    connection.request("GET", "/")
    assert WORDS.encode() in connection.getresponse().read()
    connection.close()


def test_refused_connection_comes_back_on_its_port(servers: PracticeServers) -> None:
    site = servers.site
    site.play("refused")
    servers.look()
    assert probe(site).detail == "refused"
    with socket.create_connection((site.address, site.sftp_port), timeout=5):
        pass
    site.play("server-error")
    servers.look()
    assert probe(site).status == 500


def test_hanging_visitor_is_let_go_when_the_play_ends(site: PracticeSite) -> None:
    site.play("time-out")
    with socket.create_connection((site.address, site.web_port), timeout=5) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.3)
        site.reset()
        assert line.recv(100) == b""


def test_breaking_a_file_ends_the_play(site: PracticeSite, fetch: Callable[..., Seen]) -> None:
    site.play("white-page")
    site.break_it("misspelled-directive")
    assert site.playing() is None
    assert fetch("/").status == 500


def test_unknown_play_changes_nothing(site: PracticeSite) -> None:
    with pytest.raises(PracticeError, match="nothing that the practice site can play"):
        site.play("nonsense")
    (site.folder / "playing.json").write_text('{"kind": "nonsense"}')
    assert (site.playing(), probe(site).status) == (None, 200)
