"""A whole tree over a transport that lists one folder at a time: a few more connections help, each in a thread of its own.

The connection that was asked goes on by itself where the host grants no further one, and takes over what a lost one left.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Generator
from contextlib import AbstractContextManager

from diagnostics.transports.base import ConnectionLost, ConnectionTimedOut, Entry, FileKind, Reader, TransportError, Unreadable
from diagnostics.transports.failures import not_a_folder
from diagnostics.transports.paths import checked
from diagnostics.transports.scanning import BATCH, pass_over, skipped

HELPERS = 2  # besides the connection that there is: hosts grant few to one account
_WORTH_IT = 10  # folders waiting before others are asked to help: a login takes about as long as listing some

Helper = Callable[[], AbstractContextManager[Reader]]
_Listed = tuple[str | None, list[Entry] | TransportError | None]  # of a folder; of None: a helper has gone


class ParallelScan:
    """One scan by `own` and by readers that `helper` opens."""

    def __init__(self, own: Reader, helper: Helper, path: str, room: int, skip: Collection[str], unreadable: Unreadable | None) -> None:
        self._own = own
        self._helper = helper
        self._top = checked(path)
        self._room = room
        self._skip = skip
        self._unreadable = unreadable
        self._waiting = [self._top]  # the last one found is read first: few are remembered at a time
        self._tasks: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[_Listed] = queue.SimpleQueue()
        self._given_out = 0
        self._helpers: list[threading.Thread] = []
        self._alive = 0

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

    def _give_out(self) -> None:
        if not self._helpers and len(self._waiting) >= _WORTH_IT:
            for _one in range(HELPERS):
                self._helpers.append(threading.Thread(target=self._help, daemon=True, name="scan"))
                self._helpers[-1].start()
            self._alive = HELPERS
        # One in hand and one to go on with, so that neither results nor tasks pile up while the caller is busy.
        while self._given_out < 2 * self._alive and len(self._waiting) > 1:
            self._given_out += 1
            self._tasks.put(self._waiting.pop())

    def _next(self) -> list[Entry]:
        """What a helper has listed, or what the own connection lists; it waits for helpers only when they have all that is left."""
        if not self._results.empty():
            return self._taken(*self._results.get_nowait())
        if not self._waiting:
            try:
                self._waiting.append(self._tasks.get_nowait() or self._top)
            except queue.Empty:
                return self._taken(*self._results.get())
            self._given_out -= 1
        folder = self._waiting.pop()
        return self._found(folder, _listed(self._own, folder))

    def _taken(self, folder: str | None, listed: list[Entry] | TransportError | None) -> list[Entry]:
        if folder is None or listed is None:
            self._alive -= 1
            return []
        self._given_out -= 1
        if isinstance(listed, ConnectionLost | ConnectionTimedOut):
            self._waiting.append(folder)  # for another connection: whether the host itself is gone, the own one finds out
            return []
        return self._found(folder, listed)

    def _found(self, folder: str, listed: list[Entry] | TransportError) -> list[Entry]:
        if isinstance(listed, TransportError):
            pass_over(folder, listed, self._top, self._unreadable)
            return []
        found = listed[: self._room]
        self._room -= len(found)
        self._waiting.extend(entry.path for entry in found if entry.stat.kind is FileKind.FOLDER and not skipped(entry.path, self._skip))
        return found

    def _help(self) -> None:
        """In a thread: lists what it is given, on a connection of its own, until there is no more or the connection is lost."""
        try:
            with self._helper() as reader:
                while (folder := self._tasks.get()) is not None:
                    listed = _listed(reader, folder)
                    self._results.put((folder, listed))
                    if isinstance(listed, ConnectionLost | ConnectionTimedOut):
                        break
        except TransportError:
            pass  # the host grants no further connection: the scan goes on without
        finally:
            self._results.put((None, None))

    def _let_go(self) -> None:
        for _helper in self._helpers:
            self._tasks.put(None)
        for helper in self._helpers:
            helper.join(1.0)  # one that is waiting for the host ends by itself, within the limit of an answer


def _listed(reader: Reader, folder: str) -> list[Entry] | TransportError:
    try:
        return reader.list(folder)
    except TransportError as error:
        return error
