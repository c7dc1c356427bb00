"""What a hosting panel can tell and do, whichever it is. An adapter says what it lacks by its abilities; nothing else is asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

TIME_LIMITS_S = (5.0, 20.0)  # for connecting, for an answer to begin


class Ability(StrEnum):
    """What a panel offers with the rights it was given."""

    SERVICE = "service"  # state, quota, whether it is paid and not blocked
    TASKS = "tasks"
    PHP = "php"  # read the PHP configuration
    PHP_CHANGE = "php-change"
    DATABASES = "databases"  # list them with their dumps
    RESTORE = "restore"  # put databases and the storage back


class PanelError(Exception):
    """A panel could not be asked, or said no. `code` is stable; the words are for people."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.code, self.message, self.hint = code, message, hint

    @property
    def must_be_typed_anew(self) -> bool:
        """Whether the stored keys are of no use: they are not tried again by themselves."""
        return self.code in ("refused", "not-granted")

    @property
    def is_a_no(self) -> bool:
        """Whether the panel heard what was asked for, and will not do it."""
        return self.code in ("refused", "not-granted", "bad-request", "not-found", "expired")

    @property
    def may_be_carried_out(self) -> bool:
        """Whether what was asked for may be carried out all the same: nobody heard the answer."""
        return self.code in ("away", "odd-answer")


class TaskState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    VANISHED = "vanished"  # finished tasks are no longer told of: what they were about tells how they ended
    UNKNOWN = "unknown"

    @property
    def is_open(self) -> bool:
        return self in (TaskState.QUEUED, TaskState.RUNNING)


@dataclass(frozen=True, slots=True)
class PanelTask:
    """One thing that the host is doing, or is going to do. `function` is the panel's own word for it."""

    id: int
    function: str
    state: TaskState
    about: str = ""  # the domain, database, … it works on
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """A hosting as its panel tells of it. Empty or None: not told. Sizes in bytes."""

    name: str
    offer: str = ""
    state: str = ""  # "active", "blocked", "maintenance"
    paid: str = ""  # "ok", "expired", "unpaid"; else the panel's own word
    expires_at: datetime | None = None
    blocked_because: tuple[str, ...] = ()  # "site", "mail", "connections": what its robots have stopped
    quota_used: int | None = None
    quota_size: int | None = None
    seen_at: datetime | None = None

    @property
    def is_full(self) -> bool:
        return self.quota_used is not None and bool(self.quota_size) and self.quota_used >= self.quota_size


@dataclass(frozen=True, slots=True)
class DatabaseSeen:
    """A database of the hosting. `status` is "created" when nothing is being done with it; `state` "ok" where it can be used. Bytes."""

    name: str
    status: str = ""
    state: str = ""
    quota_used: int | None = None
    quota_size: int | None = None

    @property
    def is_settled(self) -> bool:
        return self.status == "created"


DUMP_NOW, DUMP_DAILY, DUMP_WEEKLY = "now", "daily.1", "weekly.1"
OLDER = {DUMP_DAILY: timedelta(days=1), DUMP_WEEKLY: timedelta(days=7)}  # than the dump its content is, as OVHcloud's own panel counts


@dataclass(frozen=True, slots=True)
class DumpSeen:
    """A copy of a database that its host keeps. `at`: of when its content is. `is_ready`: finished, and there to be put back."""

    id: int
    kind: str
    at: datetime | None
    made_at: datetime | None = None
    gone_at: datetime | None = None  # when the host removes it
    is_ready: bool = False


@dataclass(frozen=True, slots=True)
class PhpPair:
    """A version and one of the systems that it runs on at this host."""

    version: str
    container: str


@dataclass(frozen=True, slots=True)
class PhpConfig:
    """How a hosting runs PHP. `status`: "created" when nothing is being changed. `container`: the system image."""

    version: str
    engine: str = ""
    environment: str = ""
    firewall: str = ""
    container: str = ""
    id: int = 0
    folder: str = ""  # where its file lies, relative to the account's home; "" is the home itself
    status: str = "created"
    created_at: datetime | None = None

    VALUES = ("version", "engine", "environment", "firewall", "container")

    def values(self) -> dict[str, str]:
        """What can be chosen, by name."""
        return {name: str(getattr(self, name)) for name in self.VALUES}

    def same_as(self, other: PhpConfig) -> bool:
        return self.values() == other.values()

    def with_values(self, values: dict[str, str]) -> PhpConfig:
        return replace(self, **{name: values[name] for name in self.VALUES if name in values})


class Panel(Protocol):
    """A host's panel, opened for one hosting. Every method raises PanelError."""

    title: str

    def abilities(self) -> frozenset[Ability]: ...

    def service(self) -> ServiceSeen: ...

    def tasks(self) -> tuple[PanelTask, ...]:
        """Those that are not finished, the oldest first."""

    def task(self, task_id: int) -> PanelTask:
        """One task; `VANISHED` where the panel no longer tells of it."""

    def php(self) -> PhpConfig:
        """The configuration of the whole hosting."""

    def php_of_folders(self) -> Sequence[PhpConfig]:
        """Folders that have a configuration of their own."""

    def php_before(self) -> Sequence[PhpConfig]:
        """Earlier configurations of the whole hosting, the newest first."""

    def php_pairs(self) -> Sequence[PhpPair]:
        """What can be chosen."""

    def domains(self) -> Sequence[str]:
        """The websites of the hosting."""

    def refresh_php(self) -> PanelTask:
        """Has the panel read the configuration anew from the files. Called by the executor only."""

    def databases(self) -> Sequence[str]:
        """The names of the databases of the hosting."""

    def database(self, name: str) -> DatabaseSeen:
        """One database."""

    def dumps(self, database: str, most: int) -> Sequence[DumpSeen]:
        """Its copies, the latest content first; of more than `most` those that were made last."""

    def dump(self, database: str, dump_id: int) -> DumpSeen | None:
        """One copy; None where it is no longer there."""

    def dump_numbers(self, database: str) -> frozenset[int]:
        """Which copies there are, also those that are being made."""

    def task_numbers(self, function: str) -> frozenset[int]:
        """Tasks of one kind that the panel tells of, ended ones too."""

    def save_database(self, database: str) -> PanelTask:
        """Has a copy of what it holds now made. Called by the executor only."""

    def restore_database(self, database: str, dump_id: int) -> PanelTask:
        """Has a copy put back: all that it holds now is replaced. Called by the executor only."""

    def restore_storage(self, backup: str) -> PanelTask:
        """Has all files put back as on an earlier day: all that is there now is replaced for good. Called by the executor only."""

    def change_php(self, now: PhpConfig, wanted: PhpConfig, *, back: bool = False) -> PanelTask:
        """Starts a change of the whole hosting; `back`: to how it was. Called by the executor only."""
