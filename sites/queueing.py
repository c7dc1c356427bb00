"""Hands work to the queues. A broker that is away is no error: everything enqueued here is also found by beat's regular tasks."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def enqueue(task: str, *args: object, expires: float | None = None) -> bool:
    """Sends a task by its dotted name. False when the broker cannot be reached: the caller puts back what it had taken."""
    try:
        current_app.send_task(task, args=args, expires=expires, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("broker away, %s is left to the regular run: %s", task, error)
        return False
    return True


def enqueue_on_commit(task: str, *args: object, expires: float | None = None) -> None:
    """Sends a task when the transaction is committed; not at all when it is not."""
    transaction.on_commit(lambda: enqueue(task, *args, expires=expires))
