"""A database login written anew in a program's own settings: single values, the rest byte for byte as it was.

Where a value stands is told by the same reading that found it, and what was written is proven by reading it again: where that does not
give just what was wanted, nothing is written.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote

from diagnostics.facts.settings import any_login
from diagnostics.facts.settings.env_files import NAMES, env_lines, env_quoted, env_value_at, read_env
from diagnostics.facts.settings.logins import OF_PHP, DatabaseLogin, is_about, of_environment
from diagnostics.facts.settings.php_settings import read_php
from diagnostics.facts.settings.php_tokens import texts_at, values_at
from sites.texts import mark as _

PARTS: Mapping[str, str] = {
    "user": _("user name"), "password": _("password"), "name": _("name of the database"), "host": _("server"), "port": _("port"),
    "socket": _("socket"),
}  # fmt: skip
ANY = "php"  # a program of which nothing is known but the file that holds its login
_PORT_IN_HOST = frozenset({"wordpress", "joomla", "prestashop"})  # these take "server:port" for the server
_LINES_OF_A_VALUE = 3  # a name, its arrow and its value may each have a line of their own
_DSN_PARTS = {"host": "host", "port": "port", "name": "dbname", "socket": "unix_socket"}
_PLAIN = re.compile(r"[\w.@:/+-]+\Z", re.ASCII)  # means the same in every kind of settings file, with and without quotes
_ADDRESS = re.compile(r"(?P<scheme>[\w+.-]+://)(?:[^/?#]*@)?[^/?#]*(?:/[^?#]*)?(?P<rest>.*)\Z", re.DOTALL)


class NotWritable(Exception):
    """It cannot be written without guessing; the message says what a person has to do. Nothing was written."""


def login_in(program: str, settings: str, files: Mapping[str, str], server: Mapping[str, str]) -> DatabaseLogin | None:
    """The login that these texts of settings files give, by their absolute paths. `settings` is the file that is read first."""
    if program == ANY:
        return _in_any(files[settings], settings) if settings in files else None
    if program in OF_PHP:
        if settings not in files:
            return None
        found = read_php(settings, files[settings], load=files.get, exists=lambda path: path in files, server=server)
        return None if found.trouble else OF_PHP[program](found)
    values: dict[str, str] = {}
    lines: dict[str, tuple[str, int]] = {}
    for path in (posixpath.join(posixpath.dirname(settings), name) for name in NAMES):
        if path in files:
            values = read_env(files[path], values)
            lines |= {name: (path, number) for name, number in env_lines(files[path]).items()}
    return of_environment(values, lines)


def _in_any(text: str, path: str) -> DatabaseLogin | None:
    found, named = any_login.login_in(text, path), any_login.prefix_in(text)
    if found is None or named is None:
        return found
    return replace(found, prefix=named[0], lines={**found.lines, "prefix": (path, named[1])})


def with_login(
    program: str, settings: str, files: Mapping[str, str], wanted: DatabaseLogin, server: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The texts that change, by their paths, and which parts of the login those are (keys of `PARTS`). Raises NotWritable."""
    now = login_in(program, settings, files, server)
    if now is None:
        raise NotWritable(_("No login is found in the settings of this program. Write it there by hand."))
    texts, done = dict(files), []
    for part, value, goal in _steps(program, now, wanted):
        place = now.lines.get(part)
        made = None if place is None else next(_proven(program, settings, texts, place, value, goal, server), None)
        if made is None and place is not None and part in dict(now.outside):
            made = next(_proven(program, settings, texts, place, value, goal, server, whole=True), None)
        if made is None:
            raise NotWritable(_why_not(part, now))
        texts, now = made, goal
        done.append(part)
    return {path: text for path, text in texts.items() if text != files[path]}, tuple(done)


def with_prefix(program: str, settings: str, files: Mapping[str, str], prefix: str, server: Mapping[str, str]) -> dict[str, str]:
    """The texts that change where the program's tables begin otherwise than its settings say. Raises NotWritable."""
    now = login_in(program, settings, files, server)
    place = now.lines.get("prefix") if now else None
    made = (
        next(_proven(program, settings, dict(files), place, prefix, replace(now, prefix=prefix), server), None) if now and place else None
    )
    if made is None:
        raise NotWritable(_("The prefix is not written in the settings in a way that can be changed safely. Change it by hand."))
    return {path: text for path, text in made.items() if text != files[path]}


def _why_not(part: str, now: DatabaseLogin) -> str:
    if told := [each for each in now.unknown if each != "?"]:  # of a program that is not known nothing more can be said
        return _("The settings do not tell all of the login themselves: {why}. Change it there.").format(why="; ".join(told))
    return _("The {part} is not written in the settings in a way that can be changed safely. Change it by hand.").format(part=PARTS[part])


