"""How an application logs in at its database, as its own settings say: read without executing them, the password kept out of sight.

Places and names are those of each project's own documentation. What the settings leave to the environment is said, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from diagnostics.facts.settings.php_settings import PhpSettings
from diagnostics.facts.settings.php_values import Unknown, Value
from diagnostics.facts.settings.secret import Secret
from sites.texts import mark as _

_MYSQL = frozenset({"mysql", "mysqli", "pdo_mysql", "mariadb", "pdomysql"})
_BRACKETS = re.compile(r"\[([0-9A-Fa-f:.%]+)\](?::(\d{1,5}))?(?::?(/.*))?\Z")
_HOST = re.compile(r"([^:/]*)(?::(\d{1,5}))?(?::?(/.*))?\Z")


@dataclass(frozen=True, slots=True)
class DatabaseLogin:
    """`unknown` names what the settings do not tell; `named_at` the file and line that name the database."""

    host: str
    user: str
    password: Secret
    name: str
    port: int = 3306
    socket: str = ""
    prefix: str = ""
    driver: str = "mysql"
    unknown: tuple[str, ...] = ()
    lines: Mapping[str, tuple[str, int]] = field(default_factory=dict, compare=False)
    outside: tuple[tuple[str, str], ...] = ()  # the parts that come from the environment, each with the name of the variable

    @property
    def is_mysql(self) -> bool:
        return self.driver.lower() in _MYSQL

    @property
    def where(self) -> str:
        """The server as people name it."""
        if self.socket:
            return f"{self.host or 'localhost'}:{self.socket}"
        return self.host if self.port == 3306 else f"{self.host}:{self.port}"


def split_host(text: str) -> tuple[str, int, str]:
    """Host, port and socket of "db:3307", "localhost:/run/s.sock", ":/s", "[::1]:3306", "db:3307:/s": as WordPress takes them apart."""
    found = _BRACKETS.match(text) or (None if text.count(":") > 1 and "/" not in text else _HOST.match(text))
    if found is None:
        return text, 3306, ""
    return found[1], int(found[2] or 3306), found[3] or ""


class _Parts:
    """Collects what is known, and says what is not."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def text(self, name: str, value: Value, default: str = "") -> str:
        if isinstance(value, Unknown):
            self.unknown.append(_("{name} comes from {source}").format(name=name, source=value.depends))
            return ""
        return default if value is None or isinstance(value, dict | bool) else str(value)


_NAMED = {"user": _("the user name"), "password": _("the password"), "name": _("the name of the database")}


def is_about(unknown: str, part: str) -> bool:
    """Whether this entry of `DatabaseLogin.unknown` is about one part of the login."""
    return unknown.startswith(_("{name} comes from {source}").format(name=_NAMED[part], source=""))


def _login(parts: Mapping[str, Value], lines: Mapping[str, tuple[str, int]] | None = None) -> DatabaseLogin:
    """`parts` has what a program calls them: host, user, password, name, port, socket, prefix, driver."""
    known = _Parts()
    host, port, socket = split_host(known.text(_("the server"), parts.get("host"), "localhost"))
    given_port = known.text(_("the port"), parts.get("port"))
    return DatabaseLogin(
        host=host,
        user=known.text(_("the user name"), parts.get("user")),
        password=Secret(known.text(_("the password"), parts.get("password"))),
        name=known.text(_("the name of the database"), parts.get("name")),
        port=int(given_port) if given_port.isdigit() and 0 < int(given_port[:6]) < 65536 else port,
        socket=known.text(_("the socket"), parts.get("socket")) or socket,
        prefix=known.text(_("the prefix of the tables"), parts.get("prefix")),
        driver=known.text(_("the kind of database"), parts.get("driver"), "mysql"),
        unknown=tuple(known.unknown),
        lines=lines or {},
        outside=tuple((part, value.env) for part, value in parts.items() if isinstance(value, Unknown) and value.env),
    )


# --- each program -----------------------------------------------------------------------------------
def of_wordpress(found: PhpSettings) -> DatabaseLogin | None:
    names = {"name": "DB_NAME", "user": "DB_USER", "password": "DB_PASSWORD", "host": "DB_HOST"}
    if not any(name in found.constants for name in names.values()):
        return None
    missing = Unknown(_("nothing: it is not set"))
    parts: dict[str, Value] = {part: found.constants.get(name, missing) for part, name in names.items()}
    parts["prefix"] = found.variables.get("table_prefix", missing)
    lines = {part: found.lines[name] for part, name in names.items() if name in found.lines}
    if "$table_prefix" in found.lines:
        lines["prefix"] = found.lines["$table_prefix"]
    if "MULTISITE" in found.lines:
        lines["network"] = found.lines["MULTISITE"]
    return _login(parts, lines)


