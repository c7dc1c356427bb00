"""What the API's schema says of fields, values and errors. Rule: https://eu.api.ovh.com/1.0/hosting/web.json (models, enums)."""

from __future__ import annotations

from typing import Any

PAIRS = {
    **{version: ["legacy", "stable"] for version in ("5.4", "5.5", "5.6", "7.0")},
    **{version: ["stable"] for version in ("7.1", "7.2", "7.3")},
    **{version: ["stable64"] for version in ("7.4", "8.0", "8.1", "8.2", "8.3", "8.4")},
}
BACKUPS = ("daily.1", "daily.2", "daily.3", "weekly.1", "weekly.2")  # enum hosting.web.backup.TypeEnum
DUMP_DATES = ("now", "daily.1", "weekly.1")  # enum hosting.web.database.dump.DateEnum
ENUMS = {
    "service.state": {"active", "bloqued", "maintenance"},
    "task.status": {"init", "todo", "doing", "done", "cancelled"},
    "config.engineName": {"php", "phpcgi"},
    "config.environment": {"production", "development"},
    "config.httpFirewall": {"none", "security"},
    "config.container": {"legacy", "stable", "stable64", "jessie.i386", "testing"},
    "config.status": {"created", "updating", "rollbacking"},
    "infos.status": {"ok", "expired", "unPaid", "inCreation"},
    "abuse.accessState": {"active", "blocked", "hardBlocked", "hardMaintenance", "maintenance"},
    "database.state": {"ok", "readonly", "close"},
    "database.status": {"created", "creating", "dumping", "restoring", "importing", "checking", "locked", "optimizing", "updating",
                        "deleting"},
    "database.mode": {"besteffort", "classic", "module"},
    "dump.status": {"created", "creating", "deleting"},
    "dump.type": set(DUMP_DATES),
}  # fmt: skip
FIELDS = {
    "service": {"serviceName", "displayName", "offer", "state", "cluster", "home", "primaryLogin", "quotaSize", "quotaUsed"},
    "task": {"id", "function", "status", "objectType", "objectId", "startDate", "lastUpdate", "doneDate"},
    "config": {"id", "path", "engineName", "engineVersion", "environment", "httpFirewall", "container", "fileExist", "historical",
               "creationDate", "status", "taskId"},
    "infos": {"creation", "expiration", "status"},
    "abuse": {"accessState", "mailsoutState", "outState", "webState"},
    "database": {"name", "state", "status", "mode", "type", "version", "quotaUsed", "quotaSize", "server", "port", "user", "dumps",
                 "taskId"},
    "dump": {"id", "type", "status", "creationDate", "deletionDate", "url", "taskId"},
}  # fmt: skip


class Refused(Exception):
    """An error as the API tells it: status, older code, newer class, words."""

    def __init__(self, status: int, code: str, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.kind, self.message = status, code, kind, message


def unknown_path() -> Refused:
    return Refused(404, "NOT_FOUND", "Client::NotFound", "Got an invalid (or empty) URL")


def unknown_object(what: str) -> Refused:
    return Refused(404, "NOT_FOUND", "Client::NotFound", f"The requested object ({what}) does not exist")


def bad_request(message: str) -> Refused:
    return Refused(400, "BAD_REQUEST", "Client::BadRequest", message)


def conflict(message: str) -> Refused:
    return Refused(409, "CONFLICT", "Client::Conflict", message)


def valid(model: str, found: dict[str, Any]) -> dict[str, Any]:
    """No field and no value beyond the schema."""
    assert set(found) <= FIELDS[model], f"{model} has no {set(found) - FIELDS[model]}"
    for name, value in found.items():
        allowed = ENUMS.get(f"{model}.{name}")
        assert allowed is None or value in allowed, f"{model}.{name} is never {value}"
    return found
