# ruff: noqa: E501 (a pattern stays in one piece)
"""The way into a database as the settings of any PHP program have it: by what its names end in, whatever they begin with.

Read line by line and never executed: `define`, `const`, variables, properties, keys of arrays, `NAME=value`, and what calls of mysqli and
PDO are given. A value that is not written out is no value here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from diagnostics.facts.settings.logins import DatabaseLogin, split_host
from diagnostics.facts.settings.secret import Secret

_VALUE = r"(?P<value>'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n$]|\\.)*+\"|\d{1,6}\b|null\b)"
_GIVEN = re.compile(
    rf"(?:\bdefine\s*\(\s*['\"](?P<constant>\w{{2,60}})['\"]\s*,\s*|\bconst\s+(?:\w+\s+)?(?P<const>\w{{2,60}})\s*=\s*"
    rf"|\$(?P<variable>\w{{1,60}}(?:(?:->\w{{1,60}})|\[['\"]?\w{{1,60}}['\"]?\]){{0,4}})\s*=\s*|['\"](?P<key>[\w.]{{2,60}})['\"]\s*=>\s*)"
    rf"(?:env\s*\(\s*['\"]\w+['\"]\s*,\s*)?{_VALUE}",
    re.IGNORECASE,
)
_OPENS = re.compile(r"(?:['\"]|\$)(?P<name>\w{1,60})['\"]?(?:\[['\"]?\w{0,60}['\"]?\]){0,3}\s*=>?\s*(?:\[|array\s*\()", re.IGNORECASE)
_BARE = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_.]\w{1,60}(?:\.\w{1,60}){0,3})\s*=\s*(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s#;]*)")
_CALLED = re.compile(
    rf"(?:\bnew\s+\\?mysqli|\bmysqli?_p?connect|\bmysqli_real_connect|->real_connect)\s*\((?:\s*\$\w+\s*,)?(?P<given>(?:\s*{_VALUE.replace('?P<value>', '?:')}\s*,?){{2,6}})",
    re.IGNORECASE,
)
# The port where the rest is handed over in variables: `new mysqli($server, $user, $password, $name, 3307)`.
_PORT_CALLED = re.compile(
    r"(?:\bnew\s+\\?mysqli|\bmysqli_connect|\bmysqli_real_connect|->real_connect)\s*\((?:\s*\$[\w>\[\]'\"-]{1,60}\s*,){3,6}\s*(\d{2,5})\s*[,)]"
)
_DSN = re.compile(
    r"['\"](?:mysql|mariadb):(?P<dsn>[^'\"\n]{3,300})['\"](?:\s*,\s*['\"](?P<user>[^'\"\n]{1,80})['\"]\s*,\s*(?P<password>'[^'\n]*'|\"[^\"\n$]*\"))?"
)
_COMMENT = re.compile(r"^\s*(?:#|//|\*|/\*|;)")
_ENDS = (
    ("socket", re.compile(r"(?:unix_?)?socket\Z")), ("port", re.compile(r"port\Z")),
    ("password", re.compile(r"(?:pass(?:word|wd|wort)?|pwd|pw)\Z")), ("user", re.compile(r"(?:user(?:_?name)?|login|usr|benutzer)\Z")),
    ("host", re.compile(r"(?:host(?:_?name)?|server(?:_?name)?|srv|address)\Z")),
    ("name", re.compile(r"(?:data_?base(?:_?name)?|db_?name|_name|dbase|schema|\bname|(?<![a-z])db)\Z")),
)  # fmt: skip
_PREFIX = re.compile(r"(?:\A|db|table|sql|database)_?\w{0,10}_?pre(?:fix)?\Z", re.IGNORECASE)
_OF_DATABASE = re.compile(r"db|data_?base|sql|conn|datenbank|bdd", re.IGNORECASE)
_OTHERS = re.compile(
    r"smtp|mail|ftp|redis|memcache|ldap|elastic|cache|queue|session|proxy|imap|cookie|rabbit|amqp|mongo|solr|admin", re.IGNORECASE
)
_ORDER = ("host", "user", "password", "name", "port", "socket")


@dataclass(frozen=True, slots=True)
class _Given:
    group: str
    part: str
    value: str = field(repr=False)
    line: int


def login_in(text: str, path: str) -> DatabaseLogin | None:
    """The login that a settings file writes out, with the lines of its parts; None where there is none to tell."""
    groups: dict[str, dict[str, _Given]] = {}
    for given in _all(text):
        groups.setdefault(given.group, {})[given.part] = given  # what is set last counts
    apart = [each for each in groups.values() if {"user", "password"} <= set(each) and "host" not in each]
    if "host" in groups.get("pdo", {}) and "user" not in groups["pdo"] and len(apart) == 1:
        groups["pdo"] |= {part: apart[0][part] for part in ("user", "password")}  # 'dsn' => 'mysql:host=…', 'username' => …
    fitting = [
        (group, parts) for group, parts in groups.items()
        if "host" in parts and ("user" in parts or "name" in parts) and (_OF_DATABASE.search(group) or {"user", "password"} <= set(parts))
    ]  # fmt: skip
    if not fitting:
        return None
    _group, parts = max(fitting, key=lambda each: (_OF_DATABASE.search(each[0]) is not None, len(each[1])))
    alone = [each["name"] for each in groups.values() if set(each) == {"name"}]
    is_guessed = "name" not in parts and len(alone) == 1  # "$servername", "$username", "$password", and then "$dbname"
    parts = {**parts, "name": alone[0]} if is_guessed else parts
    value = {part: given.value for part, given in parts.items()}
    host, port, socket = split_host(value["host"])
    called = set(_PORT_CALLED.findall(text))
    number = value.get("port", "") or (called.pop() if len(called) == 1 else "")
    return DatabaseLogin(
        host, value.get("user", ""), Secret(value.get("password", "")), value.get("name", ""),
        port=int(number) if number.isdigit() and 0 < int(number) < 65536 else port, socket=value.get("socket", "") or socket,
        unknown=() if {"user", "password", "name"} <= set(value) and not is_guessed else ("?",),
        lines={part: (path, given.line) for part, given in parts.items()},
    )  # fmt: skip


def prefix_in(text: str) -> tuple[str, int] | None:
    """What the settings put before the name of every table, and its line; None where they name none."""
    for number, line in enumerate(text.split("\n"), 1):
        if _COMMENT.match(line) or len(line) > 2000:
            continue
        given = [
            (match["constant"] or match["const"] or match["variable"] or match["key"], match["value"]) for match in _GIVEN.finditer(line)
        ]
        if bare := _BARE.match(line):
            given.append((bare["name"], bare["value"]))
        for name, value in given:
            if _PREFIX.search(name) and (plain := _plain(value)):
                return plain, number
    return None


def _all(text: str) -> Iterator[_Given]:
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        if _COMMENT.match(line) or len(line) > 2000:
            continue
        if opened := list(_OPENS.finditer(line)):
            section = opened[-1]["name"] + "."
        for match in _GIVEN.finditer(line):
            name = match["constant"] or match["const"] or match["variable"] or f"{section}{match['key']}"
            yield from _named(name, match["value"], number)
        if (bare := _BARE.match(line)) and "$" not in line[: bare.end("name")]:
            yield from _named(bare["name"], bare["value"], number)
        for match in _CALLED.finditer(line):
            values = re.findall(_VALUE.replace("?P<value>", ""), match["given"], re.IGNORECASE)
            yield from (_Given("mysqli", part, _plain(value), number) for part, value in zip(_ORDER, values, strict=False))
        for match in _DSN.finditer(line):
            parts = dict(each.split("=", 1) for each in match["dsn"].split(";") if "=" in each)
            names = {"host": "host", "port": "port", "dbname": "name", "unix_socket": "socket"}
            yield from (_Given("pdo", names[key], value, number) for key, value in parts.items() if key in names)
            if match["user"]:
                yield _Given("pdo", "user", match["user"], number)
                yield _Given("pdo", "password", _plain(match["password"]), number)


def _named(name: str, value: str, line: int) -> Iterator[_Given]:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    low = re.sub(r"->|\[['\"]?|\.", ".", words).replace("]", "").replace("'", "").replace('"', "").lower()
    for part, end in _ENDS:
        if match := end.search(low):
            group = low[: match.start()] + ("db" if match[0].startswith("db") and part == "name" and match[0] != "db" else "")
            group = group.strip("_.")
            if not _OTHERS.search(group):
                yield _Given(group, part, _plain(value), line)
            return


def _plain(value: str) -> str:
    if value[:1] in "'\"" and value[-1:] == value[:1] and len(value) > 1:
        return re.sub(r"\\(['\"\\$])", r"\1", value[1:-1])
    return "" if value.lower() == "null" else value
