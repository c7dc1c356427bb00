"""The queues, and which task goes to which."""

from __future__ import annotations

from kombu import Queue

QUEUES = tuple(Queue(name, routing_key=name) for name in ("probes", "hosts", "mail"))


# What can wait. In the Redis protocol's queues 0 comes first and nine last: of what waits, a diagnosis or a mail is begun
# before any of these, however many hosts that do not answer are in line.
_CAN_WAIT = frozenset(
    f"diagnostics.tasks.{verb}"
    for verb in (
        "compare_files", "diagnose_one_of_many", "fetch_release", "look_at_account", "prune_host_actions", "prune_journal",
        "read_access_logs", "search_places", "take_baseline", "test_wanted_host",
    )
)  # fmt: skip


def route(name: str, *_: object, **__: object) -> dict[str, str | int]:
    """The queue of a task, by its dotted name: probing never waits behind a slow host, mail never behind a repair."""
    module, _dot, verb = name.rpartition(".")
    if module.startswith("diagnostics"):
        return {"queue": "hosts", "priority": 6} if name in _CAN_WAIT else {"queue": "hosts"}
    if verb.startswith(("probe", "dispatch")):
        return {"queue": "probes"}
    return {"queue": "mail"}
