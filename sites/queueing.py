"""Hands work to the queues. A broker that is away is no error: everything enqueued here is also found by beat's regular tasks."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import ChannelError, OperationalError

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


def queue_sizes(names: tuple[str, ...] = ("probes", "hosts", "mail")) -> dict[str, int | None]:
    """How many tasks wait in each queue; None where the broker cannot be reached."""
    sizes: dict[str, int | None] = dict.fromkeys(names)
    try:
        with current_app.connection_for_read() as connection:
            channel = connection.default_channel  # unlike `channel()` it keeps to the short waits of the settings when nobody is there
            for name in names:
                try:
                    sizes[name] = int(channel.queue_declare(queue=name, passive=True).message_count)
                except ChannelError:  # an empty queue does not exist
                    sizes[name] = 0
    except (OperationalError, OSError, *connection_errors()):
        return dict.fromkeys(names)
    return sizes


def workers_answering(time_limit_s: float = 1.0) -> int:
    """How many workers answer a call; takes the whole time limit when none does. 0 when the broker cannot be reached."""
    try:
        return len(current_app.control.ping(timeout=time_limit_s) or ())
    except (OperationalError, OSError, *connection_errors()):
        return 0


def connection_errors() -> tuple[type[Exception], ...]:
    """What the broker's own library raises when it cannot be reached."""
    return tuple(current_app.connection_for_read().connection_errors)
