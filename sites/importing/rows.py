"""One row of an import under the names that every source is brought to, and what came of checking it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sites.models import Host, Site, Team

# The columns of a CSV, in the order of an export. Stable: more may come, none is renamed.
COLUMNS = (
    "name", "url", "pages", "interval", "tags", "team", "host", "connect", "docroot", "error_log", "access_log", "profile",
    "paused", "expected_status", "must_contain", "must_not_contain", "time_limit",
    "via", "log_server", "log_user", "trials", "set_aside",
)  # fmt: skip
SECRET_COLUMNS = ("secret", "basic_user", "basic_password")  # read, never written
COMMAND_LINE_COLUMNS = ("secret_env", "log_secret_env")
KNOWN = frozenset((*COLUMNS, *SECRET_COLUMNS, *COMMAND_LINE_COLUMNS))
REQUIRED = ("name", "url")
Place = tuple[int, str, str, int, str, int | None]  # what makes two connections the same; the last: the account that leads there
_RUN_AS_FORMULA = tuple("=+-@\t\r")  # OWASP, CSV injection


def guarded(value: str) -> str:
    """A value that no spreadsheet runs as a formula."""
    return f"'{value}" if value.lstrip("'").startswith(_RUN_AS_FORMULA) else value


def unguarded(value: str) -> str:
    """The value that `guarded` was given."""
    return value[1:] if value.startswith("'") and value.lstrip("'").startswith(_RUN_AS_FORMULA) else value


@dataclass(slots=True)
class Row:
    """What one row says. `number` as a spreadsheet counts: the header is row 1. `refusal`: the source itself rules it out."""

    number: int
    values: dict[str, str]
    notes: list[str] = field(default_factory=list)
    refusal: str = ""

    def get(self, name: str) -> str:
        return self.values.get(name, "").strip()

    def __repr__(self) -> str:
        return f"Row({self.number}, {self.get('name')!r})"  # the values may hold a secret

    def as_json(self) -> list[Any]:
        return [self.number, self.values, self.notes, self.refusal]


@dataclass(slots=True)
class NewHost:
    """A hosting account that an import will make; rows with the same connection share one. Its secret is sealed already."""

    team_id: int
    name: str
    protocol: str
    address: str
    port: int
    user: str
    profile: str
    row: int  # the first that names it
    sealed_password: str = field(default="", repr=False)
    via_id: int | None = None  # the account that leads there

    @property
    def place(self) -> Place:
        return (self.team_id, self.protocol, self.address, self.port, self.user, self.via_id)


class RowRefused(ValueError):
    """A row that cannot be imported; the message says why."""


@dataclass(slots=True)
class CheckedRow:
    """A row with what it would make, or why it cannot."""

    row: Row
    why: str = ""
    team: Team | None = None
    site: Site | None = None
    paths: list[str] = field(default_factory=list)
    expectations: dict[str, str] = field(default_factory=dict)
    host: Host | NewHost | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.row.number

    @property
    def refusal(self) -> dict[str, Any]:
        return {"row": self.number, "why": self.why}
