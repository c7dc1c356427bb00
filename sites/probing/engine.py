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
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pycurl

from sites.probing import names, wire
from sites.probing.exchange import Exchange
from sites.probing.failures import failure
from sites.probing.guard import Guard
from sites.probing.identity import set_identity
from sites.probing.outcome import PRODUCT, Outcome, ProbeRequest
from sites.probing.slots import Slots
from sites.probing.wire import Handle

CONTACT_URL = "https://sitemend.example/probe"
USER_AGENT = f"{PRODUCT} (+{CONTACT_URL})"
CONNECT_LIMIT_S = 6.0

# Kinds of visitors as sites tell them apart; each says who is really asking.
BROWSERS: dict[str, str] = {
    "desktop": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 " + USER_AGENT,
    "phone": "Mozilla/5.0 (Linux; Android 15; Mobile) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36 "
    + USER_AGENT,
    "bot": f"Mozilla/5.0 (compatible; Sitemendbot/1; +{CONTACT_URL})",
}

_trusted = wire.trusted
_slots = Slots()  # of this process: all its batches together keep to the limit
# So many probes that began a moment ago: more at once finish no sooner, each takes memory, and their times would show our own load.
# A site that answers late does not count, so that many that hang hold up nobody.
_FRESH_MOST = 60
_FRESH_S = 1.0
_NO_SLOT_S = 0.02  # after which a slot that another batch holds is asked for again
_LOOK_S = 0.004  # between two looks whether names have been looked up


def trust(ca_file: str) -> None:
    """From now on the authorities of this file are trusted instead of the usual ones; "" changes nothing."""
    if ca_file:
        _trusted[0] = ca_file


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

    At most `per_address` run at once against one address, from all batches of this process, started one after the other with a
    small gap (`slots.gap_s`); at most `in_flight` altogether. `ca_file` replaces the usual authorities.
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


def probe_in_parts(
    requests: Sequence[ProbeRequest],
    *,
    after_s: float,
    begin_within_s: float,
    guard: Guard,
    per_address: int = 4,
    in_flight: int = 300,
    contact_url: str = CONTACT_URL,
) -> Iterator[list[Outcome]]:
    """As `probe_many`, but while slow sites are waited for, what is there is handed out after so many seconds and at the end.

    Probes that could not begin within `begin_within_s` are left out: the address they wait for is taken by others that hang.
    Bodies of good answers are left out too. A part may be empty.
    """
    run = _Run(guard, max(1, per_address), max(1, in_flight), contact_url, _trusted[0])
    run.lean, run.begin_before = True, time.monotonic() + begin_within_s
    with contextlib.closing(run):
        part: list[Outcome] = []
        began = time.monotonic()
        for found in run.outcomes(requests):
            if found is not None:
                part.append(found[1])
            elif time.monotonic() - began >= after_s:
                yield part
                part, began = [], time.monotonic()
        if part:
            yield part


def _run(
    requests: Sequence[ProbeRequest], guard: Guard, per_address: int, in_flight: int, contact_url: str, ca_file: str | None
) -> Iterator[tuple[int, Outcome]]:
    run = _Run(guard, max(1, per_address), max(1, in_flight), contact_url, ca_file or _trusted[0])
    with contextlib.closing(run):
        for found in run.outcomes(requests):
            if found is not None:
                yield found


