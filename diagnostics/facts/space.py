"""How much room is left where the site lies: on the disk, in files, within the account's quota."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from diagnostics.evidence import SpaceLeft
from diagnostics.transports.base import Capability, Reader, TransportError
from diagnostics.transports.commands import run, space

# Numbers in brackets are those of Apache (apr_strerror) only where its words follow at once: traces of PHP put line numbers there.
FULL = re.compile(
    r"errno=28|errno 28|\((?:28|122)\)(?=[^\W\d_])|No space left on device|Disk quota exceeded|possibly out of free disk space"
    r"|disk is full|ENOSPC|EDQUOT"
    r"|Error writing file .{0,1000}(?:Errcode: 28|errno: 28)|The table '[^'\n]{0,200}' is full",
    re.IGNORECASE,
)
NOTHING = 256 * 1024  # so little is as good as nothing
_KB = 1024


@dataclass(frozen=True, slots=True)
class RawSpace:
    """What `df` and `quota` printed, or, where no commands are run, the bytes that are free."""

    disk: str = ""
    inodes: str = ""
    quota: str = ""
    free: int | None = None


def read(reader: Reader, docroot: str) -> RawSpace:
    """One command, or one question of SFTP. Raises TransportError."""
    if Capability.RUN_COMMANDS in reader.capabilities:
        mark = secrets.token_hex(12)
        try:
            parts = run(reader, space(docroot, mark)).output.decode("utf-8", "replace").split(f"{mark}\n")
        except TransportError:
            parts = []
        if len(parts) == 3:
            return RawSpace(*parts)
    return RawSpace(free=reader.free_space(docroot)) if Capability.FREE_SPACE in reader.capabilities else RawSpace()


def parse(raw: RawSpace) -> SpaceLeft | None:
    """None where nothing was told."""
    disk, inodes, quota = _df(raw.disk), _df(raw.inodes), _quota(raw.quota)
    free = disk[1] * _KB if disk else raw.free
    size = disk[0] * _KB if disk else None
    # A file system that counts no files answers with zeros, or a dash.
    files = inodes[1] if inodes and inodes[0] > 0 else None
    if free is None and files is None and quota is None:
        return None
    return SpaceLeft(free, size, files, quota[0] if quota else None, quota[1] if quota else None)


def _df(text: str) -> tuple[int, int] | None:
    """All of it and what is left, from the last line of `df -P`."""
    lines = [line for line in text.splitlines() if line.strip()]
    match = re.search(r"\s(\d+)\s+(\d+|-)\s+(-?\d+)\s+(?:\d+%|-)\s+/", lines[-1]) if len(lines) > 1 else None
    return (int(match.group(1)), max(0, int(match.group(3)))) if match else None


def _quota(text: str) -> tuple[int, int] | None:
    """Used and allowed bytes, of the tightest quota of `quota -w`: blocks of 1 KB, a star where they are used up."""
    found = [
        (int(used), int(hard) or int(soft)) for used, soft, hard in re.findall(r"^\s*/\S+\s+(\d+)\*?\s+(\d+)\s+(\d+)", text, re.MULTILINE)
    ]
    limited = [(used * _KB, allowed * _KB) for used, allowed in found if allowed]
    return max(limited, key=lambda pair: pair[0] / pair[1]) if limited else None
