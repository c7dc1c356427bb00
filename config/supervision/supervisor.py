"""The loop that keeps a set of processes running until SIGINT, SIGTERM or SIGHUP, and then stops them in order."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Sequence

from config.supervision.child import Child, Spec

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TICK = 0.25
# Seconds after the request to stop: Celery's workers take SIGQUIT as "put back what you hold and go"; SIGKILL ends anything.
_QUIT_AFTER, _KILL_AFTER = 5.0, 8.0


def say(name: str, line: str) -> None:
    """One line of one process on standard output; nobody listening is no reason to stop."""
    with contextlib.suppress(OSError, ValueError):
        print(f"{name:<8}| {line}", flush=True)


class Supervisor:
    """Processes start in the order of `specs`; `last` (the broker) starts first and ends when all others have ended."""

    def __init__(self, specs: Sequence[Spec], last: Spec | None = None, ready: Callable[[], bool] = lambda: True) -> None:
        self.last = Child(last, say) if last else None
        self.children = [Child(spec, say) for spec in specs]
        self.ready = ready
        self.asked_to_stop = False
        self._reader, self._writer = os.pipe()
        for end in (self._reader, self._writer):
            os.set_blocking(end, False)

    def run(self) -> None:
        """Returns when a signal asked to stop and nothing is running any more."""
        self._take_signals()
        try:
            if self.last:
                self.last.start()
                self._until(lambda: self.asked_to_stop or self.ready(), 10.0)
            while not self.asked_to_stop:
                for child in self._all():
                    child.look()
                self._pump()
        finally:
            self._stop()

    def _all(self) -> list[Child]:
        return [self.last, *self.children] if self.last else list(self.children)

    def _take_signals(self) -> None:
        def ask(*_: object) -> None:
            self.asked_to_stop = True

        # A program that a shell script starts in the background inherits an ignored SIGINT: handlers are set in any case.
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in _STOPPING:
            signal.signal(number, ask)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only wakes the loop
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*_STOPPING, signal.SIGCHLD})

    def _until(self, done: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() >= end:
                return False
            self._pump()
        return True

    def _pump(self) -> None:
        """Waits a moment, or until a process has something to say or a signal arrives."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            for child in self._all():
                if child.process is not None and child.process.stdout is not None and child.process.poll() is None:
                    selector.register(child.process.stdout, selectors.EVENT_READ)
            selector.select(_TICK)
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reader, 4096):
                pass
        for child in self._all():
            child.read()

    def _stop(self) -> None:
        say("up", "stopping")
        for child in reversed(self.children):
            child.signal(signal.SIGTERM)
        if not self._until(self._others_ended, _QUIT_AFTER):
            for child in self.children:
                child.signal(signal.SIGQUIT)
        self._until(self._others_ended, _KILL_AFTER - _QUIT_AFTER)
        for child in self.children:
            child.kill()
        if self.last:
            self.last.signal(signal.SIGTERM)
            self._until(self.last.ended, 2.0)
            self.last.kill()
        say("up", "stopped")

    def _others_ended(self) -> bool:
        return all(child.ended() for child in self.children)


def run(supervisor: Supervisor) -> int:
    """Runs it and returns the exit status."""
    supervisor.run()
    sys.stdout.flush()
    return 0
