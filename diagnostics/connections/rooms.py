"""Room for work on hosts among the processes of a worker: readings leave some to diagnoses and repairs, and all of it one to mail.

A place is a lock on a file, which the system lets go of when its process ends, however it ends. It counts for one machine.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery, Task
from django.conf import settings

# Of the places 0, 1 and 2; the smallest installation has four processes for hosts and mail.
LONG = (0,)  # by itself, for minutes: one at a time
READING = (1, 0)  # what can wait: two at a time
URGENT = (2, 1, 0)  # diagnoses and what a person waits for: three at a time
_AGAIN_S = {LONG: 10.0, READING: 3.0, URGENT: 1.0}


@contextmanager
def taken(places: tuple[int, ...]) -> Iterator[bool]:
    """Holds one of these places, the first that is free; false when none is."""
    handle = next((handle for handle in map(_locked, places) if handle is not None), None)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def _locked(place: int) -> int | None:
    handle = os.open(settings.SITEMEND_VAR_DIR / f"room-{place}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


class RoomTask(Task):  # type: ignore[misc]
    """A task that works on hosts. Where there is no place for it, it comes again in a moment and holds no process meanwhile."""

    places: tuple[int, ...] = URGENT

    @classmethod
    def bind(cls, app: Celery) -> Any:
        """Leaves out the general soft time limit where the task's own hard one comes before it: Celery would not send it again."""
        bound = super().bind(app)
        if cls.soft_time_limit and cls.time_limit and cls.soft_time_limit > cls.time_limit:
            cls.soft_time_limit = None
        return bound

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.request.called_directly or self.request.is_eager:
            return super().__call__(*args, **kwargs)
        with taken(self.places) as has_room:
            if has_room:
                return self.run(*args, **kwargs)
        raise self.retry(countdown=_AGAIN_S[self.places], max_retries=None)
