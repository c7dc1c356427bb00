"""A `Reader` and a `Writer` that tell a watcher what is done with them, whichever transport lies beneath.

Reads are counted. A write is told before it is made: where the watcher raises, it is not made.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import GeneratorType
from typing import Any, Protocol

from diagnostics.transports.base import Reader, Writer

READS = frozenset(
    {"stat", "stat_many", "read", "read_many", "read_tail", "read_part", "list", "walk", "scan", "real_path", "link_target", "home",
     "free_space", "close", "run", "pull", "remember", "find_out"}
)  # fmt: skip
_TICK_EVERY = 1024  # entries of a listing


class Watcher(Protocol):
    """Who is told. Its methods may raise TransportError to stop what was about to happen."""

    def begin(self, verb: str, path: str, **details: Any) -> int:
        """Something is about to be done; the answer goes to `end`."""

    def end(self, begun: int, error: Exception | None) -> None:
        """What became of it."""

    def counted(self, size: int) -> None:
        """One more reading, of so many bytes."""

    def tick(self) -> None:
        """The connection is in use."""


class WatchedReader:
    """Passes on what a `Reader` offers, and nothing else."""

    def __init__(self, inner: Reader, watcher: Watcher) -> None:
        self._inner = inner
        self._watcher = watcher
        if hasattr(inner, "on_command"):
            inner.on_command = self._command

    def __getattr__(self, name: str) -> Any:
        found = None if name.startswith("_") else getattr(self._inner, name)
        if name in READS:
            return partial(self._read, found)
        if found is None or callable(found):
            raise AttributeError(f"{name} is not passed on")
        return found

    def _read(self, ask: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._watcher.tick()
        found = ask(*args, **kwargs)
        self._watcher.counted(len(found) if isinstance(found, bytes) else 0)
        return self._going_on(found) if isinstance(found, GeneratorType) else found

    def _going_on(self, found: Iterator[Any]) -> Iterator[Any]:
        for number, entry in enumerate(found):
            if number % _TICK_EVERY == 0 or isinstance(entry, list | bytes):  # a scan's batch holds some hundred, a block many lines
                self._watcher.tick()
            yield entry

    @contextmanager
    def _command(self, command: Sequence[str]) -> Iterator[None]:
        with self._told("command", shlex.join(command)):
            yield

    @contextmanager
    def _told(self, verb: str, path: str, **details: Any) -> Iterator[None]:
        begun = self._watcher.begin(verb, path, **details)
        try:
            yield
        except GeneratorExit:  # nobody wants the rest of what it prints
            self._watcher.end(begun, None)
            raise
        except Exception as error:
            self._watcher.end(begun, error)
            raise
        self._watcher.end(begun, None)


class WatchedWriter(WatchedReader):
    """As `WatchedReader`, with every way to write."""

    _inner: Writer

    def pour(self, command: Any, blocks: Iterable[bytes], what: str) -> Any:
        with self._told("db-change", what):
            return self._inner.pour(command, self._going_on(iter(blocks)), what)  # type: ignore[attr-defined]

    def write_atomic(self, path: str, content: bytes, mode: int, mtime: float | None = None) -> None:
        with self._told("write", path, mode=mode, size=len(content)):
            self._inner.write_atomic(path, content, mode, mtime)

    def create_exclusive(self, path: str, content: bytes, mode: int, mtime: float | None = None) -> None:
        with self._told("create", path, mode=mode, size=len(content)):
            self._inner.create_exclusive(path, content, mode, mtime)

    def rename(self, path: str, target: str) -> None:
        with self._told("rename", path, target=target):
            self._inner.rename(path, target)

    def chmod(self, path: str, mode: int) -> None:
        with self._told("chmod", path, mode=mode):
            self._inner.chmod(path, mode)

    def set_mtime(self, path: str, mtime: float) -> None:
        with self._told("set-mtime", path):
            self._inner.set_mtime(path, mtime)

    def remove(self, path: str) -> None:
        with self._told("remove", path):
            self._inner.remove(path)

    def empty(self, path: str) -> None:
        with self._told("write", path, size=0):
            self._inner.empty(path)

    def make_folder(self, path: str, mode: int) -> None:
        with self._told("create", path, mode=mode):
            self._inner.make_folder(path, mode)

    def remove_folder(self, path: str) -> None:
        with self._told("remove", path):
            self._inner.remove_folder(path)

    def lead_link(self, path: str, target: str, mtime: float | None = None) -> None:
        with self._told("write", path, size=len(target)):
            self._inner.lead_link(path, target, mtime)

    def remove_link(self, path: str) -> None:
        with self._told("remove", path):
            self._inner.remove_link(path)
