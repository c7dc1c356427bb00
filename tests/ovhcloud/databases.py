"""Databases of the hosting, whose dumps are made of a real database, and put back into it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.programs import binary

from .gate import Call
from .schema import DUMP_DATES, bad_request, conflict, unknown_object, unknown_path, valid
from .work import Work

_DAY_S = 86_400.0
AGES_S = {"now": 0.0, "daily.1": _DAY_S, "weekly.1": 7 * _DAY_S}  # how much older than the dump its content is


class Data(Protocol):
    """What a database holds, as text of SQL."""

    def dump(self) -> bytes: ...

    def load(self, content: bytes) -> None: ...


@dataclass
class TextData:
    """A database that is one file of SQL: for where no server is needed."""

    path: Path

    def dump(self) -> bytes:
        return self.path.read_bytes()

    def load(self, content: bytes) -> None:
        self.path.write_bytes(content)


@dataclass
class MariaDb:
    """A database of a real server, reached at its socket."""

    line: str
    name: str

    def run(self, sql: str | bytes) -> str:
        command = [binary("mariadb"), "--no-defaults", "-u", "root", "-S", self.line, "-N", self.name]
        content = sql.encode() if isinstance(sql, str) else sql
        return subprocess.run(command, input=content, check=True, capture_output=True, timeout=60).stdout.decode()

    def dump(self) -> bytes:
        command = [binary("mariadb-dump"), "--no-defaults", "-u", "root", "-S", self.line, "--skip-comments", self.name]
        return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout

    def load(self, content: bytes) -> None:
        """Everything that it holds goes first."""
        command = [binary("mariadb"), "--no-defaults", "-u", "root", "-S", self.line]
        whole = f"DROP DATABASE IF EXISTS `{self.name}`; CREATE DATABASE `{self.name}`; USE `{self.name}`;\n".encode() + content
        subprocess.run(command, input=whole, check=True, capture_output=True, timeout=60)


@dataclass
class Dump:
    row: dict[str, Any]
    content: bytes = b""


@dataclass
class Database:
    name: str
    data: Data
    status: str = "created"
    state: str = "ok"
    task_id: int | None = None
    dumps: list[Dump] = field(default_factory=list)

    def settle(self) -> None:
        self.status, self.task_id = "created", None


@dataclass
class Databases:
    work: Work
    all: dict[str, Database] = field(default_factory=dict)

    # --- what tests do ------------------------------------------------------------------------
    def add(self, name: str, data: Data) -> Database:
        self.all[name] = Database(name, data)
        return self.all[name]

    def keep(self, name: str, kind: str, seconds_ago: float = 0.0) -> int:
        """A dump of what the database holds at this moment, as if it had been made so long ago. Returns its number."""
        database = self.all[name]
        made = self._row(kind, "created", seconds_ago)
        database.dumps.append(Dump(made, database.data.dump()))
        return int(made["id"])

    # --- what is asked ------------------------------------------------------------------------
    def answer(self, call: Call, parts: list[str]) -> Any:
        if not parts:
            return sorted(self.all) if call.method == "GET" else _none()
        database = self.all.get(parts[0])
        if database is None:
            raise unknown_object(f"name = {parts[0]}")
        match (call.method, *parts[1:]):
            case ("GET",):
                return self._told(database)
            case ("GET", "dump"):
                return [each.row["id"] for each in database.dumps if call.query.get("type") in (None, each.row["type"])]
            case ("POST", "dump"):
                return self._make(database, call.body or {})
            case (_, "dump", number, *rest):
                return self._one(call, database, number, rest)
        return _none()

    def _told(self, database: Database) -> dict[str, Any]:
        size = len(database.data.dump()) / 1024**2
        found = {
            "name": database.name, "state": database.state, "status": database.status, "mode": "classic", "type": "mysql",
            "version": "8.0", "quotaUsed": {"unit": "MB", "value": round(size, 3)}, "quotaSize": {"unit": "MB", "value": 1024},
            "server": f"{database.name}.mysql.db", "port": 3306, "user": database.name, "dumps": len(database.dumps),
            "taskId": database.task_id,
        }  # fmt: skip
        return valid("database", found)

    def _one(self, call: Call, database: Database, number: str, rest: list[str]) -> Any:
        dump = next((each for each in database.dumps if str(each.row["id"]) == number), None)
        if dump is None:
            raise unknown_object(f"id = {number}")
        match (call.method, *rest):
            case ("GET",):
                return valid("dump", dump.row)
            case ("POST", "restore"):
                if dump.row["status"] != "created":
                    raise bad_request("This dump is not available")
                return self._begin(database, "database/restore", "restoring", lambda: database.data.load(dump.content))
        return _none()

    def _make(self, database: Database, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("date") not in DUMP_DATES or not isinstance(body.get("sendEmail", True), bool):
            raise bad_request("Body parameter date isn't formated correctly")
        dump = Dump(self._row(body["date"], "creating", 0.0))

        def effect() -> None:
            dump.content = database.data.dump()
            dump.row.update(status="created", url=f"https://dumps.invalid/{dump.row['id']}", taskId=None)

        told = self._begin(database, "dump/create", "dumping", effect, lambda: database.dumps.remove(dump))
        dump.row["taskId"] = told["id"]
        database.dumps.append(dump)
        return told

    def _row(self, kind: str, status: str, seconds_ago: float) -> dict[str, Any]:
        clock = self.work.clock
        url = f"https://dumps.invalid/{kind}" if status == "created" else None
        return {"id": next(self.work.numbers), "type": kind, "status": status, "creationDate": clock.moment(seconds_ago),
                "deletionDate": clock.moment(seconds_ago - 30 * _DAY_S), "url": url, "taskId": None}  # fmt: skip

    def _begin(
        self, database: Database, function: str, status: str, effect: Callable[[], None], given_up: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        if database.status != "created":
            raise conflict("There is already a task on this database")

        def ended(what: Callable[[], None]) -> Callable[[], None]:
            return lambda: (what(), database.settle())[1]

        task = self.work.start(function, database.name, ended(effect), ended(given_up))
        database.status, database.task_id = status, task.id
        return self.work.as_told(task)


def _none() -> Any:
    raise unknown_path()
