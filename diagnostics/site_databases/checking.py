"""Tables that are damaged: copied as far as they can be read, then found by the server's own check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from diagnostics import examining, steps
from diagnostics.changes import changing
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
_MARKED = "Table is marked as crashed"  # a warning of CHECK TABLE (storage/myisam/mi_check.c)
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
    """Checks the tables because a person asked for it. Changes no row; of a table that is whole the server forgets a mark of damage."""
    site = step.case.site
    try:
        with purposes.doing("look", site=site, step_id=step.pk, user=step.created_by), connecting.reader_for(site.host) as reader:
            evidence = examining.examine(site, reader, examining.look(site)).evidence
            login = login_of(reader, evidence)
            copy = _copied_first(site, reader, login, step)
            found, whole = _checked(reader, login)
            result = as_shown(found, login, copy) if found else {}
    except TransportError as error:
        why = f"{error.message} {error.hint}".strip()
        return steps.conclude(step, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": why})
    except (Unreachable, SecretUnreadable) as error:
        return steps.conclude(step, Step.State.FAILED, _("The tables were not checked: %(why)s") % {"why": error})
    after = {"pages_after": list(changing.look(site).pages)} if whole else {}
    return steps.conclude(step, Step.State.DONE, _told_of(found, whole), **{DAMAGED: result}, **after)


def _told_of(found: list[Damaged], whole: list[str]) -> str:
    if found:
        return _("Damaged: %(tables)s.") % {"tables": ", ".join(clean(each.name) for each in found[:8])}
    if whole:
        words = _("Marked as damaged, but found whole by the server's own check, which took the mark away: %(tables)s.")
        return words % {"tables": ", ".join(map(clean, whole[:8]))}
    return _("No table is damaged.")


def damaged(reader: Reader, login: DatabaseLogin) -> list[Damaged]:
    """Those of the site's tables that the server finds to be damaged. Raises Unreachable, TransportError."""
    return _checked(reader, login)[0]


def _checked(reader: Reader, login: DatabaseLogin) -> tuple[list[Damaged], list[str]]:
    """The damaged ones, and the names of those that only bore the mark of it: the check takes it from what is whole."""
    tables = [table for table in tables_of(reader, login) if not table.is_view][:_MOST]
    lines = _lines(reader, login, [f"CHECK TABLE {quoted(table.name)} MEDIUM" for table in tables])
    engines = {table.name: table.engine for table in tables}
    said = {name: words for name, words in judged(lines, login.name).items() if name in engines}
    found = [Damaged(name, engines[name], words) for name, words in said.items() if words not in _WELL]
    answers = (line.split("\t") for line in lines)
    marked = [
        each[0].removeprefix(f"{login.name}.")
        for each in answers
        if len(each) == 4 and each[2] == "warning" and each[3].startswith(_MARKED)
    ]
    return found, [name for name in marked if said.get(name, "") in _WELL]


def _lines(reader: Reader, login: DatabaseLogin, statements: list[str]) -> list[str]:
    """What the server answers, line by line. Raises Unreachable."""
    ran = run(reader, database_client("; ".join([f"USE `{login.name}`", *statements, "SELECT 'end'"])), option_file(login))
    lines = ran.output.decode("utf-8", "replace").splitlines()
    if "end" not in lines:
        raise Unreachable(_("The database did not answer to the check of its tables."))
    return lines


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
