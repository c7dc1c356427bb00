"""A whole tree by one `find` of GNU's findutils: the command, and its output taken apart as it comes.

One record a name, ended by NUL, since names may hold anything else: kind, mode, size, time, owner, group, path below the top.
The first record is the top itself. `u` is the kind of a folder that this login cannot look into.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Generator, Iterator

from diagnostics.transports.base import Entry, FileKind, PermissionRefused, Stat, Unreadable
from diagnostics.transports.failures import explained, not_a_folder, permission_refused, printable, too_slow
from diagnostics.transports.scanning import require_pace
from sites.texts import mark as _

_RECORD = r"%m %s %T@ %U %G %P\0"
_KINDS = {"f": FileKind.FILE, "d": FileKind.FOLDER, "u": FileKind.FOLDER, "l": FileKind.LINK}
_RECORD_LIMIT = 1_048_576
_COMMAND_LIMIT = 100_000  # Linux takes 131,072 bytes as one argument, and the whole line is one for the login shell


class NotUnderstood(Exception):
    """What came is not what the command prints."""


def command(top: str, skip: Collection[str]) -> list[str] | None:
    """The arguments, to be quoted for the shell; None when there is too much to skip for one command."""
    passed_over: list[str] = []
    for name in skip:
        test = "-path" if "/" in name else "-name"
        passed_over += ["-o", test, _literally(name)]
    if passed_over:
        kept_out = ["-type", "d", "!", "-path", _literally(top), "(", *passed_over[1:], ")"]
        passed_over = [*kept_out, "-printf", "d " + _RECORD, "-prune", "-o"]
    closed = ["-type", "d", "(", "!", "-readable", "-o", "!", "-executable", ")", "-printf", "u " + _RECORD, "-prune", "-o"]
    whole = ["find", top, "-ignore_readdir_race", *passed_over, *closed, "-printf", "%y " + _RECORD]
    return whole if sum(len(part) + 4 for part in whole) < _COMMAND_LIMIT else None


def _literally(name: str) -> str:
    """As a pattern that matches just this."""
    return re.sub(r"([\\*?\[\]])", r"\\\1", name)


def entries(
    blocks: Iterator[bytes], top: str, room: int, unreadable: Unreadable | None, limit_s: float
) -> Generator[list[Entry], None, None]:
    """The output's entries, block by block. Raises NotUnderstood, and ConnectionTimedOut when no whole record comes in `limit_s`."""
    rest, first, waited, in_all, given = b"", True, 0.0, 0.0, 0
    while room > 0:
        began = time.monotonic()
        block = next(blocks, None)
        if block is None:
            break
        waited, in_all = waited + time.monotonic() - began, in_all + time.monotonic() - began
        require_pace(in_all, given)
        whole, ended, rest = (rest + block).rpartition(b"\0")
        if not ended:
            if waited > limit_s:
                raise too_slow(limit_s)
            if len(rest) > _RECORD_LIMIT:
                raise NotUnderstood
            continue
        waited = 0.0
        records = whole.decode("utf-8", "surrogateescape").split("\0")
        if first:
            _judge_top(records.pop(0), top)
            first = False
        batch = [_entry(record, top, unreadable) for record in records[:room]]
        room, given = room - len(batch), given + len(batch)
        if batch:
            yield batch
    if room > 0 and (rest or first):
        raise NotUnderstood


def _judge_top(record: str, top: str) -> None:
    kind, path = record[:1], record.split(" ", 6)[-1]
    if path:
        raise NotUnderstood
    if kind == "u":
        raise permission_refused(top)
    if kind != "d":
        raise not_a_folder(top)


def _entry(record: str, top: str, unreadable: Unreadable | None) -> Entry:
    try:
        kind, mode, size, mtime, uid, gid, below = record.split(" ", 6)
        # To the second, as SFTP tells it: the same file must look the same whichever way it was asked for.
        found = Stat(_KINDS.get(kind, FileKind.OTHER), int(mode, 8), int(size), float(int(mtime.partition(".")[0])), int(uid), int(gid))
    except (ValueError, OverflowError) as error:
        raise NotUnderstood from error
    if not below or (".." in below and ".." in below.split("/")):
        raise NotUnderstood
    path = f"{top}/{below}" if top != "/" else f"/{below}"
    if kind == "u" and unreadable is not None:
        unreadable(path, permission_refused(path))
    return Entry(path, found)


def something_missing(top: str) -> PermissionRefused:
    """For an exit status that says no more than that a part could not be read."""
    return explained(PermissionRefused, _("Something below {path} could not be read."), path=printable(top))
