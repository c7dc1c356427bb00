"""Tables that are damaged: copied as far as they can be read, then found by the server's own check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from diagnostics import examining, steps
from diagnostics.connections import connecting, purposes
from diagnostics.connections.telling import clean
from diagnostics.facts.database import option_file
from diagnostics.facts.settings.logins import DatabaseLogin
from diagnostics.models import DatabaseDump, Step
from diagnostics.transports.base import Reader, TransportError
from diagnostics.transports.commands import database_client, run
from sites.credentials import SecretUnreadable
from sites.models import Site

from . import dumping
from .reaching import Unreachable, login_of, quoted, tables_of

ABOUT = "database-tables"
DAMAGED = "damaged"  # in the result of a look
_MOST = 400  # tables that are checked
_WELL = ("OK", "Table is already up to date")
# The storage engines whose tables the server can repair (MySQL's manual, REPAIR TABLE; MariaDB's adds Aria).
REPAIRABLE = ("MyISAM", "Aria", "ARCHIVE", "CSV", "")  # none is told of a table that cannot be opened


@dataclass(frozen=True, slots=True)
class Damaged:
    """One table that the check found to be damaged, and what the server says of it."""

    name: str
    engine: str
    said: str

    @property
    def is_repairable(self) -> bool:
        return self.engine in REPAIRABLE


def look(step: Step) -> Step:
    """Checks the tables because a person asked for it. Changes nothing in them."""
    site = step.case.site
    try:
        with purposes.doing("look", site=site, step_id=step.pk, user=step.created_by), connecting.reader_for(site.host) as reader:
            evidence = examining.examine(site, reader, examining.look(site)).evidence
            login = login_of(reader, evidence)
            copy = _copied_first(site, reader, login, step)
            found = damaged(reader, login)
            result = as_shown(found, login, copy) if found else {}
    except TransportError as error:
        why = f"{error.message} {error.hint}".strip()
        return steps.conclude(step, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": why})
    except (Unreachable, SecretUnreadable) as error:
        return steps.conclude(step, Step.State.FAILED, _("The tables were not checked: %(why)s") % {"why": error})
    message = _("No table is damaged.")
    if found:
        message = _("Damaged: %(tables)s.") % {"tables": ", ".join(clean(each.name) for each in found[:8])}
    return steps.conclude(step, Step.State.DONE, message, **{DAMAGED: result})


def damaged(reader: Reader, login: DatabaseLogin) -> list[Damaged]:
    """Those of the site's tables that the server finds to be damaged. Raises Unreachable, TransportError."""
    tables = [table for table in tables_of(reader, login) if not table.is_view][:_MOST]
    said = told(reader, login, [f"CHECK TABLE {quoted(table.name)} MEDIUM" for table in tables])
    engines = {table.name: table.engine for table in tables}
    return [Damaged(name, engines[name], words) for name, words in said.items() if name in engines and words not in _WELL]


def told(reader: Reader, login: DatabaseLogin, statements: list[str]) -> dict[str, str]:
    """What the server says of each table: its last word, and where that is no good one, the reason before it. Raises Unreachable."""
    ran = run(reader, database_client("; ".join([f"USE `{login.name}`", *statements, "SELECT 'end'"])), option_file(login))
    lines = ran.output.decode("utf-8", "replace").splitlines()
    if "end" not in lines:
        raise Unreachable(_("The database did not answer to the check of its tables."))
    return judged(lines, login.name)


def judged(lines: list[str], database: str) -> dict[str, str]:
    """Of the lines of CHECK TABLE and REPAIR TABLE: table, verb, kind, text, parted by tabs (MySQL's manual, their output)."""
    found: dict[str, str] = {}
    for line in lines:
        parts = line.split("\t")
        if len(parts) != 4 or not parts[0].startswith(f"{database}."):
            continue
        name, kind, text = parts[0].removeprefix(f"{database}."), parts[2].lower(), parts[3]
        if kind == "status":
            found[name] = found[name] if found.get(name, "") and text not in _WELL else text
        elif kind == "error":
            found[name] = text
    return found


def _copied_first(site: Site, reader: Reader, login: DatabaseLogin, step: Step) -> DatabaseDump | None:
    """A dump of the tables of such kinds, made before the check: a server closes a table that it finds to be damaged."""
    names = [table.name for table in tables_of(reader, login) if not table.is_view and table.engine in REPAIRABLE]
    if not names:
        return None
    try:
        return dumping.make(site, reader, login, step=step, only=names)
    except dumping.NotDumped:
        return None  # one of them cannot be read: what the check says of it is what counts


def as_shown(found: list[Damaged], login: DatabaseLogin, copy: DatabaseDump | None) -> dict[str, Any]:
    """As it is stored with the look; `copy` names the dump that holds all of them, if there is one."""
    is_copied = copy is not None and {each.name for each in found} <= set(copy.tables)
    rows = [{"name": each.name, "engine": each.engine, "said": clean(each.said)[:300], "can": each.is_repairable} for each in found]
    return {"database": login.name, "tables": rows, "is_copied": is_copied, "copy": copy.pk if copy and is_copied else None}


def repairable(result: dict[str, Any]) -> list[str]:
    """The names of those that can be repaired, as a look has stored them."""
    return [row["name"] for row in result.get("tables", ()) if row["can"]]
