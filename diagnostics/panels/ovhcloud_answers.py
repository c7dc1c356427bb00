"""What OVHcloud's API answers, in our own words. Unknown values are passed on, never guessed.

Rule: the schema of https://eu.api.ovh.com/1.0/hosting/web.json (models hosting.web.Service, hosting.web.task, hosting.web.ovhConfig).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from diagnostics.connections.telling import clean

from .base import OLDER, DatabaseSeen, DumpSeen, PanelTask, PhpConfig, PhpPair, ServiceSeen, TaskState

PHP_NAMES = {
    "version": "engineVersion", "engine": "engineName", "environment": "environment", "firewall": "httpFirewall", "container": "container",
}  # fmt: skip
_TASK_STATES = {
    "init": TaskState.QUEUED, "todo": TaskState.QUEUED, "doing": TaskState.RUNNING, "done": TaskState.DONE,
    "cancelled": TaskState.FAILED, "error": TaskState.FAILED,
}  # fmt: skip
_STATES = {"bloqued": "blocked"}  # it is spelled so there
_BLOCKED = ("blocked", "hardBlocked", "hardMaintenance")
_UNITS = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}


def service(name: str, general: dict[str, Any], paid: dict[str, Any], abuse: dict[str, Any], now: datetime) -> ServiceSeen:
    """The hosting, from its three resources."""
    state = _word(general, "state")
    state = _STATES.get(state, state)
    reasons = ["site"] if _word(abuse, "accessState") in _BLOCKED or _word(abuse, "webState") not in ("", "ok") else []
    reasons += ["mail"] if _word(abuse, "mailsoutState") not in ("", "ok") else []
    reasons += ["connections"] if _word(abuse, "outState") not in ("", "ok") else []
    return ServiceSeen(
        name,
        offer=_word(general, "offer"),
        state="blocked" if "site" in reasons else state,
        paid={"unPaid": "unpaid"}.get(_word(paid, "status"), _word(paid, "status")),
        expires_at=_moment(paid.get("expiration")),
        blocked_because=tuple(reasons),
        quota_used=_size(general.get("quotaUsed")),
        quota_size=_size(general.get("quotaSize")),
        seen_at=now,
    )


def task(found: dict[str, Any]) -> PanelTask:
    """A task, as it is told of by itself or by what started it."""
    number = found.get("id")
    state = _TASK_STATES.get(_word(found, "status"), TaskState.UNKNOWN)
    return PanelTask(
        number if isinstance(number, int) else 0, _word(found, "function"), state, _word(found, "objectId"), _moment(found.get("startDate"))
    )


def php(found: dict[str, Any]) -> PhpConfig:
    """One configuration of PHP. Its path is told as "", "/" or "./www/blog"."""
    number = found.get("id")
    values = {name: _word(found, theirs) for name, theirs in PHP_NAMES.items()}
    folder = "/".join(part for part in _word(found, "path").split("/") if part not in ("", "."))
    return PhpConfig(
        **values,
        id=number if isinstance(number, int) else 0,
        folder=folder,
        status=_word(found, "status"),
        created_at=_moment(found.get("creationDate")),
    )


def database(found: dict[str, Any]) -> DatabaseSeen:
    """One database (model hosting.web.database)."""
    sizes = {"quota_used": _size(found.get("quotaUsed")), "quota_size": _size(found.get("quotaSize"))}
    return DatabaseSeen(_word(found, "name"), _word(found, "status"), _word(found, "state"), **sizes)


def dump(found: dict[str, Any]) -> DumpSeen:
    """One dump (model hosting.web.database.dump). Its content is older than itself where it was made of a backup of the host."""
    number, kind, made_at = found.get("id"), _word(found, "type"), _moment(found.get("creationDate"))
    return DumpSeen(
        number if isinstance(number, int) else 0,
        kind,
        made_at - OLDER.get(kind, timedelta(0)) if made_at else None,
        made_at,
        _moment(found.get("deletionDate")),
        is_ready=_word(found, "status") == "created" and bool(found.get("url")),
    )


def pairs(found: list[Any]) -> list[PhpPair]:
    """Versions with the systems that they run on, in the panel's own order."""
    rows = [row for row in found if isinstance(row, dict)]
    return [PhpPair(_word(row, "version"), clean(str(image))[:40]) for row in rows for image in row.get("containerImage") or [] if image]


def day(value: object) -> str:
    """A day as 2020-01-31; empty where it is none."""
    moment = _moment(value)
    return moment.date().isoformat() if moment else ""


def name(text: str) -> str:
    """A name as pages can hold it."""
    return clean(text)[:200]


def _word(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    return "" if value is None or isinstance(value, dict | list) else clean(str(value))[:200]


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _size(value: object) -> int | None:
    if not isinstance(value, dict) or not isinstance(value.get("value"), int | float):
        return None
    return int(value["value"] * _UNITS.get(str(value.get("unit")), 1))
