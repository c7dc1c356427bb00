"""Only one `up`, or one restore, at a time works on a state folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process holds the state folder; the message names it."""


def lock(state_folder: Path) -> int:
    """A file descriptor that holds the folder until it is closed. Raises `AlreadyRunning`."""
    handle = os.open(state_folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(handle, 32).decode("ascii", "replace").strip()
        os.close(handle)
        raise AlreadyRunning(f"Sitemend is already running on {state_folder} (process {holder}).") from None
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode("ascii"))
    return handle
