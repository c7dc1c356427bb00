"""What beat starts, and how often. Each run expires before the next is due: after a pause nothing piles up."""

from __future__ import annotations

from typing import Any


def _every(seconds: float, task: str, *, expires: float | None = None) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"expires": expires if expires is not None else seconds}}


BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "due pages": _every(1, "sites.tasks.dispatch_due_pages"),
    "notifications": _every(5, "sites.tasks.deliver_notifications"),
    "sweep": _every(60, "sites.tasks.sweep"),
    "history": _every(3600, "sites.tasks.prune_history", expires=1800),
    "journal": _every(30, "diagnostics.tasks.recover_journal"),
    "diagnoses": _every(10, "diagnostics.tasks.sweep_diagnoses"),
}
