from __future__ import annotations

import base64
import dataclasses
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from sites.probing.engine import USER_AGENT, _slots, iter_probes, probe_many
from sites.probing.guard import Guard, parse_networks
from sites.probing.outcome import Expectation, Kind, Outcome, ProbeRequest, Purpose
from tests.certificates import Certificates
from tests.http_server import HttpServer, Received, Reply, redirect

OPEN = Guard(parse_networks(["127.0.0.0/8", "::1/128"]))


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        yield running


def probe(url: str, *, guard: Guard = OPEN, ca_file: str | None = None, **more) -> Outcome:
    more.setdefault("time_limit_s", 5.0)
    return probe_many([ProbeRequest(1, url, **more)], guard=guard, ca_file=ca_file)[0]


def seen(outcome: Outcome) -> tuple[str, str]:
    return str(outcome.kind), outcome.detail


def test_good_page_brings_status_timings_and_address(server):
    server.route("/", Reply(headers={"X-Powered-By": "PHP/8.3"}))
    before = datetime.now(UTC)
    outcome = probe(server.url())
    assert (outcome.kind, outcome.status, outcome.address, outcome.final_url) == (Kind.OK, 200, "127.0.0.1", server.url())
    assert before <= outcome.at <= datetime.now(UTC)
    timings = dataclasses.asdict(outcome.timings)
    assert timings.pop("tls_ms") is None
    assert all(value > 0 for value in timings.values())
    assert outcome.ms == outcome.timings.total_ms
    assert ("X-Powered-By", "PHP/8.3") in outcome.headers
    assert outcome.body_size == len(outcome.body) == 69


def test_server_error_brings_evidence(server):
    server.route("/", Reply(500, b"<title>500</title><p>request ID: ABC-123</p>"))
    outcome = probe(server.url())
    assert (outcome.kind, outcome.status, outcome.request_id) == (Kind.SERVER_ERROR, 500, "ABC-123")
    assert outcome.excerpt == "500: request ID: ABC-123"
    assert outcome.body.startswith(b"<title>")


def test_routine_probe_is_plain_and_honest(server):
    server.route("/", Reply())
    probe(server.url("/?a=1"), token="tok")
    (request,) = server.requests
    assert (request.target, request.headers["user-agent"]) == ("/?a=1", USER_AGENT)
    assert "cache-control" not in request.headers


@pytest.mark.parametrize("purpose", [Purpose.CONFIRMATION, Purpose.CACHE_PROOF])
def test_token_stands_in_query_and_agent(server, purpose):
    server.route("/", Reply())
    outcome = probe(server.url("/?a=%C3%A9&b#x"), purpose=purpose, token="t0k")
    (request,) = server.requests
    assert request.target == "/?a=%C3%A9&b&sitemend=t0k"
    assert request.headers["user-agent"] == f"{USER_AGENT} probe/t0k"
    assert request.headers["cache-control"] == "no-cache"
    assert outcome.token == "t0k"


def test_contact_address_and_own_agent_are_used(server):
    server.route("/", Reply())
    probe_many([ProbeRequest(1, server.url())], guard=OPEN, contact_url="https://ops.example/why")
    probe(server.url(), user_agent="Phone é")
    agents = [request.headers["user-agent"] for request in server.requests]
    assert agents == ["Sitemend/1 (+https://ops.example/why)", "Phone Ã©"]


def test_secrets_are_sent_home_and_nowhere_else(server):
    with HttpServer("127.0.0.2") as other, HttpServer() as other_port:
        server.route("/start", redirect("/second"))
        server.route("/second", redirect(other.url("/third")))
        other.route("/third", redirect(other_port.url("/fourth")))
        other_port.route("/fourth", redirect(server.url("/end")))
        server.route("/end", Reply())
        headers = (("X-Key", "s3cret"), ("Cookie", "staging=1"), ("Authorization-Extra", "z"))
        outcome = probe(server.url("/start"), username="ann", password="pa:ss", headers=headers)
    assert outcome.kind is Kind.OK
    expected = "Basic " + base64.b64encode(b"ann:pa:ss").decode()
    for request in server.requests:
        assert (request.headers["authorization"], request.headers["x-key"]) == (expected, "s3cret")
    for request in (*other.requests, *other_port.requests):
        assert not {"authorization", "x-key", "cookie", "authorization-extra", "referer"} & set(request.headers)
    assert [len(each.requests) for each in (server, other, other_port)] == [3, 1, 1]


