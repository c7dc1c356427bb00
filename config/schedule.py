"""What beat starts, and how often. Each run expires before the next is due: after a pause nothing piles up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from celery.schedules import schedule


class Every(schedule):
    """Every so many seconds, also after the clock was set back: a run that lies in the future by now is no reason to wait for it."""

    def is_due(self, last_run_at: datetime) -> Any:
        now = self.now()
        return super().is_due(now - self.run_every if self.maybe_make_aware(last_run_at) > now else last_run_at)


def _every(seconds: float, task: str, *, expires: float | None = None) -> dict[str, Any]:
    return {"task": task, "schedule": Every(seconds), "options": {"expires": expires if expires is not None else seconds}}


def _in_queue(queue: str, seconds: float, task: str) -> dict[str, Any]:
    """Through one queue, whose name the task gets: what comes out at its end shows that somebody serves it."""
    entry = _every(seconds, task)
    return entry | {"args": (queue,), "options": entry["options"] | {"queue": queue}}


BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "due pages": _every(1, "sites.tasks.dispatch_due_pages"),
    "due looks": _every(2, "sites.tasks.dispatch_due_looks"),
    "new looks": _every(60, "sites.tasks.prepare_looks"),
    "certificates": _every(60, "sites.tasks.dispatch_due_certificates"),
    "notifications": _every(5, "sites.tasks.deliver_notifications"),
    "sweep": _every(60, "sites.tasks.sweep"),
    "windows": _every(5, "sites.tasks.sweep_windows"),
    "figures": _every(120, "sites.tasks.roll_up"),  # half as often costs half as much: what is there is read, added to and written
    "pictures": _every(3600, "sites.tasks.prune_pictures", expires=1800),
    "history": _every(600, "sites.tasks.prune_history"),
    "own line": _every(10, "sites.tasks.watch_own_line"),
    "health": _every(60, "sites.tasks.watch_health"),
    "dead man": _every(60, "sites.tasks.call_dead_mans_switch"),
    **{f"sign of life: {queue}": _in_queue(queue, 20, "sites.tasks.show_sign_of_life") for queue in ("probes", "hosts", "mail")},
    "bin": _every(600, "sites.tasks.empty_bin"),
    "journal": _every(30, "diagnostics.tasks.recover_journal"),
    "journal contents": _every(600, "diagnostics.tasks.prune_journal"),
    "host tests": _every(10, "diagnostics.tasks.hand_over_host_tests"),
    "log servers": _every(30, "diagnostics.tasks.hand_over_log_servers"),
    "panels": _every(5, "diagnostics.tasks.dispatch_panels"),
    "access logs": _every(5, "diagnostics.tasks.dispatch_access_logs"),
    "visitors": _every(60, "sites.tasks.follow_visitors"),
    "baselines": _every(30, "diagnostics.tasks.dispatch_baselines"),
    "host actions": _every(3600, "diagnostics.tasks.prune_host_actions", expires=1800),
    "diagnoses": _every(10, "diagnostics.tasks.sweep_diagnoses"),
    "searches": _every(10, "diagnostics.tasks.hand_over_searches"),
    "account looks": _every(10, "diagnostics.tasks.sweep_account_looks"),
}
