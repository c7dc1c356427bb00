"""A child that ends with its parent, even when the parent was killed with SIGKILL (Linux: prctl(2), PR_SET_PDEATHSIG)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def follow_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """From now on the calling process receives `number` when the thread that started it ends. Does nothing but on Linux."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def follow(parent: int) -> None:
    """To be called in a fresh child: as `follow_parent`, and ends at once if `parent` is gone already."""
    follow_parent()
    if os.getppid() != parent:
        os._exit(1)
