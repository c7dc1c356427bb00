"""What a probe is asked to do and what it brings back: plain values, no behaviour but small conveniences.

The kinds are those of the contract; their order is how bad they are, so that the worst of several pages can be named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

BODY_LIMIT = 256 * 1024  # decompressed bytes of an answer that are read
PRODUCT = "Sitemend/1"  # in the User-Agent of every probe, by whatever browser it speaks


class Kind(StrEnum):
    """What one response amounts to."""

    OK = "ok"
    MAINTENANCE = "maintenance"
    BLOCKED = "blocked"
    UNEXPECTED = "unexpected"
    CLIENT_ERROR = "client-error"
    TRUNCATED = "truncated"
    REDIRECT_LOOP = "redirect-loop"
    SUSPENDED = "suspended"
    UNREACHABLE = "unreachable"
    GATEWAY_ERROR = "gateway-error"
    WHITE_PAGE = "white-page"
    FATAL_IN_BODY = "fatal-in-body"
    DATABASE_ERROR = "database-error"
    SERVER_ERROR = "server-error"

    @property
    def is_failure(self) -> bool:
        """Whether a confirmed sample of this kind makes a page `down`."""
        return self not in (Kind.OK, Kind.MAINTENANCE, Kind.BLOCKED)

    @property
    def rank(self) -> int:
        """How bad: 0 is well. Used to name the worst of several pages."""
        return list(Kind).index(self)


class Purpose(StrEnum):
    """Why a probe was made. Routine probes alone count for availability; the last three are plain requests as kinds of browser."""

    ROUTINE = "routine"
    CONFIRMATION = "confirmation"
    CACHE_PROOF = "cache-proof"
    DESKTOP = "desktop"
    PHONE = "phone"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a page should answer. Empty `statuses` means: 2xx, or a redirect that ends in 2xx."""

    statuses: frozenset[int] = frozenset()
    must_contain: tuple[str, ...] = ()
    must_not_contain: tuple[str, ...] = ()
    ends: bool = False  # its HTML ended with its last tag while it was well


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """One GET to make. `key` is the caller's and comes back with the outcome."""

    key: int
    url: str
    purpose: Purpose = Purpose.ROUTINE
    expectation: Expectation = Expectation()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    user_agent: str = ""  # empty: the constant one of the engine
    token: str = ""  # put into the query string (and User-Agent) of confirmation and cache-proof probes
    time_limit_s: float = 10.0
    exempt: tuple[str, int] | None = None  # exact (address, port) the guard lets through: the practice site
    authority: str = ""  # a file of authorities that is believed there in place of the usual ones


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds since the start of the request (last hop); None where that point was not reached."""

    name_lookup_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one probe saw. Whatever a site does becomes an outcome; nothing is raised."""

    key: int
    url: str
    purpose: Purpose
    at: datetime  # aware, UTC: when the request began
    kind: Kind
    status: int | None = None
    detail: str = ""  # stable code: "dns", "refused", "tls-expired", "timeout", "wordpress-critical-error", ...
    message: str = ""  # one plain English sentence for people
    ms: float | None = None
    timings: Timings = Timings()
    final_url: str = ""
    address: str = ""  # the address that answered
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)  # first 64 KB
    body_size: int = 0
    ends: bool = False  # a page of HTML that is there to its last tag
    request_id: str = ""
    excerpt: str = ""  # a line of text of the body, tags removed, at most 300 characters
    token: str = ""

    @property
    def is_failure(self) -> bool:
        return self.kind.is_failure