def of_joomla(found: PhpSettings) -> DatabaseLogin | None:
    """`configuration.php`: the properties of JConfig."""
    names = {"host": "host", "user": "user", "password": "password", "name": "db", "prefix": "dbprefix", "driver": "dbtype"}
    return _of_variables(found, found.variables, names)


def of_drupal(found: PhpSettings) -> DatabaseLogin | None:
    """`sites/*/settings.php`: $databases['default']['default']."""
    names = {"host": "host", "user": "username", "password": "password", "name": "database", "port": "port", "socket": "unix_socket",
             "prefix": "prefix", "driver": "driver"}  # fmt: skip
    return _of_variables(found, _inner(found.variables.get("databases"), "default", "default"), names)


def of_prestashop(found: PhpSettings) -> DatabaseLogin | None:
    """`app/config/parameters.php` (1.7 and later) or `config/settings.inc.php`."""
    new = _inner(found.returned, "parameters")
    names = {"host": "database_host", "user": "database_user", "password": "database_password", "name": "database_name",
             "port": "database_port", "prefix": "database_prefix"}  # fmt: skip
    if new:
        return _of_variables(found, new, names)
    old = {"host": "_DB_SERVER_", "user": "_DB_USER_", "password": "_DB_PASSWD_", "name": "_DB_NAME_", "prefix": "_DB_PREFIX_"}
    return _of_variables(found, found.constants, old)


def of_magento(found: PhpSettings) -> DatabaseLogin | None:
    """`app/etc/env.php`."""
    database = _inner(found.returned, "db")
    names = {"host": "host", "user": "username", "password": "password", "name": "dbname", "socket": "unix_socket"}
    made = _of_variables(found, _inner(database, "connection", "default"), names)
    prefix = database.get("table_prefix") if database else None
    return made and _with_prefix(made, prefix)


def of_typo3(found: PhpSettings) -> DatabaseLogin | None:
    """`config/system/settings.php` or `typo3conf/LocalConfiguration.php`."""
    names = {"host": "host", "user": "user", "password": "password", "name": "dbname", "port": "port", "socket": "unix_socket",
             "driver": "driver"}  # fmt: skip
    return _of_variables(found, _inner(found.returned, "DB", "Connections", "Default"), names)


def of_environment(values: Mapping[str, str], lines: Mapping[str, tuple[str, int]] | None = None) -> DatabaseLogin | None:
    """Laravel's and Symfony's `.env`. `lines`: where each name is given its value."""
    lines = lines or {}
    address = next((name for name in ("DATABASE_URL", "DB_URL") if "://" in values.get(name, "")), "")
    if address:
        at = {part: lines[address] for part in ("host", "user", "password", "name") if address in lines}
        return replace(_of_address(values[address]), lines=at)
    if "DB_DATABASE" not in values:
        return None
    names = {"host": "DB_HOST", "user": "DB_USERNAME", "password": "DB_PASSWORD", "name": "DB_DATABASE", "port": "DB_PORT",
             "socket": "DB_SOCKET", "prefix": "DB_PREFIX", "driver": "DB_CONNECTION"}  # fmt: skip
    at = {part: lines[name] for part, name in names.items() if name in lines}
    return _login({part: values[name] for part, name in names.items() if name in values}, at)


def _of_address(address: str) -> DatabaseLogin:
    """mysql://user:password@host:port/name?unix_socket=…"""
    try:
        parts = urlsplit(address)
        port = parts.port or 3306
    except ValueError:
        return None
    socket = re.search(r"[?&]unix_socket=([^&]+)", address)
    return _login({
        "host": parts.hostname or "localhost", "user": unquote(parts.username or ""), "password": unquote(parts.password or ""),
        "name": unquote(parts.path.lstrip("/")), "port": port, "socket": unquote(socket[1]) if socket else None,
        "driver": parts.scheme.replace("-", "_"),
    })  # fmt: skip


def _inner(value: Value, *keys: str) -> dict[str | int, Value]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _of_variables(found: PhpSettings, values: Mapping[Any, Value], names: Mapping[str, str]) -> DatabaseLogin | None:
    if not values or names["name"] not in values:
        return None
    known = {**found.keys, **found.lines}
    lines = {part: known[mark] for part, name in names.items() for mark in (name, f"${name}") if mark in known}
    return _login({part: values[name] for part, name in names.items() if name in values}, lines)


def _with_prefix(made: DatabaseLogin, prefix: Value) -> DatabaseLogin:
    return replace(made, prefix=prefix) if isinstance(prefix, str) else made


OF_PHP: Mapping[str, Callable[[PhpSettings], DatabaseLogin | None]] = {
    "wordpress": of_wordpress, "joomla": of_joomla, "drupal": of_drupal, "prestashop": of_prestashop, "magento": of_magento,
    "typo3": of_typo3,
}  # fmt: skip