def test_each_probe_has_a_new_connection_and_its_own_cookies(server):
    def hand_out(request: Received) -> Reply:
        return redirect("/in", **{"Set-Cookie": "seen=\xff1; path=/"})

    server.route("/", hand_out)
    server.route("/in", lambda request: Reply(200 if "cookie" in request.headers else 500))
    outcomes = probe_many([ProbeRequest(n, server.url()) for n in range(6)], guard=OPEN, per_address=1)
    assert [outcome.kind for outcome in outcomes] == [Kind.OK] * 6
    assert all("cookie" not in request.headers for request in server.received("/"))
    assert len({request.peer for request in server.requests}) == 12


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[::ffff:10.0.0.1]/", "http://0x7f.1/"]
)
def test_redirect_to_an_address_inside_is_refused(server, target):
    server.route("/", redirect(target))
    outcome = probe(server.url(), guard=Guard(), exempt=server.address)
    assert (*seen(outcome), outcome.status) == ("unreachable", "redirect-refused", None)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "http://a:99999999/", "//[", "javascript:1"])
def test_redirect_to_something_else_than_http_is_refused(server, target):
    server.route("/", redirect(target))
    assert seen(probe(server.url())) == ("unreachable", "redirect-refused")


def test_guard_sees_the_address_that_the_name_leads_to(server):
    server.route("/", Reply())
    for url in (server.url(), server.url(host="localhost"), server.url(host="0"), server.url(host="2130706433"), "http://[::1]:9/"):
        assert seen(probe(url, guard=Guard())) == ("unreachable", "address-refused")
    assert server.requests == []
    assert probe(server.url(host="localhost"), guard=Guard(), exempt=server.address).kind is Kind.OK


def test_redirect_to_itself_ends(server):
    server.route("/", redirect("/"))
    assert seen(probe(server.url())) == ("redirect-loop", "too-many-redirects")
    assert len(server.requests) == 11


def test_expected_redirect_is_not_followed(server):
    server.route("/", redirect("/elsewhere", 301))
    outcome = probe(server.url(), expectation=Expectation(statuses=frozenset({301})))
    assert (outcome.kind, outcome.status, len(server.requests)) == (Kind.OK, 301, 1)


@pytest.mark.parametrize(
    ("reply", "kind", "detail"),
    [
        (Reply(delay_s=9), "unreachable", "timeout"),
        (Reply(body=b"x" * 1000, drip=(1, 0.05)), "unreachable", "timeout"),
        (Reply(500, body=b"x" * 1000, drip=(1, 0.05)), "server-error", "http-500"),
        (Reply(endless_headers=True, header_pause_s=0.05), "unreachable", "timeout"),
        (Reply(endless_headers=True), "unreachable", "headers-too-large"),
        (Reply(close_after=20), "truncated", "cut-off"),
        (Reply(500, close_after=5), "server-error", "http-500"),
        (Reply(raw=b""), "unreachable", "empty"),
        (Reply(reset=True), "unreachable", "reset"),
        (Reply(raw=b"\xff\xfe nonsense\r\n\r\n"), "unreachable", "protocol"),
        (Reply(raw=b"HTTP/1.1 \xff\r\n\r\n"), "unreachable", "protocol"),
        (Reply(headers={"Content-Encoding": "gzip"}), "unreachable", "encoding"),
        (Reply(raw=b"HTTP/1.1 200 OK\r\n\xe9: \xff\r\n\r\n<h1>x</h1>"), "ok", ""),
        (Reply(endless_body=True, body=b"<p>" * 20000), "ok", ""),
        (Reply(gzip_bomb_mb=50), "ok", ""),
        (Reply(body=b""), "white-page", "empty"),
    ],
)
def test_whatever_a_site_does_becomes_an_outcome(server, reply, kind, detail):
    server.route("/", reply)
    started = time.monotonic()
    outcome = probe(server.url(), time_limit_s=1.0)
    assert seen(outcome) == (kind, detail)
    assert time.monotonic() - started < 4
    assert outcome.body_size <= 256 * 1024
    assert len(outcome.body) <= 64 * 1024
    assert bool(outcome.message) == (kind != "ok")


