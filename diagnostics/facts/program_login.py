"""The way into the database of any program that says it cannot reach it: from its settings, and tried where that is possible."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from diagnostics.evidence import DatabaseWay, Evidence
from diagnostics.facts.database import Asker
from diagnostics.facts.database import read as tried
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.paths import shown
from diagnostics.facts.php_files import PhpFiles
from diagnostics.facts.settings.any_login import login_in, prefix_in
from diagnostics.facts.settings.env_files import NAMES
from diagnostics.facts.settings.logins import DatabaseLogin
from diagnostics.facts.settings.secret import Secret
from diagnostics.facts.small_files import LIMIT, SmallFiles
from diagnostics.installed import Application, DatabaseTrial
from diagnostics.php.database_words import Refused, cannot_connect, database_cause, lost_table, refused_values
from diagnostics.transports.base import TransportError

_MOST = 10  # settings files
_SHORTEST = 4  # characters of a value that is looked for in any words
_COMMENT = re.compile(r"\s*(?:#|//|\*|/\*|;)")
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


def read(
    files: SmallFiles,
    evidence: Evidence,
    logins: Mapping[str, DatabaseLogin],
    ask_from_here: Asker | None = None,
    deadline: float = math.inf,
) -> Evidence:
    """Looked for only where a log or a page says that the database cannot be used. Never raises. `deadline` in monotonic seconds."""
    if isinstance(evidence.database, DatabaseTrial) or not any(page.kind not in _WELL for page in evidence.site.pages):
        return evidence
    if not any(cannot_connect(text) or database_cause(text) for text in _texts(evidence)):
        return evidence
    refused = _refused(evidence)
    usual = [logins[each.absolute] for each in evidence.applications if each.absolute in logins]
    known = next((login for login in usual if refused.fits(login.user, login.name)), None)
    try:
        found = None if known is not None else _found(files, evidence, refused, deadline)
        login = known or found
        if login is None:
            return evidence
        way = _way(files, login, evidence.docroot)
        if way is None or found is None:  # that of a program that is known was tried before
            return replace(evidence, database_way=way)
        at = tuple((part, way.path, line) for part, line in way.lines)
        application = Application("php", "PHP", "", "", settings_path=way.path, login_at=at)
        lost = _lost(evidence, way)
        trial = tried(files.reader, application, replace(found, prefix=way.prefix), ask_from_here, lost)
    except TransportError:
        return evidence
    if not isinstance(trial, DatabaseTrial) or trial.code:
        return replace(evidence, database_way=way, database=trial)
    way = replace(way, has_tables=trial.tables > 0)
    # Which tables it needs nobody knows: that it misses one is told by what it says alone.
    return replace(evidence, database_way=way, database=trial if lost and not trial.tables else evidence.database)


def _lost(evidence: Evidence, way: DatabaseWay) -> str:
    """The table that was missed, without the prefix that these settings put before each."""
    tables = (lost_table(text) for text in _texts(evidence))
    return next((table[len(way.prefix) :] for table in tables if way.prefix and table.startswith(way.prefix)), "")


def _texts(evidence: Evidence) -> Iterator[str]:
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    telling = [line for line in lines if line.paired or is_telling(line.text)]
    for line in (*telling[-8:], *evidence.application_log[-6:]):
        yield line.text[:4000]
        yield line.before[:2000]
    for page in evidence.site.pages:
        if page.kind not in _WELL and len(page.body) <= _SHORT:
            yield re.sub(r"<[^<>]{0,500}>", " ", page.body.decode("utf-8", "replace"))


def _refused(evidence: Evidence) -> Refused:
    """What was refused to our own requests, where a log has lines of these."""
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    ours = [line.text[:4000] for line in lines if line.paired]
    values = refused_values("\n".join(ours))
    return values if any(values) else refused_values("\n".join(() if ours else _texts(evidence)))


def _found(files: SmallFiles, evidence: Evidence, refused: Refused, deadline: float) -> DatabaseLogin | None:
    """In files whose names say that they are settings and scripts that were read already, in what those load, and in what was changed."""
    php = PhpFiles(files, evidence, deadline)
    looks = (
        lambda: [*_named(evidence), *(script.absolute for script in evidence.php.scripts)],
        lambda: (
            [script.absolute for script in php.loaded(list(evidence.php.scripts))]
            + php.required_unlisted(list(evidence.php.scripts))[:_MOST]
        ),
        lambda: [script.absolute for script in php.changed_lately()],
    )
    texts: dict[str, str] = {}
    for look in looks:
        wanted = [path for path in dict.fromkeys(look()) if path not in texts]
        files.fetch(wanted)
        for path in wanted:
            text = files.text(path) or ""
            login = login_in(text, path)
            if login is not None and refused.fits(login.user, login.name):
                return login
            texts[path] = text if login is None else ""  # those of something else
    return _by_values(texts, refused)


def _named(evidence: Evidence) -> list[str]:
    """The uppermost first."""
    entries = [entry for entry in (*(evidence.tree if isinstance(evidence.tree, tuple) else ()), *evidence.beside) if entry.kind == "file"]
    named = [
        entry.absolute for entry in entries
        if entry.size <= LIMIT and not _NO_SETTINGS.search(f"/{entry.path}")
        and (_SETTINGS.search(entry.path) or posixpath.basename(entry.path) in NAMES)
    ]  # fmt: skip
    return sorted(named, key=lambda path: (path.count("/"), posixpath.basename(path)))[:_MOST]


def _by_values(texts: Mapping[str, str], refused: Refused) -> DatabaseLogin | None:
    """The one line that writes out the database or the user that was refused, in whatever words."""
    for part, values in (("name", refused.names), ("user", refused.users)):
        at = {(path, number) for value in values for path, text in texts.items() for number in _lines_with(value, text)}
        if len(at) == 1 and len(values) == 1:
            value = next(iter(values))
            name, user = (value, "") if part == "name" else ("", value)
            return DatabaseLogin("", user, Secret(""), name, unknown=("?",), lines={part: at.pop()})
    return None


def _lines_with(value: str, text: str) -> list[int]:
    if len(value) < _SHORTEST or value not in text:
        return []
    written = re.compile(rf"(['\"]){re.escape(value)}\1|^[\w.\s-]{{1,80}}[=:]\s*{re.escape(value)}\s*$")
    lines = enumerate(text.split("\n"), 1)
    return [number for number, line in lines if len(line) <= 2000 and not _COMMENT.match(line) and written.search(line)]


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
