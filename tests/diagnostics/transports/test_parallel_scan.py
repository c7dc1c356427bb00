"""Scans with a few connections: whatever becomes of the helpers, everything is given once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from diagnostics.transports import open_reader
from diagnostics.transports.base import (
    ConnectionLost,
    ConnectionTimedOut,
    Entry,
    LoginRefused,
    PermissionRefused,
    Reader,
    TooManyConnections,
    TransportError,
)
from diagnostics.transports.company import Unasked
from diagnostics.transports.parallel_scan import Helpers, ParallelScan
from tests.diagnostics.transports.conftest import GUARD, details_for, place_on
from tests.diagnostics.transports.test_scan import many
from tests.fakes import FakeHost
from tests.ftp_servers import pyftpdlib

Opener = Callable[[], AbstractContextManager[Reader]]
TOP = "/home/demo"
FILES = {f"{TOP}/a{i}/b{j}/f{k}": b"" for i in range(30) for j in range(5) for k in range(3)}
ALL = 30 + 30 * 5 + 30 * 5 * 3


class Helping:
    """A `FakeHost`'s second connection: lists, a little slowly, and fails at the third folder with what it is given."""

    def __init__(self, host: FakeHost, failure: TransportError | None = None) -> None:
        self._host, self._failure = host, failure
        self.listed: list[str] = []

    def list(self, path: str) -> list[Entry]:
        self.listed.append(path)
        if self._failure is not None and len(self.listed) == 3:
            raise self._failure
        time.sleep(0.0005)
        return self._host.list(path)


def helping(host: FakeHost, made: list[Helping], failure: TransportError | None = None) -> Opener:
    @contextmanager
    def helper() -> Iterator[Helping]:
        made.append(Helping(host, failure))
        yield made[-1]

    return helper


def scanned(host: FakeHost, helper: Opener, most: int = 10_000, told: dict[str, TransportError] | None = None) -> list[str]:
    batches = ParallelScan(host, Helpers(helper), TOP, most, (), told.__setitem__ if told is not None else None).batches()
    return sorted(entry.path for batch in batches for entry in batch)


def below(host: FakeHost) -> list[str]:
    return sorted(path for path in host.nodes if path.startswith(f"{TOP}/"))


@pytest.mark.parametrize("failure", [None, ConnectionLost("gone"), ConnectionTimedOut("slow")])
def test_everything_is_given_once_also_when_a_helper_is_lost(failure: TransportError | None) -> None:
    host, made = FakeHost(FILES), []
    assert scanned(host, helping(host, made, failure)) == below(host)
    assert len(below(host)) == ALL
    assert len(made) == 2 and all(helper.listed for helper in made)


@pytest.mark.timeout(20)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_helper_that_stumbles_over_an_error_of_its_own_holds_nothing_up() -> None:
    host, made = FakeHost(FILES), []
    assert scanned(host, helping(host, made, ValueError("a date that is none"))) == below(host)  # type: ignore[arg-type]


def test_without_further_connections_the_own_one_does_all() -> None:
    @contextmanager
    def refused() -> Iterator[Helping]:
        raise TooManyConnections("no more than one")
        yield

    host = FakeHost(FILES)
    assert scanned(host, refused) == below(host)


def test_secret_that_was_refused_is_not_offered_again() -> None:
    tries: list[int] = []

    @contextmanager
    def refused() -> Iterator[Helping]:
        tries.append(1)
        time.sleep(0.01)
        raise LoginRefused("no")
        yield

    host = FakeHost(FILES)
    helpers = Helpers(refused)
    for _scan in range(2):
        batches = ParallelScan(host, helpers, TOP, 10_000, (), None).batches()
        assert sorted(entry.path for batch in batches for entry in batch) == below(host)
    assert len(tries) == 1 and helpers.refused


def test_helpers_go_when_somebody_waits_for_their_place() -> None:
    class Wanted(Unasked):
        asked = 0

        def may_go_on(self) -> bool:
            self.asked += 1
            return self.asked < 10

    host, made, company = FakeHost(FILES), [], Wanted()
    batches = ParallelScan(host, Helpers(helping(host, made), company), TOP, 10_000, (), None).batches()
    assert sorted(entry.path for batch in batches for entry in batch) == below(host)
    assert company.asked == 10 and sum(len(helper.listed) for helper in made) < 30


def test_slow_login_of_a_helper_is_not_waited_for() -> None:
    ended, host = threading.Event(), FakeHost(FILES)

    @contextmanager
    def slow() -> Iterator[Helping]:
        ended.wait(20)
        raise ConnectionTimedOut("slow")
        yield

    batches, found, began = ParallelScan(host, Helpers(slow), TOP, 10_000, (), None).batches(), [], time.monotonic()
    for batch in batches:
        found += batch
        if len(found) == ALL:
            break
    assert time.monotonic() - began < 2
    ended.set()
    batches.close()


def test_own_connection_that_is_lost_ends_the_scan() -> None:
    class Losing(FakeHost):
        def list(self, path: str) -> list[Entry]:
            if path != TOP:
                raise ConnectionLost("gone")
            return super().list(path)

    with pytest.raises(ConnectionLost):
        scanned(Losing(FILES), helping(FakeHost(FILES), []))


def test_closed_folders_are_told_whoever_met_them() -> None:
    host, made, told = FakeHost(FILES, folders={f"{TOP}/a{i}/closed": 0 for i in range(30)}), [], {}
    assert scanned(host, helping(host, made), told=told) == below(host)
    assert sorted(told) == sorted(f"{TOP}/a{i}/closed" for i in range(30))
    assert all(isinstance(error, PermissionRefused) for error in told.values())


@pytest.mark.parametrize("most", [2, 50])  # the place itself has one
def test_ftp_account_is_listed_over_as_many_connections_as_it_grants(tmp_path: Path, most: int) -> None:
    with pyftpdlib(tmp_path, max_cons_per_ip=most) as server, place_on(server, "ftp") as place:
        expected = many(place, 60, 2)
        place.folder("closed", 0o000)
        with open_reader(details_for(server, "ftp"), guard=GUARD) as reader:
            told: list[str] = []
            batches = reader.scan(place.path, max_entries=1_000, unreadable=lambda path, error: told.append(path))
            found = [entry for batch in batches for entry in batch]
            assert sorted(entry.path for entry in found) == sorted([*expected, place.at("closed")])
            assert told == [place.at("closed")]
            assert len(reader.list(place.at("d7"))) == 2


def test_no_more_are_given_than_asked_for_and_helpers_end_with_the_scan() -> None:
    host, made = FakeHost(FILES), []
    assert len(scanned(host, helping(host, made), most=100)) == 100
    with closing(ParallelScan(host, Helpers(helping(host, made)), TOP, 10_000, (), None).batches()) as batches:
        for _batch in zip(range(20), batches, strict=False):
            pass
    assert [thread.name for thread in threading.enumerate() if thread.name == "scan"] == []
