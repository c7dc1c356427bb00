"""Which part of its settings a program that cannot reach its database is to be helped by, and which cause that makes likely."""

from __future__ import annotations

from typing import NamedTuple

from diagnostics.checks.database_numbers import cause_of
from diagnostics.evidence import DatabaseWay, Evidence, Unreadable
from diagnostics.facts.changes import failing_since, is_just_before
from diagnostics.facts.database import NO_SUCH_NAME
from diagnostics.installed import DatabaseTrial
from diagnostics.php.database_words import lost_table
from sites.texts import mark as _

_USUAL = (3306, 5432)
_CAUSES = ("database-server-down", "database-access-denied", "database-missing")
_PART = {"database-server-down": ("host", "port", "socket"), "database-access-denied": ("password", "user"), "database-missing": ("name",)}
_SAID = _("The settings are in {path}, line {line}: the server is {where}.")
_GUESS = _("The program does not say why: it may be the server, or the user name, password or name of the database.")


class Unreached(NamedTuple):
    """`sure`: at most how sure a finding can be, as the program keeps the reason to itself."""

    cause: str
    also: tuple[str, ...]
    path: str
    line: int | None
    more: str
    sure: float


def told_by_settings(evidence: Evidence) -> Unreached | None:
    """For a program that only says that it cannot reach its database. None where nobody knows its settings."""
    way = evidence.database_way
    if way is None or not way.where:  # one line of them alone
        return None
    cause, part, sure = _judged(way, evidence)
    said = _SAID.format(path=way.path, line=_line(way, cause, part), where=way.where)
    if sure < 0.9:
        said = f"{said} {_GUESS}"
    return Unreached(cause, tuple(each for each in _CAUSES if each != cause), way.path, _line(way, cause, part), said, sure)


def place_of(cause: str, evidence: Evidence, said: str = "") -> tuple[str, int | None] | None:
    """The file and line of the settings that a database's refusal is about. `said`: its words, which name a table."""
    way = evidence.database_way
    if way is not None and cause == "database-table-missing":
        is_named = bool(way.prefix) and lost_table(said).startswith(way.prefix)
        return (way.path, dict(way.lines).get("prefix")) if is_named and _is_of_prefix(way, evidence) else None
    if way is None or cause not in _PART:
        return None
    line = _line(way, cause, "")
    return (way.path, line) if line or way.where else None


def _judged(way: DatabaseWay, evidence: Evidence) -> tuple[str, str, float]:
    """Cause, the part of the settings it hangs on, and how sure."""
    trial = evidence.database
    if isinstance(trial, Unreadable) and NO_SUCH_NAME in trial.why:
        return "database-server-down", "host", 0.85
    if way.is_socket_lost:
        return "database-server-down", "socket", 0.9
    if isinstance(trial, DatabaseTrial) and (cause := cause_of(trial.code)) in _PART:
        return cause, "", 0.97
    if way.lacks:
        return "database-access-denied", way.lacks[-1], 0.85
    if way.port not in _USUAL and not _is_of_port(way):
        return "database-server-down", "host", 0.75  # the port is that of another server, and was left when its name was replaced
    if _was_changed(way, evidence):
        return "database-access-denied", "password", 0.65  # of what people change there, most often
    if _is_of_port(way):
        return "database-server-down", "port", 0.75
    return "database-server-down", "host", 0.65


def _is_of_prefix(way: DatabaseWay, evidence: Evidence) -> bool:
    """Whether the prefix is wrong and not a table lost: the database tells, else that the settings were changed in the days before."""
    if way.has_tables is not None:
        return not way.has_tables
    return any(way.path in change.paths for change in evidence.changes)


def _was_changed(way: DatabaseWay, evidence: Evidence) -> bool:
    began = failing_since(evidence)
    return began is not None and any(way.path in change.paths and is_just_before(change, began) for change in evidence.changes)


def _is_of_port(way: DatabaseWay) -> bool:
    """Whether an unusual port may be what is wrong: `localhost` is MySQL's socket and has no port (mysql_real_connect)."""
    return way.port not in _USUAL and way.where != f"localhost:{way.port}"


def _line(way: DatabaseWay, cause: str, part: str) -> int | None:
    lines = dict(way.lines)
    first = ("port",) if cause == "database-server-down" and _is_of_port(way) else ()
    return next((lines[each] for each in (part, *first, *_PART[cause]) if each in lines), None)
