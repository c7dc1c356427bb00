"""Servers in a temporary folder on loopback: started, asked by the real probing engine, stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sites.probing.engine import probe_many
from sites.probing.guard import Guard
from sites.probing.outcome import Expectation, Kind, Outcome, ProbeRequest
from tests.corpus.case import Case, Headers
from tests.programs import as_root, binary, running, worker_lines
from tests.servers import free_port

__all__ = ["Shown", "ask", "as_root", "binary", "free_port", "running", "worker_lines"]
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Shown:
    """One page of a server that runs, and what it should be recognised as."""

    name: str
    path: str
    kind: Kind
    language: str = "en"
    lookalike: bool = False
    headers: Headers = ()
    statuses: tuple[int, ...] = ()
    time_limit_s: float = 10.0


def ask(software: str, port: int, pages: Sequence[Shown], *, at_once: int = 4, host: str = "") -> Iterator[Case]:
    """Probes these pages as a routine probe does and makes a case of each answer."""
    requests = [
        ProbeRequest(
            key=number, url=f"http://{_LOOPBACK}:{port}{page.path}", headers=page.headers + ((("Host", host),) if host else ()),
            expectation=Expectation(frozenset(page.statuses)), time_limit_s=page.time_limit_s, exempt=(_LOOPBACK, port),
        )
        for number, page in enumerate(pages)
    ]  # fmt: skip
    for page, outcome in zip(pages, probe_many(requests, guard=Guard(()), per_address=at_once), strict=True):
        yield _case(software, page, outcome)


def _case(software: str, page: Shown, outcome: Outcome) -> Case:
    if outcome.detail in ("refused", "internal"):
        raise RuntimeError(f"{software} {page.path}: {outcome.message}")
    is_whole = outcome.status is not None and outcome.body_size == len(outcome.body)  # only the first 64 KB of a long page are kept
    return Case(
        f"{software}/{page.name}", page.kind, outcome.status, outcome.headers, outcome.body, page.language, software=True,
        lookalike=page.lookalike, complete=outcome.detail != "cut-off", url=outcome.final_url,
        expectation=Expectation(frozenset(page.statuses)), observed=None if is_whole else outcome.kind,
    )  # fmt: skip
