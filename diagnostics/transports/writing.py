"""The outline of a safe write, which hosts that are reached over the network share: beside the file first, then in its place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

from diagnostics.transports.base import FileKind, NotFound, TransportError
from diagnostics.transports.failures import already_exists, explained, is_link, not_regular, printable
from diagnostics.transports.paths import beside
from sites.texts import mark as _


class Seen(Protocol):
    """What is known of a name that is there; a transport's own kind of it."""

    @property
    def kind(self) -> FileKind:
        """A link is one, wherever it leads."""


class BesideWriter(ABC):
    """What a transport adds are the steps; their order, and what happens when one fails, is here and nowhere else."""

    # --- the steps ------------------------------------------------------------------------------
    @abstractmethod
    def _plain(self, path: str) -> str:
        """The path as the host can be told it. Raises Unsupported."""

    @abstractmethod
    def _seen(self, path: str) -> Any:
        """What is there under this name. Raises NotFound."""

    def _begin(self, path: str, temporary: str) -> Any:
        """The first step that leaves something behind, and what the next one needs of it; nothing is there when it raises."""
        return None

    @abstractmethod
    def _fill(self, begun: Any, path: str, temporary: str, content: bytes, mode: int, mtime: float | None, old: Any) -> None:
        """All of the content, the owner, mode and time; looked at afterwards. Raises TransportError."""

    @abstractmethod
    def _put_in_place(self, temporary: str, target: str, size: int, *, replace: bool) -> None:
        """The temporary file takes the name. Raises TransportError."""

    @abstractmethod
    def _rename_to_free_name(self, path: str, target: str) -> None:
        """Raises AlreadyExists."""

    @abstractmethod
    def _move(self, path: str, target: str) -> None:
        """A plain rename of what a swap moves; for the errors it is the swapped file. Raises TransportError."""

    @abstractmethod
    def _delete(self, name: str, path: str) -> None:
        """Raises TransportError, about `path`."""

    # --- their order ----------------------------------------------------------------------------
    def write_atomic(self, path: str, content: bytes, mode: int, mtime: float | None = None) -> None:
        old = self._what_is_there(path)
        if old is not None and old.kind is not FileKind.FILE:
            raise is_link(path) if old.kind is FileKind.LINK else not_regular(path)
        temporary = self._stored_beside(path, content, mode, mtime, old)
        try:
            self._put_in_place(temporary, self._plain(path), len(content), replace=old is not None)
        except BaseException:
            self._discard(temporary)
            raise

    def create_exclusive(self, path: str, content: bytes, mode: int, mtime: float | None = None) -> None:
        if self._what_is_there(path) is not None:
            raise already_exists(path)
        temporary = self._stored_beside(path, content, mode, mtime, None)
        try:
            self._rename_to_free_name(temporary, self._plain(path))
        except BaseException:
            self._discard(temporary)
            raise

    def _what_is_there(self, path: str) -> Any:
        try:
            return self._seen(path)
        except NotFound:
            return None

    def _stored_beside(self, path: str, content: bytes, mode: int, mtime: float | None, old: Seen | None) -> str:
        """The name of a temporary file that holds everything the new one shall. Nothing is left behind on failure."""
        temporary = beside(self._plain(path), "tmp")
        begun = self._begin(path, temporary)
        try:
            self._fill(begun, path, temporary, content, mode, mtime, old)
        except BaseException:
            self._discard(temporary)
            raise
        return temporary

    def _swap(self, temporary: str, target: str) -> None:
        """Where nothing may be renamed over a file: the old one is moved aside, and back when the new one cannot take its place."""
        aside = beside(target, "old")
        self._move(target, aside)
        try:
            self._move(temporary, target)
        except BaseException:
            self._move(aside, target)
            raise
        self._delete(aside, target)

    def _discard(self, temporary: str) -> None:
        """Best effort: on a line that broke the hidden temporary file stays behind, the file itself is as it was."""
        try:
            self._delete(temporary, temporary)
        except TransportError:
            pass


def not_taken_over(path: str) -> TransportError:
    """After a look at what was just stored."""
    return explained(TransportError, _("The host did not take over the mode or time of {path}."), path=printable(path))