def test_time_limit_holds_over_all_redirects(server):
    for number in range(9):
        server.route(f"/{number}", dataclasses.replace(redirect(f"/{number + 1}"), delay_s=0.3))
    started = time.monotonic()
    assert seen(probe(server.url("/0"), time_limit_s=1.0)) == ("unreachable", "timeout")
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("round_trip", [("/",), ("/", "/other")])
def test_redirect_to_itself_is_told_also_where_the_site_is_too_slow_to_be_followed_to_the_end(server, round_trip):
    for here, there in zip(round_trip, (*round_trip[1:], round_trip[0]), strict=True):
        server.route(here, dataclasses.replace(redirect(there), delay_s=0.15))
    assert seen(probe(server.url(), time_limit_s=1.1)) == ("redirect-loop", "too-many-redirects")
    assert len(server.requests) < 9


@pytest.mark.parametrize(
    ("status", "body", "ends"),
    [(200, b"<html><p>Here</p></HTML>\n", True), (200, b"<html><p>Here</p>", False), (404, b"<html><p>None</p></html>", False)],
)
def test_outcome_tells_whether_the_page_is_there_to_its_last_tag(server, status, body, ends):
    server.route("/", Reply(status, body=body))
    assert probe(server.url()).ends is ends


def test_slow_page_behind_a_redirect_to_itself_is_late_and_no_loop(server):
    asked = []

    def answer(request):
        asked.append(request)
        return redirect("/", **{"Set-Cookie": "seen=1; path=/"}) if len(asked) == 1 else Reply(200, body=b"<p>Here", delay_s=3)

    server.route("/", answer)
    assert seen(probe(server.url(), time_limit_s=0.6)) == ("unreachable", "timeout")


def test_memory_stays_bounded_against_bombs(server):
    server.route("/bomb", Reply(raw=None, gzip_bomb_mb=20))
    server.route("/endless", Reply(endless_body=True))
    probe(server.url("/bomb"))
    tracemalloc.start()
    probe_many([ProbeRequest(n, server.url("/endless")) for n in range(20)], guard=OPEN)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * 1024 * 1024


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("http://no-such-name.invalid/", "dns"),
        ("http://127.0.0.1:1/", "refused"),
        ("", "bad-url"),
        ("shop.example", "bad-url"),
        ("ftp://shop.example/", "bad-url"),
        ("http://[::1", "bad-url"),
        ("http://a b/", "bad-url"),
        ("http://shop.example:0/", "bad-url"),
        ("http://shop.example:x/", "bad-url"),
        ("http://shop.example/\r\nX: y", "bad-url"),
        ("http://" + "a" * 9000, "bad-url"),
        ("http://\x00/", "bad-url"),
        ("http://..ü/", "bad-url"),
    ],
)
def test_address_that_leads_nowhere(url, detail):
    outcome = probe(url)
    assert (*seen(outcome), outcome.status) == ("unreachable", detail, None)


def test_header_with_a_line_break_is_not_sent(server):
    assert seen(probe(server.url(), headers=(("X-A", "1\r\nX-B: 2"),))) == ("unreachable", "bad-header")
    assert server.requests == []


def test_address_with_other_letters_is_asked_for(server):
    server.route("/caf%C3%A9", Reply())
    assert probe(server.url("/café")).kind is Kind.OK


