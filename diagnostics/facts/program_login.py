"""The way into the database of any program that says it cannot reach it: from its settings, and tried where that is possible."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from diagnostics.evidence import DatabaseWay, Evidence
from diagnostics.facts.database import Asker
from diagnostics.facts.database import read as tried
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.paths import shown
from diagnostics.facts.settings.any_login import login_in, prefix_in
from diagnostics.facts.settings.env_files import NAMES
from diagnostics.facts.settings.logins import DatabaseLogin
from diagnostics.facts.small_files import LIMIT, SmallFiles
from diagnostics.installed import Application, DatabaseTrial
from diagnostics.php.database_words import cannot_connect, database_cause, lost_table
from diagnostics.transports.base import TransportError

_MOST = 10  # settings files
_SHORT = 8000  # bytes of a page that says one thing
_SETTINGS = re.compile(
    r"(?:^|/)(?:[\w.-]*(?:config|settings|parameters|credentials|datenbank|database|globals|secrets)[\w.-]*|conn\w*|db|dbconn\w*|common|local|mysql\w*"
    r"|conf(?:ig)?[._-]?db|init|bootstrap)(?:\.inc)?\.(?:php\d?|inc|ini)\Z",
    re.IGNORECASE,
)
_NO_SETTINGS = re.compile(
    r"/(?:vendor|node_modules|cache|tests?|wp-includes|wp-admin|install(?:ation)?|lang\w*|templates?|plugins)/|sample|example|\.dist",
    re.IGNORECASE,
)
_WELL = frozenset({"ok", "maintenance", "blocked", ""})


def read(files: SmallFiles, evidence: Evidence, logins: Mapping[str, DatabaseLogin], ask_from_here: Asker | None = None) -> Evidence:
    """Looked for only where a log or a page says that the database cannot be used. Never raises."""
    if isinstance(evidence.database, DatabaseTrial) or not any(page.kind not in _WELL for page in evidence.site.pages):
        return evidence
    if not any(cannot_connect(text) or database_cause(text) for text in _texts(evidence)):
        return evidence
    known = next((logins[each.absolute] for each in evidence.applications if each.absolute in logins), None)
    try:
        found = None if known is not None else _found(files, evidence)
        login = known or found
        if login is None:
            return evidence
        way = _way(files, login, evidence.docroot)
        if way is None or found is None:  # that of a program that is known was tried before
            return replace(evidence, database_way=way)
        application = Application("php", "PHP", "", "", settings_path=way.path)
        trial = tried(files.reader, application, _with_prefix(found, way), ask_from_here)
    except TransportError:
        return evidence
    if not isinstance(trial, DatabaseTrial) or trial.code:
        return replace(evidence, database_way=way, database=trial)
    way = replace(way, has_tables=trial.tables > 0)
    lacks = way.prefix and not trial.tables and any(lost_table(text).startswith(way.prefix) for text in _texts(evidence))
    return replace(evidence, database_way=way, database=trial if lacks else evidence.database)  # which tables it needs nobody knows


def _with_prefix(login: DatabaseLogin, way: DatabaseWay) -> DatabaseLogin:
    number = dict(way.lines).get("prefix")
    return replace(login, prefix=way.prefix, lines={**login.lines, "prefix": (way.path, number)}) if number else login


def _texts(evidence: Evidence) -> Iterator[str]:
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    telling = [line for line in lines if line.paired or is_telling(line.text)]
    for line in (*telling[-8:], *evidence.application_log[-6:]):
        yield line.text[:4000]
        yield line.before[:2000]
    for page in evidence.site.pages:
        if page.kind not in _WELL and len(page.body) <= _SHORT:
            yield re.sub(r"<[^<>]{0,500}>", " ", page.body.decode("utf-8", "replace"))


def _found(files: SmallFiles, evidence: Evidence) -> DatabaseLogin | None:
    """In the scripts that were read already, and in files whose names say that they are settings, the uppermost first."""
    entries = [entry for entry in (*(evidence.tree if isinstance(evidence.tree, tuple) else ()), *evidence.beside) if entry.kind == "file"]
    named = [
        entry.absolute for entry in entries
        if entry.size <= LIMIT and not _NO_SETTINGS.search(f"/{entry.path}")
        and (_SETTINGS.search(entry.path) or posixpath.basename(entry.path) in NAMES)
    ]  # fmt: skip
    named.sort(key=lambda path: (path.count("/"), posixpath.basename(path)))
    scripts = [script.absolute for script in evidence.php.scripts]
    wanted = list(dict.fromkeys([*named[:_MOST], *scripts]))
    files.fetch(wanted)
    return next((login for path in wanted if (login := login_in(files.text(path) or "", path)) is not None), None)


def _way(files: SmallFiles, login: DatabaseLogin, docroot: str) -> DatabaseWay | None:
    path = next((login.lines[part][0] for part in ("host", "name", "user") if part in login.lines), "")
    if not path:
        return None
    lines = tuple((part, line) for part, (file, line) in login.lines.items() if file == path)
    given = (("user", login.user), ("password", login.password.reveal()))
    lacks = tuple(part for part, value in given if part in login.lines and not value)
    prefix, number = prefix_in(files.text(path) or "") or ("", 0)
    lines += (("prefix", number),) if prefix else ()
    return DatabaseWay(shown(path, docroot), login.where, login.port, lines, lacks, _is_lost(files, login.socket), prefix)


def _is_lost(files: SmallFiles, socket: str) -> bool:
    """Whether a socket is not where the settings name it. A login that sees only a part of the machine cannot tell of its folder."""
    if not socket:
        return False
    try:
        return all(posixpath.basename(entry.path) != posixpath.basename(socket) for entry in files.reader.list(posixpath.dirname(socket)))
    except TransportError:
        return False