def _steps(program: str, now: DatabaseLogin, wanted: DatabaseLogin) -> Iterator[tuple[str, str, DatabaseLogin]]:
    """Each value to write, with the login that the settings give after it."""
    goal = now
    for part in ("user", "name"):
        if getattr(now, part) != getattr(wanted, part):
            goal = _known(replace(goal, **{part: getattr(wanted, part)}), part)
            yield part, getattr(wanted, part), goal
    if now.password.reveal() != wanted.password.reveal():
        goal = _known(replace(goal, password=wanted.password), "password")
        yield "password", wanted.password.reveal(), goal
    place = {each: getattr(wanted, each) for each in ("host", "port", "socket") if getattr(now, each) != getattr(wanted, each)}
    apart = [part for part in place if part == "host" or part in now.lines]
    if program in _PORT_IN_HOST and set(place) - set(apart):
        goal = replace(goal, **place)
        yield "host", wanted.where if wanted.socket else _host_and_port(wanted), goal
        return
    for part, value in place.items():
        goal = replace(goal, **{part: value})
        yield part, str(value), goal


def _known(login: DatabaseLogin, part: str) -> DatabaseLogin:
    """Once it is written out, this part no longer comes from elsewhere."""
    return replace(login, unknown=tuple(each for each in login.unknown if not is_about(each, part)))


def _host_and_port(login: DatabaseLogin) -> str:
    return login.host if login.port == 3306 else f"{login.host}:{login.port}"


def _proven(
    program: str, settings: str, texts: dict[str, str], place: tuple[str, int], value: str, goal: DatabaseLogin, server: Mapping[str, str],
    *, whole: bool = False,
) -> Iterator[dict[str, str]]:  # fmt: skip
    """Texts of which reading them again gives just what was wanted. `whole`: what the file asks of the server's surroundings gives way."""
    path, line = place
    ways = _whole_in_php if whole else _ways
    for text in ways(program, texts, path, line, value, goal) if path in texts else ():
        tried = {**texts, path: text}
        found = login_in(program, settings, tried, server)
        if found is not None and _told(found) == _told(goal):
            yield tried


def _ways(program: str, texts: Mapping[str, str], path: str, line: int, value: str, goal: DatabaseLogin) -> Iterator[str]:
    """The file with the value in another place of this line, one after the other."""
    if program in OF_PHP or (program == ANY and path.endswith((".php", ".inc"))):
        yield from _in_php(texts[path], line, value)
        yield from _in_dsn(texts[path], line, value, goal) if program == ANY else ()
    elif program != ANY or posixpath.basename(path) in NAMES or _PLAIN.match(value):
        yield from _in_environment(texts, path, line, value, goal)


def _told(login: DatabaseLogin) -> tuple[object, ...]:
    place = (login.host, login.port, login.socket, login.name, login.prefix, login.driver)
    return (*place, login.user, login.password.reveal(), login.unknown)


def _in_php(source: str, line: int, value: str) -> Iterator[str]:
    """The source with one text of this line, or of the next ones, replaced: in single quotes nothing but these two has a meaning."""
    written = _quoted(value)
    for kind, start, end in texts_at(source, range(line, line + _LINES_OF_A_VALUE)):
        yield source[:start] + (value if kind == "number" and value.isdigit() else written) + source[end:]


def _whole_in_php(program: str, texts: Mapping[str, str], path: str, line: int, value: str, _goal: DatabaseLogin) -> Iterator[str]:
    """The source with one whole value of this line, or of the next ones, replaced."""
    for start, end in values_at(texts[path], range(line, line + _LINES_OF_A_VALUE)) if program in OF_PHP else ():
        yield texts[path][:start] + _quoted(value) + texts[path][end:]


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _in_dsn(source: str, line: int, value: str, goal: DatabaseLogin) -> Iterator[str]:
    """The same in the text that PDO is given ("mysql:host=db;port=3306;dbname=shop"): what means something there is not written."""
    for part, name in _DSN_PARTS.items() if _PLAIN.match(value) else ():
        if str(getattr(goal, part)) != value:
            continue
        for _kind, start, end in texts_at(source, range(line, line + 1)):
            text = re.sub(rf"(?<=[:;]){name}=[^;'\"]*", f"{name}={value}", source[start:end], count=1)
            yield source[:start] + text + source[end:]


def _in_environment(texts: Mapping[str, str], path: str, line: int, value: str, goal: DatabaseLogin) -> Iterator[str]:
    found = env_value_at(texts[path], line)
    if found is None:
        return
    name, start, end = found
    raw = read_env(texts[path]).get(name, "")
    text = _address(raw, goal) if "://" in raw else value
    yield texts[path][:start] + env_quoted(text) + texts[path][end:]


def _address(raw: str, login: DatabaseLogin) -> str:
    """The address with another login in it (RFC 3986: what means something in an address is written as %XX)."""
    parts = _ADDRESS.match(raw)
    host = login.host if ":" not in login.host else f"[{login.host}]"
    port = "" if login.port == 3306 and ":3306" not in raw else f":{login.port}"
    secret = f":{quote(login.password.reveal(), safe='')}" if login.password else ""
    head = parts["scheme"] if parts else "mysql://"
    return f"{head}{quote(login.user, safe='')}{secret}@{host}{port}/{quote(login.name, safe='')}{parts['rest'] if parts else ''}"
