"""The queues, and which task goes to which."""

from __future__ import annotations

from kombu import Queue

QUEUES = tuple(Queue(name, routing_key=name) for name in ("probes", "hosts", "mail"))


def route(name: str, *_: object, **__: object) -> dict[str, str]:
    """The queue of a task, by its dotted name: probing never waits behind a slow host, mail never behind a repair."""
    module, _dot, verb = name.rpartition(".")
    if module.startswith("diagnostics"):
        return {"queue": "hosts"}
    if verb.startswith(("probe", "dispatch")):
        return {"queue": "probes"}
    return {"queue": "mail"}
