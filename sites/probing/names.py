"""Names looked up beside the probes, in threads of this process.

libcurl looks names up in a few threads of its own, where a name whose servers stay silent holds up all others for seconds, and the
wait counts as the site's time. Here the wait for a thread counts for nothing, and there are enough threads for a batch of dead names.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from queue import SimpleQueue

_MOST_THREADS = 250
_MOST_ADDRESSES = 8  # of one name: enough to go on to when the first does not answer


@dataclass(slots=True)
class Lookup:
    """One name on its way. `began` is None while it waits for a thread; `took_s` is set last, when `addresses` are there."""

    host: str
    began: float | None = None
    took_s: float | None = None
    addresses: tuple[str, ...] = ()
    answers: deque[Lookup] = field(default_factory=deque, repr=False)

    def look_up(self) -> None:
        """Asks the system; no address is an answer too."""
        self.began = time.monotonic()
        try:
            found = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):  # UnicodeError: the IDNA codec refuses empty and overlong labels
            found = []
        self.addresses = tuple(dict.fromkeys(str(sockaddr[0]) for *_kind, sockaddr in found))[:_MOST_ADDRESSES]
        self.took_s = time.monotonic() - self.began
        self.answers.append(self)


@lru_cache(maxsize=4096)
def literal(host: str) -> str:
    """The address itself when the host of a URL is one; else empty."""
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        return ""


class _Threads:
    """Grows to as many threads as are needed at once. They are daemons: a silent name server holds up no end of the process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.queue: SimpleQueue[Lookup] = SimpleQueue()
        self.threads = 0
        self.waiting = 0  # lookups that no thread has finished

    def submit(self, lookup: Lookup) -> None:
        with self.lock:
            self.waiting += 1
            more = self.waiting > self.threads and self.threads < _MOST_THREADS
            self.threads += more
        self.queue.put(lookup)
        if more:
            threading.Thread(target=self._work, name="names", daemon=True).start()

    def _work(self) -> None:
        while True:
            self.queue.get().look_up()
            with self.lock:
                self.waiting -= 1


_threads = _Threads()


def _forget_threads() -> None:
    global _threads  # the object is there in a forked process, but none of its threads
    _threads = _Threads()


os.register_at_fork(after_in_child=_forget_threads)


def ask(host: str, answers: deque[Lookup]) -> Lookup:
    """Begins to look a name up; the lookup itself is put into `answers` when it is done."""
    lookup = Lookup(host, answers=answers)
    _threads.submit(lookup)
    return lookup