class _Run:
    """One batch: which names are looked up, who waits for which address, and what is on the wire."""

    def __init__(self, guard: Guard, per_address: int, in_flight: int, contact_url: str, ca_file: str) -> None:
        self.guard = guard
        self.lean = False
        self.begin_before: float | None = None  # what has not begun by then is given up
        self.per_address = per_address
        self.in_flight = in_flight
        self.user_agent = USER_AGENT.replace(CONTACT_URL, contact_url)
        self.wire = wire.borrow(ca_file)
        self.multi = self.wire.multi
        self.running: dict[Handle, Exchange] = {}
        self.began: deque[tuple[float, Exchange]] = deque()  # what began a moment ago, and until when that is so
        self.fresh = 0  # how many of them still run
        self.sockets: list[socket.SocketType] = []  # libcurl has its own copies of these by now
        self.asked: dict[str, tuple[names.Lookup, list[Exchange]]] = {}  # by name, until it is looked up
        self.answers: deque[names.Lookup] = deque()
        self.waiting: dict[str, deque[Exchange]] = {}  # by address
        self.turns: list[tuple[float, int, str]] = []  # a heap: when to look at the queue of an address again
        self.turn_of: dict[str, float] = {}
        self.order = count()

    def close(self) -> None:
        """What is still running when nobody wants the rest is given up."""
        if not self.running:
            wire.give_back(self.wire)
            return
        for curl, exchange in self.running.items():
            self.multi.remove_handle(curl)
            curl.close()
            self._release(exchange)
        self.wire.close()

    def outcomes(self, requests: Sequence[ProbeRequest]) -> Iterator[tuple[int, Outcome] | None]:
        """Each with its place among the requests, as it comes; None now and then, at least once a second."""
        for index, request in enumerate(requests):
            exchange = Exchange(index, request, lean=self.lean)
            if (bad := exchange.prepare()) is not None:
                yield index, exchange.finished(bad)
            else:
                self._find_address(exchange)
        while self.asked or self.waiting or self.running:
            if self.begin_before is not None and time.monotonic() >= self.begin_before:
                self._give_up_waiting()
            yield from self._take_names()
            yield from self._start_waiting()
            yield from self._step()
            yield None

    # --- names

    def _find_address(self, exchange: Exchange) -> None:
        """Puts it into the queue of its address, as soon as that is known."""
        host = exchange.host
        if address := names.literal(host):
            exchange.addresses = (address,)
            self._line_up(exchange)
        elif host in self.asked:
            self.asked[host][1].append(exchange)
        else:
            self.asked[host] = names.ask(host, self.answers), [exchange]

    def _take_names(self) -> Iterator[tuple[int, Outcome]]:
        while self.answers:
            lookup = self.answers.popleft()
            _lookup, exchanges = self.asked.pop(lookup.host, (lookup, []))
            for exchange in exchanges:
                exchange.spent_s += lookup.took_s or 0.0
                exchange.lookup_s = lookup.took_s or 0.0
                exchange.addresses = lookup.addresses
                if lookup.addresses and exchange.remaining_s > 0:
                    self._line_up(exchange)
                else:
                    yield exchange.index, exchange.finished(failure("dns"))
        if self.asked:
            yield from self._give_names_up()

    def _give_names_up(self) -> Iterator[tuple[int, Outcome]]:
        """The probes whose name takes longer than they may take; the wait for a free thread does not count."""
        now = time.monotonic()
        for host, (lookup, exchanges) in list(self.asked.items()):
            took = now - lookup.began if lookup.began is not None else 0.0
            late = [exchange for exchange in exchanges if took > min(CONNECT_LIMIT_S, exchange.remaining_s)]
            for exchange in late:
                exchanges.remove(exchange)
                exchange.spent_s += took
                yield exchange.index, exchange.finished(failure("dns"))
            if not exchanges:
                del self.asked[host]

    # --- addresses

    def _line_up(self, exchange: Exchange) -> None:
        allowed = (a for a in exchange.addresses if self.guard.allows(a, exchange.port, exchange.request.exempt))
        exchange.address = next(allowed, exchange.addresses[0])
        self.waiting.setdefault(exchange.address, deque()).append(exchange)
        if exchange.address not in self.turn_of:
            self._look_again(exchange.address, 0.0)

    def _give_up_waiting(self) -> None:
        """Drops what has not begun. A redirect that waits for its next address goes on: its site has begun to answer."""
        for address, queue in list(self.waiting.items()):
            begun = deque(exchange for exchange in queue if exchange.started)
            if begun:
                self.waiting[address] = begun
            else:
                del self.waiting[address], self.turn_of[address]

    def _look_again(self, address: str, at: float) -> None:
        self.turn_of[address] = at
        heapq.heappush(self.turns, (at, next(self.order), address))

    def _start_waiting(self) -> Iterator[tuple[int, Outcome]]:
        now = time.monotonic()
        while self.turns and self.turns[0][0] <= now and self._has_room(now):
            at, _order, address = heapq.heappop(self.turns)
            if self.turn_of.get(address) != at:  # another turn was set meanwhile
                continue
            queue = self.waiting[address]
            wait_s = _slots.take(address, self.per_address)
            if wait_s is None or wait_s > 0:
                self._look_again(address, now + (wait_s or _NO_SLOT_S))
                continue
            exchange = queue.popleft()
            exchange.used.append(address)
            if queue:
                self._look_again(address, now)
            else:
                del self.waiting[address], self.turn_of[address]
            yield from self._start(exchange)

    def _start(self, exchange: Exchange) -> Iterator[tuple[int, Outcome]]:
        curl = self.wire.handle()
        exchange.reset_hop()
        if not exchange.started:
            exchange.started = True
            exchange.at = datetime.now(UTC)
        try:
            set_identity(curl, exchange, self.user_agent)
            self._set_request(curl, exchange)
            self.multi.add_handle(curl)
        except (pycurl.error, ValueError, UnicodeError):  # a value that libcurl will not take
            curl.close()
            self._release(exchange)
            yield exchange.index, exchange.finished(failure("bad-url"))
        else:
            self.running[curl] = exchange
            self.began.append((time.monotonic() + _FRESH_S, exchange))
            exchange.fresh = True
            self.fresh += 1

    def _has_room(self, now: float) -> bool:
        while self.began and self.began[0][0] <= now:
            self._no_longer_fresh(self.began.popleft()[1])
        return len(self.running) < self.in_flight and self.fresh < _FRESH_MOST

    def _no_longer_fresh(self, exchange: Exchange) -> None:
        self.fresh -= exchange.fresh
        exchange.fresh = False

    # --- the wire

    def _set_request(self, curl: Handle, exchange: Exchange) -> None:
        milliseconds = max(1, int(exchange.remaining_s * 1000))
        curl.setopt(pycurl.URL, exchange.url)
        if exchange.host != exchange.address:
            curl.setopt(pycurl.RESOLVE, [exchange.resolved])
        curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, min(milliseconds, int(CONNECT_LIMIT_S * 1000)))
        for line in exchange.cookies:
            curl.setopt(pycurl.COOKIELIST, line)
        curl.setopt(pycurl.HEADERFUNCTION, exchange.on_header)
        curl.setopt(pycurl.WRITEFUNCTION, exchange.on_body)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._opener(exchange))

    def _opener(self, exchange: Exchange) -> Callable[[int, Any], Any]:
        """libcurl's callback before each connect: it sees the very address, and makes the socket or not."""

        def open_socket(_purpose: int, target: Any) -> Any:
            if target.family not in (socket.AF_INET, socket.AF_INET6):
                exchange.refused = True
                return pycurl.SOCKET_BAD
            address, port = str(target.addr[0]), int(target.addr[1])
            if not self.guard.allows(address, port, exchange.request.exempt):
                exchange.refused = True
                return pycurl.SOCKET_BAD
            if address not in exchange.used:
                exchange.used.append(address)
                _slots.add(address)
            opened = socket.SocketType(target.family, target.socktype, target.protocol)
            self.sockets.append(opened)
            return opened

        return open_socket

    def _step(self) -> Iterator[tuple[int, Outcome]]:
        """Let libcurl work once, then take what is finished."""
        finished = False
        if self.running:
            self.multi.perform()
            while self.sockets:
                self.sockets.pop().close()
            left = 1
            while left:
                left, well, failed = self.multi.info_read()
                finished = finished or bool(well or failed)
                for curl in well:
                    yield from self._done(curl, 0, "")
                for curl, error, text in failed:
                    yield from self._done(curl, error, text)
        if not finished:
            self._wait()

    def _wait(self) -> None:
        """Until there may be something to do: at most a second."""
        seconds = 1.0
        if self.asked:
            seconds = 0.0 if self.answers else _LOOK_S
        now = time.monotonic()
        if self.turns and self._has_room(now):
            seconds = min(seconds, self.turns[0][0] - now)
        elif self.turns and self.began:
            seconds = min(seconds, self.began[0][0] - now)
        if self.running and (milliseconds := self.multi.timeout()) >= 0:
            seconds = min(seconds, milliseconds / 1000)
        if seconds <= 0:
            return
        if not self.running:
            time.sleep(seconds)
            return
        began = time.monotonic()
        if self.multi.select(seconds) <= 0 and time.monotonic() - began < 0.001:
            time.sleep(min(seconds, 0.002))  # file numbers that are too high for select to watch

    def _done(self, curl: Handle, error: int, text: str) -> Iterator[tuple[int, Outcome]]:
        exchange = self.running.pop(curl)
        self.multi.remove_handle(curl)
        self._no_longer_fresh(exchange)
        self._release(exchange)
        exchange.spent_s += curl.getinfo(pycurl.TOTAL_TIME)
        outcome = self._judge(curl, exchange, error, text)
        if outcome is None:
            exchange.cookies = curl.getinfo_raw(pycurl.INFO_COOKIELIST)
            self._find_address(exchange)
        else:
            yield exchange.index, outcome
            exchange.forget_answer()  # the handle, which is kept, still knows this exchange
        self.wire.put_back(curl)

    def _judge(self, curl: Handle, exchange: Exchange, error: int, text: str) -> Outcome | None:
        """The outcome, or None when a redirect leads on."""
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        if not error or (error == pycurl.E_WRITE_ERROR and exchange.body_full):
            step = exchange.follow(status)
            if isinstance(step, tuple):
                return exchange.finished(step, curl)
            if step:
                return exchange.finished(exchange.late(), curl) if exchange.remaining_s <= 0 else None
            return exchange.answered(curl, status, complete=True)
        return exchange.failed(curl, error, text)

    def _release(self, exchange: Exchange) -> None:
        """Gives back the slots of its addresses; who waits for one in this batch is next."""
        for address in exchange.used:
            _slots.give_back(address)
            if address in self.waiting:
                self._look_again(address, 0.0)
        exchange.used.clear()
