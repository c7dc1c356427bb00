"""Small files read several at a time: a few over SFTP together, many in one command where the host gives a shell. Nothing is read twice."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable

from diagnostics.transports.base import Capability, FileKind, Reader, Stat, TransportError
from diagnostics.transports.commands import contents, run

LIMIT = 256 * 1024
MOST_FILES = 60
_FEW = 16  # that SFTP gives in as many round trips as a command takes


class SmallFiles:
    """What was read stays known for one diagnosis. A file that is larger than `LIMIT`, a link or unreadable is None."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._known: dict[str, bytes | None] = {}
        self._exists: dict[str, bool | None] = {}

    def fetch(self, paths: Iterable[str]) -> None:
        """Reads what will be asked for, together where that saves time."""
        wanted = [path for path in dict.fromkeys(paths) if path not in self._known][: max(0, MOST_FILES - len(self._known))]
        read_many = getattr(self.reader, "read_many", None)
        if len(wanted) > (1 if read_many is None else _FEW) and Capability.RUN_COMMANDS in self.reader.capabilities:
            self._known.update(self._by_command(wanted))
        elif len(wanted) > 1 and read_many is not None:
            with contextlib.suppress(TransportError):
                self._known.update(read_many(wanted, LIMIT))

    def content(self, path: str) -> bytes | None:
        if path not in self._known:
            self._known[path] = self._one(path) if len(self._known) < MOST_FILES else None
        return self._known[path]

    def text(self, path: str) -> str | None:
        content = self.content(path)
        return None if content is None else content.decode("utf-8", "replace")

    def exists(self, path: str) -> bool | None:
        """Whether a name is there; None where that cannot be told."""
        if self._known.get(path) is not None:
            return True
        if path not in self._exists:
            if len(self._exists) >= MOST_FILES:
                return None
            try:
                self._exists[path] = self.reader.stat(path).kind is not FileKind.OTHER
            except TransportError as error:
                self._exists[path] = False if error.code == "not-found" else None
        return self._exists[path]

    def stats(self, paths: Iterable[str]) -> dict[str, Stat]:
        """What these names are, together where that saves time; without those that cannot be looked at."""
        wanted = list(dict.fromkeys(paths))
        stat_many = getattr(self.reader, "stat_many", None)
        if stat_many is not None:
            together: dict[str, Stat] = stat_many(wanted) if wanted else {}
            return together
        found: dict[str, Stat] = {}
        for path in wanted:
            with contextlib.suppress(TransportError):
                found[path] = self.reader.stat(path)
        return found

    def head(self, path: str, limit: int) -> str:
        """The beginning of a file of any size, empty where it cannot be read."""
        known = self._known.get(path)
        if known is not None:
            return known[:limit].decode("utf-8", "replace")
        try:
            return self.reader.read_part(path, 0, limit).decode("utf-8", "replace")
        except TransportError:
            return ""

    def _one(self, path: str) -> bytes | None:
        try:
            return self.reader.read(path, LIMIT)
        except TransportError:
            return None

    def _by_command(self, paths: list[str]) -> dict[str, bytes | None]:
        mark = secrets.token_hex(16)
        try:
            ran = run(self.reader, contents(paths, LIMIT, mark))
        except TransportError:
            return {}
        parts = ran.output.split(f"\n{mark}\n".encode())
        if ran.status != 0 or len(parts) != len(paths) + 1:
            return {}
        return {path: part[1:] if part[:1] == b"+" else None for path, part in zip(paths, parts, strict=False)}
