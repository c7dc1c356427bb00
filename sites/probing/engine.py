"""Makes probes: many at once on one thread, through libcurl's multi interface. The only module that talks HTTP to sites.

Every probe is on its own: a new connection, no cookie of another, no proxy. The address is vetted at the moment of the connect,
for each hop of a redirect, which a second answer of the name server cannot get around. Redirects are followed here and not by
libcurl, so that passwords and own headers go to the site's own scheme, host and port and nowhere else.
"""

from __future__ import annotations

import contextlib
import heapq
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import certifi
import pycurl

from sites.probing.exchange import Exchange
from sites.probing.failures import failure
from sites.probing.guard import Guard
from sites.probing.outcome import Outcome, ProbeRequest

CONTACT_URL = "https://sitemend.example/probe"
USER_AGENT = f"Sitemend/1 (+{CONTACT_URL})"
CONNECT_LIMIT_S = 6.0

# Kinds of visitors as sites tell them apart; each says who is really asking.
BROWSERS: dict[str, str] = {
    "desktop": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 " + USER_AGENT,
    "phone": "Mozilla/5.0 (Linux; Android 15; Mobile) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36 "
    + USER_AGENT,
    "bot": f"Mozilla/5.0 (compatible; Sitemendbot/1; +{CONTACT_URL})",
}

_HTTP_ONLY = 0b11  # CURLPROTO_HTTP | CURLPROTO_HTTPS


def probe_many(
    requests: Sequence[ProbeRequest],
    *,
    guard: Guard,
    per_address: int = 4,
    in_flight: int = 300,
    contact_url: str = CONTACT_URL,
    ca_file: str | None = None,
) -> list[Outcome]:
    """Make all probes and return their outcomes in the order of the requests. Whatever a site does, nothing is raised.

    At most `per_address` run at once against one address, at most `in_flight` altogether. `ca_file` replaces the usual authorities.
    """
    found: list[tuple[int, Outcome]] = list(_run(requests, guard, per_address, in_flight, contact_url, ca_file))
    return [outcome for _index, outcome in sorted(found, key=lambda pair: pair[0])]


def iter_probes(
    requests: Sequence[ProbeRequest],
    *,
    guard: Guard,
    per_address: int = 4,
    in_flight: int = 300,
    contact_url: str = CONTACT_URL,
    ca_file: str | None = None,
) -> Iterator[Outcome]:
    """As `probe_many`, but each outcome as soon as it is there. Take them quickly: the other probes stand still meanwhile."""
    for _index, outcome in _run(requests, guard, per_address, in_flight, contact_url, ca_file):
        yield outcome


def _run(
    requests: Sequence[ProbeRequest], guard: Guard, per_address: int, in_flight: int, contact_url: str, ca_file: str | None
) -> Iterator[tuple[int, Outcome]]:
    run = _Run(guard, max(1, per_address), max(1, in_flight), contact_url, ca_file or certifi.where())
    with contextlib.closing(run):
        yield from run.outcomes(requests)


