"""The way into a site's database on its host: the login of the settings, and the tables that are the site's."""

from __future__ import annotations

import binascii
import posixpath
import re
import time
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from diagnostics.connections import abilities
from diagnostics.connections.telling import clean
from diagnostics.evidence import Evidence
from diagnostics.facts.applications import with_applications
from diagnostics.facts.database import option_file
from diagnostics.facts.paths import above
from diagnostics.facts.settings.any_login import login_in
from diagnostics.facts.settings.logins import DatabaseLogin
from diagnostics.facts.small_files import SmallFiles
from diagnostics.transports.base import Capability, Reader
from diagnostics.transports.commands import database_client, run
from sites.models import Host

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_$.][A-Za-z0-9_$.-]{0,63}\Z")  # it stands in statements and among the words of a command
_GIVEN = re.compile(r"\s*\(using password: (?:YES|NO)\)")
_SETTINGS_S = 12.0
_LIST = (
    "SELECT 'table', HEX(TABLE_NAME), TABLE_TYPE, IFNULL(ENGINE, ''), IFNULL(DATA_LENGTH, 0) FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE()"
)


class Unreachable(Exception):
    """The database cannot be worked with from here; the message says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table or view of the site, `size` in bytes as the server tells it. Without an engine the server cannot open it."""

    name: str
    is_view: bool
    engine: str
    size: int


def why_not_from_here(host: Host) -> str:
    """Why the database of a site on this host cannot be worked with from here; empty where it can."""
    known = abilities.known(host)
    runs = host.protocol == Host.Protocol.SSH if known is None else str(Capability.RUN_COMMANDS) in known
    return "" if runs else _no_commands()


def _no_commands() -> str:
    return _("This connection runs no commands on the host. With an SSH connection, dumps can be made and put back from here.")


def login_of(reader: Reader, evidence: Evidence) -> DatabaseLogin:
    """The login that the site's settings give, or the file to which a log or a page led. Raises Unreachable, TransportError."""
    if Capability.RUN_COMMANDS not in reader.capabilities:
        raise Unreachable(_no_commands())
    files = SmallFiles(reader)
    _evidence, found = with_applications(files, evidence, time.monotonic() + _SETTINGS_S)
    logins = found.logins if found is not None else {}
    login = next((logins[each.absolute] for each in evidence.applications if each.absolute in logins), None) or _led_to(files, evidence)
    if login is None:
        raise Unreachable(_("No program was found whose settings hold the login of a database."))
    if login.unknown:
        raise Unreachable(_("Its settings are not all known: %(why)s.") % {"why": "; ".join(map(str, login.unknown))})
    if not login.is_mysql or not _PLAIN_NAME.match(login.name):
        raise Unreachable(_("It is of a kind that cannot be worked with from here."))
    return login


def _led_to(files: SmallFiles, evidence: Evidence) -> DatabaseLogin | None:
    way = evidence.database_way
    if way is None:
        return None
    path = posixpath.normpath(posixpath.join(above(evidence.docroot), way.path))
    files.fetch([path])
    login = login_in(files.text(path) or "", path)
    return replace(login, prefix=way.prefix) if login is not None else None


def tables_of(reader: Reader, login: DatabaseLogin) -> list[Table]:
    """What of the database is the site's: by the beginning of the names, or all where they have none. Raises Unreachable."""
    ran = run(reader, database_client(f"USE `{login.name}`; {_LIST}; SELECT 'end'"), option_file(login))
    lines = ran.output.decode("utf-8", "replace").splitlines()
    if ran.status == 127:
        raise Unreachable(_("The host has no client for its databases on the command line."))
    if "end" not in lines:
        raise Unreachable(_("The database lets nobody in: %(said)s") % {"said": said(ran.output)})
    rows = (line.split("\t") for line in lines)
    found = [_table(row) for row in rows if row[0] == "table" and len(row) == 5]
    return sorted((each for each in found if each.name.startswith(login.prefix)), key=lambda each: each.name)


def _table(row: list[str]) -> Table:
    name = binascii.unhexlify(row[1]).decode("utf-8", "surrogateescape")
    return Table(name, "VIEW" in row[2], row[3], int(row[4]) if row[4].isdecimal() else 0)


def quoted(name: str) -> str:
    """A name as it stands in a statement."""
    return "`" + name.replace("`", "``") + "`"


def said(output: bytes) -> str:
    """What a program of the host said last, for a person: bounded, secrets removed."""
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.strip() and not line.startswith("table\t")]
    errors = [line for line in lines if "rror" in line]
    return server_words((errors or lines or [""])[-1])


def server_words(text: str) -> str:
    """What the server said, for a person. That it was given a password is no secret, and looks like one."""
    return clean(_GIVEN.sub("", text)[:400])
