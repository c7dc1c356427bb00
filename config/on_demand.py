"""Processes of a worker as they are needed: each costs some 40 MB, and most of the time one does all the work.

`celery worker --autoscale MOST,LEAST` uses this class by the setting `worker_autoscaler`. Celery's own starts a process for each
message that finds none free, so every burst of short tasks from the timetable starts them all; and it ends one without looking
whether a task is on its way to it.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from celery.worker import state
from celery.worker.autoscale import Autoscaler

WAIT_S = 0.4  # a task that no process has taken for so long is worth another one
UNUSED_S = 60.0  # so long none was missing before processes end


class OnDemand(Autoscaler):  # type: ignore[misc]
    """One process more whenever a task has waited for `WAIT_S`; all but the least end after `UNUSED_S` without need.

    Called by the worker's event loop only: for every message, and every `keepalive` seconds.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._coming: set[Callable[[], None]] = set()  # what the event loop will call in a moment
        self._waiting: set[str] = set()  # the tasks that no process had taken when it was last looked
        self._needed_at = monotonic()

    def maybe_scale(self, req: Any = None) -> None:
        if req is None:
            self._end_unused()
        elif self.qty > self.processes:
            self._soon(self._start_missing)

    def _soon(self, look: Callable[[], None]) -> None:
        def now() -> None:
            self._coming.discard(look)
            look()

        if look not in self._coming:
            self._coming.add(look)
            self.worker.hub.call_later(WAIT_S, now)

    def _start_missing(self) -> None:
        before, self._waiting = self._waiting, {each.id for each in state.reserved_requests - state.active_requests}
        if not self._waiting or self.processes >= self.max_concurrency:
            self._waiting = set()
            return
        if before & self._waiting:
            self._needed_at = monotonic()
            self._grow(1)
            self.pool.maintain_pool()
        self._soon(self._start_missing)

    def _end_unused(self) -> None:
        """Only while the worker holds no task at all, so that none can be on its way to a process that ends."""
        if self.qty > self.min_concurrency:
            self._needed_at = monotonic()
        if self.processes <= self.min_concurrency or monotonic() - self._needed_at <= UNUSED_S:
            return
        if self.qty:
            self._soon(self._end_unused)
        else:
            self._shrink(self.processes - self.min_concurrency)
            self.pool.maintain_pool()