class _Run:
    """One batch: the handles, who waits for what, and how many speak to each address."""

    def __init__(self, guard: Guard, per_address: int, in_flight: int, contact_url: str, ca_file: str) -> None:
        self.guard = guard
        self.per_address = per_address
        self.in_flight = in_flight
        self.user_agent = USER_AGENT.replace(CONTACT_URL, contact_url)
        self.ca_file = ca_file
        self.multi = pycurl.CurlMulti()
        self.idle: list[pycurl.Curl] = []
        self.running: dict[pycurl.Curl, Exchange] = {}
        self.ready: list[tuple[int, Exchange]] = []  # a heap: what was asked first goes first
        self.waiting: dict[str, deque[Exchange]] = {}  # by the address that had no free slot
        self.open: Counter[str] = Counter()

    def close(self) -> None:
        for curl in self.running:
            self.multi.remove_handle(curl)
            curl.close()
        for curl in self.idle:
            curl.close()
        self.multi.close()

    def outcomes(self, requests: Sequence[ProbeRequest]) -> Iterator[tuple[int, Outcome]]:
        for index, request in enumerate(requests):
            exchange = Exchange(index, request)
            if (bad := exchange.prepare()) is not None:
                yield index, exchange.finished(bad)
            else:
                heapq.heappush(self.ready, (index, exchange))
        while self.ready or self.running or self.waiting:
            if not self.ready and not self.running:  # no slot is held, so that nobody would wake them
                self._wake_all()
            yield from self._start_ready()
            yield from self._step()

    def _start_ready(self) -> Iterator[tuple[int, Outcome]]:
        while self.ready and len(self.running) < self.in_flight:
            _index, exchange = heapq.heappop(self.ready)
            curl = self.idle.pop() if self.idle else _new_handle(self.ca_file)
            try:
                self._start(curl, exchange)
            except (pycurl.error, ValueError, UnicodeError):  # a value that libcurl will not take
                curl.close()
                yield exchange.index, exchange.finished(failure("bad-url"))

    def _start(self, curl: pycurl.Curl, exchange: Exchange) -> None:
        exchange.reset_hop()
        self._set_identity(curl, exchange)
        milliseconds = max(1, int(exchange.remaining_s * 1000))
        curl.setopt(pycurl.URL, exchange.url)
        curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, min(milliseconds, int(CONNECT_LIMIT_S * 1000)))
        curl.setopt(pycurl.COOKIELIST, "ALL")
        for line in exchange.cookies:
            curl.setopt(pycurl.COOKIELIST, line)
        curl.setopt(pycurl.HEADERFUNCTION, exchange.on_header)
        curl.setopt(pycurl.WRITEFUNCTION, exchange.on_body)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._opener(exchange))
        if not exchange.started:
            exchange.started = True
            exchange.at = datetime.now(UTC)
        self.multi.add_handle(curl)
        self.running[curl] = exchange

    def _set_identity(self, curl: pycurl.Curl, exchange: Exchange) -> None:
        """Who asks. Secrets and own headers are for the site's own origin alone."""
        request = exchange.request
        headers = {name.lower(): (name, value) for name, value in request.headers} if exchange.at_home else {}
        agent = request.user_agent or self.user_agent
        if exchange.carries_token:
            agent = f"{agent} probe/{request.token}"
            headers.setdefault("cache-control", ("Cache-Control", "no-cache"))
            headers.setdefault("pragma", ("Pragma", "no-cache"))
        headers.setdefault("accept", ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))
        curl.setopt(pycurl.USERAGENT, agent.encode())
        curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}".encode() if value else f"{name};".encode() for name, value in headers.values()])
        for option in (pycurl.USERNAME, pycurl.PASSWORD):
            curl.unsetopt(option)
        if request.username and exchange.at_home:
            curl.setopt(pycurl.USERNAME, request.username.encode())
            curl.setopt(pycurl.PASSWORD, request.password.encode())

    def _opener(self, exchange: Exchange) -> Callable[[int, Any], Any]:
        """libcurl's callback before each connect: it sees the very address, and makes the socket or not."""

        def open_socket(purpose: int, target: Any) -> Any:
            if target.family not in (socket.AF_INET, socket.AF_INET6):
                exchange.refused = True
                return pycurl.SOCKET_BAD
            address, port = str(target.addr[0]), int(target.addr[1])
            if not self.guard.allows(address, port, exchange.request.exempt):
                exchange.refused = True
                return pycurl.SOCKET_BAD
            if exchange.postponed or (address not in exchange.used and self.open[address] >= self.per_address):
                exchange.postponed = exchange.postponed or address
                return pycurl.SOCKET_BAD
            if address not in exchange.used:
                exchange.used.append(address)
                self.open[address] += 1
            return socket.socket(target.family, target.socktype, target.protocol)

        return open_socket

    def _step(self) -> Iterator[tuple[int, Outcome]]:
        """Let libcurl work once, then take what is finished."""
        if not self.running:
            return
        self.multi.perform()
        finished = False
        left = 1
        while left:
            left, well, failed = self.multi.info_read()
            for curl in well:
                finished = True
                yield from self._done(curl, 0, "")
            for curl, error, text in failed:
                finished = True
                yield from self._done(curl, error, text)
        if not finished and self.running:
            self._wait()

    def _wait(self) -> None:
        timeout = self.multi.timeout()
        seconds = 1.0 if timeout < 0 else min(1.0, timeout / 1000)
        if seconds <= 0:
            return
        began = time.monotonic()
        if self.multi.select(seconds) <= 0 and time.monotonic() - began < 0.001:
            time.sleep(min(seconds, 0.002))  # nothing that select can watch: a name being looked up, or a very high file number

    def _done(self, curl: pycurl.Curl, error: int, text: str) -> Iterator[tuple[int, Outcome]]:
        exchange = self.running.pop(curl)
        self.multi.remove_handle(curl)
        postponed = exchange.postponed if error == pycurl.E_COULDNT_CONNECT else ""
        self._release(exchange)
        if postponed:
            self._postpone(exchange, postponed)
        else:
            exchange.spent_s += curl.getinfo(pycurl.TOTAL_TIME)
            outcome = self._judge(curl, exchange, error, text)
            if outcome is None:
                exchange.cookies = curl.getinfo_raw(pycurl.INFO_COOKIELIST)
                heapq.heappush(self.ready, (exchange.index, exchange))
            else:
                yield exchange.index, outcome
        self.idle.append(curl)

    def _judge(self, curl: pycurl.Curl, exchange: Exchange, error: int, text: str) -> Outcome | None:
        """The outcome, or None when a redirect leads on."""
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        if not error or (error == pycurl.E_WRITE_ERROR and exchange.body_full):
            step = exchange.follow(status)
            if isinstance(step, tuple):
                return exchange.finished(step, curl)
            if step:
                return exchange.finished(failure("timeout"), curl) if exchange.remaining_s <= 0 else None
            return exchange.answered(curl, status, complete=True)
        return exchange.failed(curl, error, text)

    def _release(self, exchange: Exchange) -> None:
        for address in exchange.used:
            self.open[address] -= 1
            if not self.open[address]:
                del self.open[address]
        for address in {*exchange.used, exchange.woken_for} - {""}:  # one woken for a slot may not have needed it
            self._wake_one(address)
        exchange.used.clear()
        exchange.woken_for = ""

    def _wake_one(self, address: str) -> None:
        queue = self.waiting.get(address)
        if queue is None:
            return
        waiter = queue.popleft()
        waiter.woken_for = address
        heapq.heappush(self.ready, (waiter.index, waiter))
        if not queue:
            del self.waiting[address]

    def _wake_all(self) -> None:
        for address in list(self.waiting):
            while address in self.waiting:
                self._wake_one(address)

    def _postpone(self, exchange: Exchange, address: str) -> None:
        if self.open[address] < self.per_address:  # freed meanwhile
            heapq.heappush(self.ready, (exchange.index, exchange))
        else:
            self.waiting.setdefault(address, deque()).append(exchange)


def _new_handle(ca_file: str) -> pycurl.Curl:
    """A handle with what all probes have in common."""
    curl = pycurl.Curl()
    for option, value in (
        (pycurl.NOSIGNAL, 1),
        (pycurl.FRESH_CONNECT, 1),
        (pycurl.FORBID_REUSE, 1),
        (pycurl.PROXY, ""),
        (pycurl.PROTOCOLS, _HTTP_ONLY),
        (pycurl.REDIR_PROTOCOLS, _HTTP_ONLY),
        (pycurl.FOLLOWLOCATION, 0),
        (pycurl.CAINFO, ca_file),
        (pycurl.ACCEPT_ENCODING, ""),
        (pycurl.COOKIEFILE, ""),  # cookies in memory
        (pycurl.HTTPAUTH, pycurl.HTTPAUTH_BASIC),
        (pycurl.HTTP09_ALLOWED, 0),
        (pycurl.NETRC, pycurl.NETRC_IGNORED),
    ):
        curl.setopt(option, value)
    return curl
