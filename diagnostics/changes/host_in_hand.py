"""A host that is locked for one piece of work, and the connection that writes to it: opened when first needed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from diagnostics.connections.locking import Lock
from diagnostics.models import JournalEntry
from diagnostics.transports.base import Reader, TransportError, Writer

from .looking import Looker


class HostInHand(Looker):
    """One lock on one host with the writer that goes with it. Opened when first needed, and once more when the connection was lost."""

    def __init__(self, opener: Callable[[], AbstractContextManager[Writer]], lock: Lock) -> None:
        super().__init__()
        self._opener = opener
        self._lock = lock
        self._context: AbstractContextManager[Writer] | None = None
        self._open: Writer | None = None
        self._line_broke = False
        self._put_back: list[JournalEntry] = []  # files that gave room, and have it again, in the undo at hand

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._drop()

    def keep(self, for_s: float = 0.0) -> None:
        """Keeps the host for the next `for_s` seconds, while nothing is written. Raises LockLost when another has it by now."""
        self._lock.check(for_s)

    @property
    def reader(self) -> Reader:
        """The same connection, for looking. Raises TransportError when it cannot be made."""
        return self._writer

    @property
    def _writer(self) -> Writer:
        if self._open is None:
            self._context = self._opener()
            self._open = self._context.__enter__()
        return self._open

    def _drop(self) -> None:
        context, self._context, self._open = self._context, None, None
        if context is not None:
            try:
                context.__exit__(None, None, None)
            except (TransportError, OSError):
                pass  # a connection that is being given up has nothing more to tell
