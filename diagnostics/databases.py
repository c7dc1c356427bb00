"""A site's database asked from here, for accounts on which no command can be run: only where the administrator allows the address.

The login is the site's own. Its password is never sent in the open, and no file of ours is given to a server that asks for one.
"""

from __future__ import annotations

import socket
from contextlib import AbstractContextManager, closing, nullcontext
from ipaddress import ip_address
from typing import Any, NoReturn

import pymysql
from pymysql.connections import Connection

from sites.models import Host
from sites.probing.guard import AddressNotAllowed, connect_vetted
from sites.recording import guard_from_settings
from sites.texts import mark as _

from .connections import auditing
from .facts.database import NO_SUCH_NAME, Asker, Words
from .facts.settings.logins import DatabaseLogin
from .models import HostAction
from .transports.base import AddressRefused, ConnectionLost

_LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})
_PATIENCE_S = 4.0
_MOST_TABLES_LISTED = 3000


class _NeverInTheOpen:
    """In place of the way of logging in that would send the password as it is."""

    def __init__(self, connection: Connection[Any]) -> None:
        pass

    def authenticate(self, packet: object) -> NoReturn:
        raise pymysql.err.OperationalError(2049, "the server wants the password in the open, which is not sent")


def asker(host: Host | None) -> Asker | None:
    """What asks the database of a site on this host; None where that brings nothing."""
    if host is None:
        return None

    def ask(login: DatabaseLogin, options: str, most: int) -> Words:
        address = _address(login, host)
        with _noted(host, _place(login, address)) as noted:
            said = _ask(login, address, options, most, is_same_machine=_is_here(host))
            noted.code = _why_refused(said)
        return said

    return ask


def _noted(host: Host, place: str) -> AbstractContextManager[auditing.Beside]:
    """In the list of what was done on the account; one that is not stored yet has none."""
    return auditing.beside(host.pk, HostAction.Verb.DATABASE, place) if host.pk else nullcontext(auditing.Beside())


def _place(login: DatabaseLogin, address: str) -> str:
    """Where it was asked, as a person reads it: without the password."""
    return f"{login.name} ({login.user}, {login.socket or f'{address}:{login.port}'})"


def _why_refused(said: Words) -> str:
    """The code of `action_words` for a database that lets nobody in; empty where it did."""
    first = said[0] if said else []
    if first[:1] != ["error"]:
        return ""
    if first[1] == "select":
        return "not-found"
    if first[1] != "connect":
        return ""
    return {"1045": "login-refused", "2002": "refused", "1040": "too-many-connections"}.get(first[2], "connection-lost")


def _is_here(host: Host) -> bool:
    """Whether the account lies on this machine, so that its `localhost` is ours."""
    try:
        return host.protocol == Host.Protocol.LOCAL or ip_address(host.address).is_loopback
    except ValueError:
        return host.address == "localhost"


def _address(login: DatabaseLogin, host: Host) -> str:
    """Raises AddressRefused for a server that answers on the account's own machine only."""
    if (login.socket or login.host in _LOCAL) and not _is_here(host):
        raise AddressRefused(_("The database answers on the site's own machine only, where this connection runs no commands."))
    return "127.0.0.1" if login.socket or login.host in _LOCAL else login.host


def _connected(login: DatabaseLogin, address: str) -> socket.socket:
    """A socket file of this machine is opened where the administrator allows this machine itself. Raises OSError."""
    guard = guard_from_settings()
    if not login.socket:
        return connect_vetted(address, login.port, guard, time_limit_s=_PATIENCE_S)
    if not guard.allows(address, login.port):
        raise AddressNotAllowed("localhost", address, guard.why_refused(address))
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(_PATIENCE_S)
    try:
        line.connect(login.socket)
    except OSError:
        line.close()
        raise
    return line


def _ask(login: DatabaseLogin, address: str, options: str, most: int, *, is_same_machine: bool) -> Words:
    """The words that the program on a host would say. Raises TransportError where an answer from here says nothing of the site."""
    try:
        line = _connected(login, address)
    except OSError as error:
        if is_same_machine and isinstance(error, ConnectionRefusedError | FileNotFoundError):
            return [["error", "connect", "2002", str(error.strerror)]]
        if isinstance(error, socket.gaierror):
            if is_same_machine:
                return [["error", "connect", "2005", f"Unknown server host '{address}'"]]
            raise ConnectionLost(_("The server of the database, {host}: {why}").format(host=address, why=NO_SUCH_NAME)) from error
        raise ConnectionLost(_("The database cannot be reached from here: {why}").format(why=error)) from error
    with closing(line):
        line.settimeout(_PATIENCE_S)
        try:
            return _told(login, line, options, most)
        except pymysql.err.MySQLError as error:
            code = int(error.args[0]) if error.args and isinstance(error.args[0], int) else 0
            stage = "select" if code in (1044, 1049) else "connect"
            if stage == "connect" and not is_same_machine:  # it may refuse this machine and let in that of the site
                raise ConnectionLost(_("The database lets nobody in from here, which says nothing of the site itself.")) from error
            return [["error", stage, str(code or 2013), str(error.args[-1]) if error.args else ""]]
        except (OSError, ValueError, IndexError, AssertionError) as error:  # what answers there does not speak MySQL
            raise ConnectionLost(_("What answers at the address of the database does not speak its language.")) from error


def _told(login: DatabaseLogin, line: socket.socket, options: str, most: int) -> Words:
    connection = Connection(
        host=login.host or "localhost", user=login.user, password=login.password.reveal(), database=login.name, port=login.port,
        connect_timeout=_PATIENCE_S, read_timeout=_PATIENCE_S, write_timeout=_PATIENCE_S, local_infile=False, defer_connect=True,
        auth_plugin_map={"mysql_clear_password": _NeverInTheOpen},
    )  # fmt: skip
    connection.connect(line)
    said: Words = []
    with connection.cursor() as cursor:
        cursor.execute("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'")
        names = [str(row[0]) for row in cursor.fetchmany(_MOST_TABLES_LISTED)]
        said += [["table", name] for name in names]
        for name in [each for each in names if each.startswith(login.prefix)][:most]:
            try:
                cursor.execute(f"SELECT * FROM {_quoted(name)} LIMIT 1")  # noqa: S608 (quoted as MySQL's manual has it)
                said += [] if cursor.fetchone() else [["empty", name]]
            except pymysql.err.MySQLError as error:
                said.append(["error", "read", str(error.args[0]), str(error.args[-1]), name])
        if options in names:
            wanted = "option_name IN ('template', 'stylesheet', 'active_plugins')"
            cursor.execute(f"SELECT option_name, LEFT(option_value, 20000) FROM {_quoted(options)} WHERE {wanted}")  # noqa: S608
            said += [["option", str(name), str(value)] for name, value in cursor.fetchall()]
    return [*said, ["end"]]


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