def test_one_address_gets_so_many_probes_at_once_and_no_more(server):
    server.route("/", Reply(delay_s=0.03))
    names = ["127.0.0.1", "localhost"]
    requests = [ProbeRequest(n, server.url(host=names[n % 2])) for n in range(40)]
    outcomes = probe_many(requests, guard=OPEN, per_address=3)
    assert [outcome.kind for outcome in outcomes] == [Kind.OK] * 40
    assert [outcome.key for outcome in outcomes] == list(range(40))
    assert server.most_at_once <= 3
    assert len(server.requests) == 40


def test_waiting_for_a_turn_does_not_count_as_the_sites_time(server):
    server.route("/", Reply(delay_s=0.2))
    outcomes = probe_many([ProbeRequest(n, server.url(), time_limit_s=1.0) for n in range(10)], guard=OPEN, per_address=1)
    assert [outcome.kind for outcome in outcomes] == [Kind.OK] * 10
    assert max(outcome.ms for outcome in outcomes) < 900


def test_slow_site_does_not_hold_up_another(server):
    with HttpServer("127.0.0.2") as other:
        server.route("/", Reply(delay_s=2))
        other.route("/", Reply())
        requests = [ProbeRequest(n, server.url(), time_limit_s=1.0) for n in range(8)] + [ProbeRequest(99, other.url())]
        first = next(iter_probes(requests, guard=OPEN, per_address=2))
    assert (first.key, first.kind) == (99, Kind.OK)


def test_batches_of_one_process_keep_to_the_limit_together(server):
    server.route("/", Reply(delay_s=0.05))
    requests = [ProbeRequest(n, server.url()) for n in range(12)]
    with ThreadPoolExecutor(4) as threads:
        batches = list(threads.map(lambda _: probe_many(requests, guard=OPEN, per_address=3), range(4)))
    assert [[outcome.kind for outcome in batch] for batch in batches] == [[Kind.OK] * 12] * 4
    assert server.most_at_once <= 3


def test_probes_of_one_address_start_one_after_the_other(server):
    server.route("/", Reply())
    with HttpServer("127.0.0.2") as other:
        other.route("/", Reply())
        requests = [ProbeRequest(n, (server, other)[n % 2].url()) for n in range(20)]
        outcomes = probe_many(requests, guard=OPEN, per_address=4)
    for first in (0, 1):
        began = [outcome.at for outcome in outcomes[first::2]]
        assert all((later - earlier).total_seconds() > 0.045 for earlier, later in pairwise(began))
        assert (began[-1] - began[0]).total_seconds() < 2


def test_batch_that_is_given_up_frees_its_slots(server):
    server.route("/slow", Reply(delay_s=5))
    server.route("/", Reply())
    requests = [ProbeRequest(1, "http://127.0.0.1:1/"), *(ProbeRequest(n, server.url("/slow")) for n in range(2, 6))]
    batch = iter_probes(requests, guard=OPEN, per_address=4)
    assert next(batch).detail == "refused"
    batch.close()
    assert probe(server.url()).kind is Kind.OK
    assert not _slots._open


def test_no_requests_give_no_outcomes():
    assert probe_many([], guard=OPEN) == []


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize(
    ("address", "days", "trusted", "expected"),
    [
        ("127.0.0.1", 1, True, ("ok", "")),
        ("127.0.0.1", -1, True, ("unreachable", "tls-expired")),
        ("127.0.0.9", 1, True, ("unreachable", "tls-name")),
        ("127.0.0.1", 1, False, ("unreachable", "tls-untrusted")),
    ],
)
def test_certificate_is_verified(certificates, address, days, trusted, expected):
    with HttpServer(tls=certificates.context(address, days)) as server:
        server.route("/", Reply())
        outcome = probe(server.url(), ca_file=certificates.ca_file if trusted else None)
    assert seen(outcome) == expected
    assert (outcome.timings.tls_ms is not None) == (expected[0] == "ok")


def test_https_to_a_plain_server_is_a_tls_failure(server):
    outcome = probe(server.url().replace("http:", "https:"), time_limit_s=2)
    assert outcome.kind is Kind.UNREACHABLE
    assert outcome.detail in ("tls", "timeout", "connect-timeout", "reset")
