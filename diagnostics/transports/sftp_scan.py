"""A whole tree over one SFTP channel: many folders are read at a time, so that a slow line is waited for seldom.

A folder costs two round trips (OPENDIR, then READDIR twice at once: its names and, in most, its end); CLOSE is not waited for.
Requests about one folder keep their order (draft-ietf-secsh-filexfer-02, section 6), answers may overtake each other.
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from dataclasses import dataclass

from diagnostics.transports import sftp_packets
from diagnostics.transports.base import Entry, FileKind, TransportError, Unreadable
from diagnostics.transports.failures import too_deep
from diagnostics.transports.paths import is_plain_name
from diagnostics.transports.scanning import BATCH, pass_over, require_pace, skipped
from diagnostics.transports.sftp_answers import as_stat, from_status, to_bytes, to_text
from diagnostics.transports.sftp_packets import Answer, Attrs, SftpStatus, garbled
from diagnostics.transports.sftp_wire import SftpWire

FOLDERS_AT_ONCE = 64
_MOST_AHEAD = 16  # READDIR requests under way for one large folder
_TRIES = 3  # to open a folder while others are open; then once more when none is
_PATH_LIMIT = 16_384  # bytes; systems take 4,096 at most, so what is deeper is not a real folder
_DEEP = 4_096 - 257  # bytes; names that would make a longer path are left out by OpenSSH without a word (sftp-server.c, process_readdir)
_CERTAIN = (sftp_packets.NO_SUCH_FILE, sftp_packets.PERMISSION_DENIED, sftp_packets.NO_CONNECTION, sftp_packets.CONNECTION_LOST)


@dataclass(slots=True, eq=False)
class _Folder:
    """One that is being read. `asked` counts its requests under way, `answers` those that brought names."""

    path: str
    tries: int = 0
    handle: bytes | None = None
    asked: int = 0
    answers: int = 0
    barren: int = 0
    ended: bool = False
    failure: TransportError | None = None


class SftpScan:
    """One scan. `room` is the number of entries to give; `at_once` how many folders may be open, fewer when the host refuses."""

    def __init__(
        self, wire: SftpWire, top: str, room: int, skip: Collection[str], unreadable: Unreadable | None, at_once: int = FOLDERS_AT_ONCE
    ) -> None:
        self._wire = wire
        self._waited_before, self._given = wire.waited_s, 0
        self._top = top
        self._room = room
        self._skip = skip
        self._unreadable = unreadable
        self._at_once = self._limit = at_once
        self._waiting = [_Folder(top)]  # the last one found is read first: few are remembered at a time
        self._alone: list[_Folder] = []  # refused while others were open
        self._open: set[_Folder] = set()
        self._asked: dict[int, _Folder] = {}

    def batches(self) -> Generator[list[Entry], None, None]:
        batch: list[Entry] = []
        try:
            while self._room > 0 and (self._waiting or self._alone or self._open):
                self._open_more()
                if self._asked:
                    batch += self._next()
                if batch and (len(batch) >= BATCH or not self._wire.holds_answer()):
                    self._open_more()
                    self._wire.flush()  # the host works on while the caller does
                    yield batch
                    batch = []
            if batch:
                yield batch
        finally:
            self._let_go()

    def _open_more(self) -> None:
        if not self._waiting and not self._open and self._alone:
            self._waiting.append(self._alone.pop())
        while self._waiting and len(self._open) < self._at_once:
            folder = self._waiting.pop()
            if len(folder.path) > _PATH_LIMIT:
                pass_over(folder.path, too_deep(folder.path), self._top, self._unreadable)
                continue
            self._open.add(folder)
            self._ask(sftp_packets.OPENDIR, to_bytes(folder.path), folder)

    def _ask(self, kind: int, subject: bytes, folder: _Folder) -> None:
        folder.asked += 1
        self._asked[self._wire.ask_about(kind, subject)] = folder

    def _next(self) -> list[Entry]:
        """What the next answer brings."""
        number, answer = self._wire.next_of(self._asked)
        folder = self._asked.pop(number)
        folder.asked -= 1
        found: list[Entry] = []
        try:
            if folder.handle is None:
                self._opened(folder, answer)
            else:
                found = self._read(folder, answer)
        except SftpStatus as status:
            self._refused(folder, status)
        if folder.ended and not folder.asked:
            self._done(folder)
        return found

    def _opened(self, folder: _Folder, answer: Answer) -> None:
        folder.handle = answer.expect(sftp_packets.HANDLE).string()
        self._ask(sftp_packets.READDIR, folder.handle, folder)
        self._ask(sftp_packets.READDIR, folder.handle, folder)
        if folder.tries:
            self._limit = self._at_once  # with fewer open it went: that many are what the host allows

    def _read(self, folder: _Folder, answer: Answer) -> list[Entry]:
        require_pace(self._wire.waited_s - self._waited_before, self._given)
        names = answer.expect(sftp_packets.NAME).names()
        found = self._entries(folder, names)[: self._room]
        self._room, self._given = self._room - len(found), self._given + len(found)
        folder.barren += not found
        if folder.barren > 2:  # "." and ".." may come by themselves; more such answers have no end
            raise garbled()
        folder.answers += 1
        while folder.answers > 1 and folder.asked < min(2 * folder.answers, _MOST_AHEAD):
            self._ask(sftp_packets.READDIR, folder.handle or b"", folder)
        return found

    def _entries(self, folder: _Folder, names: list[tuple[bytes, Attrs]]) -> list[Entry]:
        above = folder.path if folder.path.endswith("/") else folder.path + "/"
        entries = []
        for raw, attrs in names:
            name = to_text(raw)
            if not is_plain_name(name):
                continue
            path = above + name
            try:
                entry = Entry(path, as_stat(attrs if attrs.mode is not None else self._wire.lstat(to_bytes(path)), path))
            except SftpStatus as status:
                if status.code != sftp_packets.NO_SUCH_FILE:  # else it went away since it was listed
                    folder.failure = from_status(status, path)
                continue
            entries.append(entry)
            if entry.stat.kind is FileKind.FOLDER and not skipped(path, self._skip):
                self._waiting.append(_Folder(path))
        return entries

    def _refused(self, folder: _Folder, status: SftpStatus) -> None:
        if folder.handle is not None:
            if status.code != sftp_packets.EOF and not folder.ended:
                folder.failure = from_status(status, folder.path)
            folder.ended = True
            return
        self._open.discard(folder)
        if status.code in _CERTAIN or not self._open:
            pass_over(folder.path, from_status(status, folder.path), self._top, self._unreadable)
            return
        # A host that has no handle left says "failure" and nothing more: fewer at a time, and this one again.
        folder.tries += 1
        self._at_once = len(self._open) if folder.tries < _TRIES else self._limit
        (self._waiting if folder.tries < _TRIES else self._alone).append(folder)

    def _done(self, folder: _Folder) -> None:
        self._open.discard(folder)
        self._wire.release(folder.handle or b"")
        if folder.failure is None and len(to_bytes(folder.path)) > _DEEP:
            folder.failure = too_deep(folder.path)
        if folder.failure is not None:
            pass_over(folder.path, folder.failure, self._top, self._unreadable)

    def _let_go(self) -> None:
        self._wire.abandon(self._asked)
        for folder in self._open:
            if folder.handle is not None:
                self._wire.release(folder.handle)
        self._wire.flush_quietly()
