"""A whole tree over a transport that lists one folder at a time: a few more connections help, each in a thread of its own.

The connection that was asked goes on by itself where the host grants no further one, and takes over what a lost one left. Helpers log
in one after the other, and none does once one was refused: a secret that a host has just refused is not offered to it again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from diagnostics.transports.base import ConnectionLost, ConnectionTimedOut, Entry, FileKind, Reader, TransportError, Unreadable
from diagnostics.transports.company import Company, Further, Unasked
from diagnostics.transports.failures import lost, not_a_folder
from diagnostics.transports.paths import checked
from diagnostics.transports.scanning import BATCH, pass_over, skipped

HELPERS = 2  # besides the connection that there is: hosts grant few to one account
_LOGIN_S = 20.0  # the longest that the end of a scan waits for a login that is under way
_WORTH_IT = 10  # folders waiting before others are asked to help: a login takes about as long as listing some


@dataclass
class Helpers:
    """Where the further connections of one reader come from: `open` makes one, in the thread that will use it."""

    open: Callable[[], AbstractContextManager[Reader]]
    company: Company = field(default_factory=Unasked)
    refused: bool = False  # once: there is no further one for this reader


@dataclass(frozen=True, slots=True)
class _Came:
    helper: int


@dataclass(frozen=True, slots=True)
class _Gone:
    helper: int
    error: TransportError | None


@dataclass(frozen=True, slots=True)
class _Listed:
    folder: str
    found: list[Entry] | TransportError


class ParallelScan:
    """One scan by `own` and by readers that `helpers` opens."""

    def __init__(self, own: Reader, helpers: Helpers, path: str, room: int, skip: Collection[str], unreadable: Unreadable | None) -> None:
        self._own = own
        self._helpers = helpers
        self._top = checked(path)
        self._room = room
        self._skip = skip
        self._unreadable = unreadable
        self._waiting = [self._top]  # the last one found is read first: few are remembered at a time
        self._tasks: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[_Came | _Gone | _Listed] = queue.SimpleQueue()
        self._given_out = 0
        self._threads: list[threading.Thread] = []
        self._granted: dict[int, Further] = {}  # by helper
        self._in: set[int] = set()  # helpers that the host let in
        self._enough = False  # no further helper is asked for
        self._over = False  # those that there are go

    def batches(self) -> Generator[list[Entry], None, None]:
        if self._own.stat(self._top).kind is not FileKind.FOLDER:
            raise not_a_folder(self._top)
        try:
            while self._room > 0 and (self._waiting or self._given_out):
                self._give_out()
                found = self._next()
                for start in range(0, len(found), BATCH):
                    yield found[start : start + BATCH]
        finally:
            self._let_go()

    # --- helpers --------------------------------------------------------------------------------
    def _give_out(self) -> None:
        if self._granted and not self._over and not self._helpers.company.may_go_on():
            self._send_home()
        elif len(self._threads) == len(self._in) < HELPERS and len(self._waiting) >= _WORTH_IT:
            self._ask_for_one()
        # One in hand and one to go on with, so that neither results nor tasks pile up while the caller is busy.
        while not self._over and self._given_out < 2 * len(self._in) and len(self._waiting) > 1:
            self._given_out += 1
            self._tasks.put(self._waiting.pop())

    def _ask_for_one(self) -> None:
        if self._enough or self._helpers.refused:
            return
        granted = self._helpers.company.further()
        if granted is None:
            self._enough = True
            return
        number = len(self._threads)
        self._granted[number] = granted
        self._threads.append(threading.Thread(target=self._help, args=(number,), daemon=True, name="scan"))
        self._threads[-1].start()

    def _send_home(self) -> None:
        """Each helper ends when it has listed what is in the queue before this."""
        self._enough = self._over = True
        for _thread in self._threads:
            self._tasks.put(None)

    def _help(self, number: int) -> None:
        """In a thread: lists what it is given, on a connection of its own, until there is no more or the connection is lost."""
        failed: TransportError | None = None
        try:
            with self._helpers.open() as reader:
                self._results.put(_Came(number))
                while (folder := self._tasks.get()) is not None:
                    found = self._listed_by(reader, folder)
                    self._results.put(_Listed(folder, found))
                    if isinstance(found, ConnectionLost | ConnectionTimedOut):
                        break
        except TransportError as error:
            failed = error
        finally:
            self._results.put(_Gone(number, failed))

    def _listed_by(self, reader: Reader, folder: str) -> list[Entry] | TransportError:
        try:
            return _listed(reader, folder)
        except Exception:  # whatever it is: the scan would wait for this folder for ever
            self._results.put(_Listed(folder, lost()))  # the own connection lists it, and tells what is wrong
            raise

    def _heard(self, told: _Came | _Gone) -> None:
        """A helper was let in, or has gone: the scan goes on without one that the host did not grant."""
        granted = self._granted.get(told.helper)
        if isinstance(told, _Came):
            self._in.add(told.helper)
            if granted is not None:
                granted.let_in()
            return
        if told.helper not in self._in:
            self._helpers.refused = True
            if granted is not None and told.error is not None:
                granted.refused(told.error)
        self._in.discard(told.helper)
        self._enough = True  # who has gone, has been refused, lost or sent home: the next one would fare no better
        if granted is not None:
            self._granted.pop(told.helper).close()

    def _let_go(self) -> None:
        self._send_home()
        for number, thread in enumerate(self._threads):
            # One that waits for a listing ends by itself, within the limit of an answer. How a login ends must be known.
            thread.join(1.0 if number in self._in else _LOGIN_S)
        while not self._results.empty():
            told = self._results.get_nowait()
            if not isinstance(told, _Listed):
                self._heard(told)
        for granted in self._granted.values():
            granted.close()

    # --- folders --------------------------------------------------------------------------------
    def _next(self) -> list[Entry]:
        """What a helper has listed, or what the own connection lists; it waits for helpers only when they have all that is left."""
        if not self._results.empty():
            return self._taken(self._results.get_nowait())
        if not self._waiting:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                return self._taken(self._results.get())
            if task is None:  # the word for a helper to go: all that was before it is being listed
                self._tasks.put(None)
                return self._taken(self._results.get())
            self._waiting.append(task)
            self._given_out -= 1
        folder = self._waiting.pop()
        return self._found(folder, _listed(self._own, folder))

    def _taken(self, told: _Came | _Gone | _Listed) -> list[Entry]:
        if not isinstance(told, _Listed):
            self._heard(told)
            return []
        self._given_out -= 1
        if isinstance(told.found, ConnectionLost | ConnectionTimedOut):
            self._waiting.append(told.folder)  # for another connection: whether the host itself is gone, the own one finds out
            return []
        return self._found(told.folder, told.found)

    def _found(self, folder: str, listed: list[Entry] | TransportError) -> list[Entry]:
        if isinstance(listed, TransportError):
            pass_over(folder, listed, self._top, self._unreadable)
            return []
        found = listed[: self._room]
        self._room -= len(found)
        self._waiting.extend(entry.path for entry in found if entry.stat.kind is FileKind.FOLDER and not skipped(entry.path, self._skip))
        return found


def _listed(reader: Reader, folder: str) -> list[Entry] | TransportError:
    try:
        return reader.list(folder)
    except TransportError as error:
        return error
