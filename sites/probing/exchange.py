"""One probe on its way: its hops, what it received so far, and what it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pycurl

from sites.probing.failures import Failure, detail_of_error, failure
from sites.probing.outcome import BODY_LIMIT, Kind, Outcome, ProbeRequest, Purpose, Timings
from sites.probing.urls import BadUrl, Origin, origin, redirect_target, wire_url, with_token
from sites.recognition import page_ends
from sites.recognition.page_text import header
from sites.signatures import classify

BODY_KEPT = 64 * 1024
HEADER_LIMIT = 64 * 1024
MAX_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ROUND = 3  # times that one address was redirected from: a cookie or a language needs one


@dataclass(slots=True)
class Exchange:
    """The state of one probe. `url` is the hop at hand; secrets are sent to `home` alone."""

    index: int
    request: ProbeRequest
    url: str = ""
    home: Origin = ("", "", 0)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: bool = False
    fresh: bool = False  # began a moment ago
    lean: bool = False  # whether the body of a good answer is of no use to the caller
    redirects: int = 0
    sent_on: list[str] = field(default_factory=list)  # the addresses that redirected, one for each hop
    spent_s: float = 0.0
    cookies: list[bytes] = field(default_factory=list)  # carried over to the next hop, which has another handle

    host: str = ""  # of the hop at hand, with its port
    port: int = 0
    at_home: bool = True  # whether this hop goes to the site itself
    addresses: tuple[str, ...] = ()
    address: str = ""  # the first of them that may be contacted
    lookup_s: float = 0.0  # for the name of this hop

    body: bytearray = field(default_factory=bytearray)
    header_lines: list[bytes] = field(default_factory=list)
    _headers: tuple[tuple[str, str], ...] | None = None
    header_size: int = 0
    body_full: bool = False
    headers_full: bool = False
    refused: bool = False
    used: list[str] = field(default_factory=list)  # addresses whose slots this hop holds

    def prepare(self) -> Failure | None:
        """Check the request; a failure when it cannot be sent at all."""
        for name, value in self.request.headers:
            if not name or any(ord(char) < 33 or ord(char) > 126 or char == ":" for char in name) or set(value) & set("\r\n\0"):
                return failure("bad-header")
        try:
            self.url = wire_url(self.request.url)
        except BadUrl:
            return failure("bad-url")
        if self.carries_token:
            self.url = with_token(self.url, self.request.token)
        self.home = origin(self.url)
        _scheme, self.host, self.port = self.home
        return None

    @property
    def carries_token(self) -> bool:
        return bool(self.request.token) and self.request.purpose is not Purpose.ROUTINE

    @property
    def resolved(self) -> str:
        """What libcurl is told of this name: "+" lets it forget again."""
        addresses = ",".join(f"[{address}]" if ":" in address else address for address in self.addresses)
        return f"+{self.host}:{self.port}:{addresses}"

    @property
    def remaining_s(self) -> float:
        return self.request.time_limit_s - self.spent_s

    def reset_hop(self) -> None:
        """Forget what the last hop brought."""
        self.body = bytearray()
        self.header_lines = []
        self.header_size = 0
        self.body_full = self.headers_full = self.refused = False
        self._headers = None

    def forget_answer(self) -> None:
        """Lets go of what was read; the outcome has its own copy."""
        self.body, self.header_lines, self._headers = bytearray(), [], None

    def on_header(self, line: bytes) -> int | None:
        """libcurl's callback for each header line; -1 stops the transfer."""
        self.header_size += len(line)
        if self.header_size > HEADER_LIMIT:
            self.headers_full = True
            return -1
        if line.startswith(b"HTTP/"):  # a final answer follows an interim one
            self.header_lines = []
        elif line.strip():
            self.header_lines.append(line)
        return None

    def on_body(self, chunk: bytes) -> int | None:
        """libcurl's callback for each decompressed part of the body; -1 stops the transfer."""
        room = BODY_LIMIT - len(self.body)
        self.body += chunk[:room]
        if len(chunk) >= room:
            self.body_full = True
            return -1
        return None

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers of the last answer, in order."""
        if self._headers is None:
            parts = [_text(line).partition(":") for line in self.header_lines]
            self._headers = tuple([(name.strip(), value.strip()) for name, _colon, value in parts])
        return self._headers

    def follow(self, status: int) -> Failure | bool:
        """Move on to where a redirect leads: True when there is a next hop, False when this answer is the last."""
        location = header(self.headers(), "location") if status in _REDIRECTS else ""
        if not location or status in self.request.expectation.statuses:
            return False
        if self.redirects >= MAX_REDIRECTS:
            return failure("too-many-redirects")
        self.sent_on.append(self.url)
        try:
            self.url = redirect_target(self.url, location)
        except BadUrl:
            return failure("redirect-refused")
        self.redirects += 1
        here = origin(self.url)
        self.at_home = here == self.home
        _scheme, self.host, self.port = here
        self.lookup_s = 0.0
        return True

    def late(self, detail: str = "timeout") -> Failure:
        """Of a site that goes round slowly, the time is over before as many redirects were followed as are."""
        goes_round = max(map(self.sent_on.count, self.sent_on), default=0) >= _ROUND
        return failure("too-many-redirects" if goes_round else detail)

    def failed(self, curl: pycurl.Curl, error: int, text: str) -> Outcome:
        """The outcome of a hop that libcurl gave up."""
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        if error == pycurl.E_WRITE_ERROR and self.body_full:
            return self.answered(curl, status, complete=True)
        detail = self._detail(curl, error, text)
        if self.header_lines and not self.headers_full and (status >= 400 or detail == "cut-off"):
            return self.answered(curl, status, complete=False)  # an error page is one even if its end is missing
        return self.finished(self.late(detail) if detail in ("timeout", "connect-timeout") else failure(detail), curl)

    def _detail(self, curl: pycurl.Curl, error: int, text: str) -> str:
        if self.refused and error == pycurl.E_COULDNT_CONNECT:
            return "redirect-refused" if self.redirects else "address-refused"
        if self.headers_full:
            return "headers-too-large"
        detail = detail_of_error(
            error,
            text,
            verify_result=curl.getinfo(pycurl.SSL_VERIFYRESULT),
            connected=curl.getinfo(pycurl.CONNECT_TIME) > 0,
        )
        began = bool(self.header_lines) and bool(self.body)
        return "cut-off" if began and detail in ("reset", "protocol", "empty") else detail

    def answered(self, curl: pycurl.Curl, status: int, *, complete: bool) -> Outcome:
        """The outcome of a final answer."""
        headers, body = self.headers(), bytes(self.body)
        said = classify(status, headers, body, expectation=self.request.expectation, complete=complete, url=self.url)
        return self._outcome((said.kind, said.detail, said.message), curl, status=status, request_id=said.request_id, excerpt=said.excerpt)

    def finished(self, what: Failure, curl: pycurl.Curl | None = None) -> Outcome:
        """The outcome of a probe that brought no answer to judge."""
        return self._outcome(what, curl)

    def _outcome(
        self, what: Failure, curl: pycurl.Curl | None, *, status: int | None = None, request_id: str = "", excerpt: str = ""
    ) -> Outcome:
        kind, detail, message = what
        answered = status is not None
        return Outcome(
            key=self.request.key,
            url=self.request.url,
            purpose=self.request.purpose,
            at=self.at,
            kind=Kind(kind),
            status=status,
            detail=detail,
            message=message,
            ms=round(self.spent_s * 1000, 3) if self.spent_s else None,
            timings=_timings(curl, self.lookup_s) if curl is not None else Timings(),
            final_url=self.url,
            address=curl.getinfo(pycurl.PRIMARY_IP) if curl is not None else "",
            headers=self.headers() if answered else (),
            body=bytes(self.body[:BODY_KEPT]) if answered and not (self.lean and kind is Kind.OK) else b"",
            body_size=len(self.body) if answered else 0,
            ends=kind is Kind.OK and status == 200 and page_ends.is_whole(bytes(self.body[-page_ends.USUAL_END :])),
            request_id=request_id,
            excerpt=excerpt,
            token=self.request.token if self.carries_token else "",
        )


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _timings(curl: pycurl.Curl, lookup_s: float) -> Timings:
    """libcurl was told the addresses: the look-up before it is added to each point."""

    def since_start(info: int) -> float | None:
        seconds = curl.getinfo(info)
        return round((seconds + lookup_s) * 1000, 3) if seconds > 0 else None

    return Timings(
        name_lookup_ms=since_start(pycurl.NAMELOOKUP_TIME),
        connect_ms=since_start(pycurl.CONNECT_TIME),
        tls_ms=since_start(pycurl.APPCONNECT_TIME),
        first_byte_ms=since_start(pycurl.STARTTRANSFER_TIME),
        total_ms=since_start(pycurl.TOTAL_TIME),
    )
