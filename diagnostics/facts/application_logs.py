"""What an application wrote into a log of its own about the time of the failure. Read only when no error log of the server explains it.

Places as each project's own documentation and source name them: Laravel config/logging.php, Symfony monolog.yaml, PrestaShop
src/Core and classes/log, Joomla libraries/src/Log, Magento app/etc/di.xml and pub/errors/processor.php, TYPO3 LoggingConfiguration.
"""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
from collections.abc import Collection, Iterable

from diagnostics.evidence import Evidence, LogLine, PageSeen, SiteSeen, moment_of
from diagnostics.facts import error_log
from diagnostics.facts.access_log import Request
from diagnostics.facts.paths import above
from diagnostics.installed import Application
from diagnostics.php.application_messages import names_a_place
from diagnostics.transports.base import Entry, FileKind, Reader, TransportError

LIMIT = 256 * 1024
MOST_LOGS = 3
MOST_LINES = 40
_LOGS: dict[str, tuple[str, ...]] = {
    "laravel": ("storage/logs",), "symfony": ("var/log", "var/logs"), "prestashop": ("var/logs", "log", "app/logs"),
    "joomla": ("administrator/logs", "logs"), "magento": ("var/log",), "typo3": ("var/log", "typo3temp/var/log", "typo3temp/var/logs"),
    "drupal": ("sites/default/files/logs", "sites/default/logs"), "wordpress": ("wp-content", "wp-content/uploads/wc-logs"),
}  # fmt: skip
_NAME = re.compile(
    r"(?:^|[._-])(?:log|logs|error|errors|exception|system|prod|production|laravel|typo3|"
    r"debug|fatal-errors|everything|php)\b"
)
_OF_ANY = re.compile(
    r"(?:^|/)(?!access|mail|cron)[^/]*(?:\.log|(?:error|exception|log)s?\.txt)$|/logs?/[^/]+\.(?:log|txt)$|"
    r"/logs?/(?:log|error)[\w.-]*\.php$"
)
# What leads to the logs of a program: var/log, storage/logs, app/storage/logs, writable/logs, runtime/logs, tmp/logs.
_ON_THE_WAY = frozenset({"log", "logs", "var", "storage", "writable", "runtime", "tmp", "data", "app", "application"})
MOST_PROGRAMS, _MOST_LISTED, _DEEPEST, _MOST_LOOKS = 3, 12, 4, 12  # a look is a round trip
_SUFFIX = re.compile(r"\.(?:log|php|txt)$")
_REPORT = re.compile(r"(?:error log record number|report (?:id|number))\W{0,20}(?:<[^>]{1,40}>)?\W{0,5}([0-9a-f]{6,64})\b", re.IGNORECASE)
_FAILED = re.compile(
    r"\b(?:ERROR|CRITICAL|ALERT|EMERGENCY|Fatal|Uncaught|Exception|Throwable|SQLSTATE)\b|\[error\]|\berror:|[a-z]Exception\b|"
    r"Error: |Error\("
)
_OF_SERVER = re.compile(r"(?:\[[^\]\n]{1,80}\] |\([^)\n]{1,60}\)[\w ]{1,60}: )*AH\d{5}: ")  # Apache numbers what it says itself
_QUIET = re.compile(r"\.(?:DEBUG|INFO|NOTICE|WARNING): |\t(?:INFO|NOTICE|WARNING|DEBUG) |PHP (?:Warning|Notice|Deprecated):")


def read(reader: Reader, evidence: Evidence, requests: tuple[Request, ...] = (), known: Collection[str] = ()) -> tuple[LogLine, ...]:
    """The entries that tell of an error, oldest first. `known`: logs that were read already. Never raises."""
    since = error_log.beginning(evidence.site)
    if since is None:
        return ()
    found: list[LogLine] = []
    paths = _in_tree(evidence, since.timestamp() - 60)
    for application in evidence.applications:
        paths += _logs_of(reader, application, since.timestamp() - 60)
    if not paths:
        paths = _beside_docroot(reader, evidence, since.timestamp() - 60)
    for path in [path for path in dict.fromkeys(paths) if path not in known][: 2 * MOST_LOGS]:
        found += _entries(reader, path, evidence.site, requests)
    for application in evidence.applications:
        if application.name == "magento":
            found += _reports(reader, application, evidence.site.pages)
    return tuple(found[-MOST_LINES:])


def read_appended(reader: Reader, evidence: Evidence, named: Iterable[str], known: Collection[str] = ()) -> tuple[LogLine, ...]:
    """The same of files that programs at hand say they append to (`log_settings.appended_by`), wherever they lie. Never raises."""
    since = error_log.beginning(evidence.site)
    if since is None:
        return ()
    home = above(evidence.docroot).rstrip("/")
    patterns = [path for path in dict.fromkeys(named) if path.startswith(f"{home}/") and "*" not in posixpath.dirname(path)]
    found: list[Entry] = []
    oldest = since.timestamp() - 60
    for folder in list(dict.fromkeys(posixpath.dirname(path) for path in patterns))[:MOST_LOGS]:
        try:
            entries = reader.list(folder)
        except TransportError:
            continue
        fresh = (each for each in entries if each.stat.kind is FileKind.FILE and each.stat.size and each.stat.mtime >= oldest)
        found += [each for each in fresh if any(fnmatch.fnmatchcase(each.path, pattern) for pattern in patterns)]
    paths = [each.path for each in sorted(found, key=lambda each: -each.stat.mtime) if each.path not in known]
    return tuple(line for path in paths[:MOST_LOGS] for line in _entries(reader, path, evidence.site, ()))[-MOST_LINES:]


def _in_tree(evidence: Evidence, since: float) -> list[str]:
    """Whatever else is named like a log and was written to since then: programs of the owner's own have one, too."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    fresh = [
        entry for entry in entries if entry.kind == "file" and entry.size and entry.mtime >= since and _OF_ANY.search(entry.path.lower())
    ]
    return [entry.absolute for entry in sorted(fresh, key=lambda entry: -entry.mtime)][:MOST_LOGS]


def _beside_docroot(reader: Reader, evidence: Evidence, since: float) -> list[str]:
    """Logs of a program that lies beside the docroot, in a folder that the start script names."""
    top, docroot = above(evidence.docroot), evidence.docroot.rstrip("/")
    try:
        start = reader.read(posixpath.join(docroot, "index.php"), LIMIT).decode("utf-8", "replace") if top != docroot else ""
        folders = (
            [entry.path for entry in reader.list(top) if entry.stat.kind is FileKind.FOLDER and entry.path != docroot] if start else []
        )
    except TransportError:
        return []
    named = [folder for folder in folders if re.search(rf"/{re.escape(posixpath.basename(folder))}/", start)][:MOST_PROGRAMS]
    found: list[Entry] = []
    servers = ("log", "logs")  # of the account as a whole, beside the docroot: mostly the web server's
    waiting = [path for path in folders if (name := posixpath.basename(path)) in _ON_THE_WAY and name not in servers] + named
    for _look in range(_MOST_LOOKS):
        if not waiting or len(found) >= _MOST_LISTED:
            break
        folder = waiting.pop(0)
        try:
            entries = reader.list(folder)
        except TransportError:
            continue
        is_of_logs = posixpath.basename(folder) in ("log", "logs")
        found += [entry for entry in entries if is_of_logs and _is_log(entry) and entry.stat.mtime >= since]
        inside = [entry.path for entry in entries if entry.stat.kind is FileKind.FOLDER]
        waiting += (
            [path for path in inside if posixpath.basename(path) in _ON_THE_WAY] if folder.count("/") - top.count("/") < _DEEPEST else []
        )
    return [entry.path for entry in sorted(found, key=lambda entry: -entry.stat.mtime)][:MOST_LOGS]


def _logs_of(reader: Reader, application: Application, since: float) -> list[str]:
    """Those that were written to since then (seconds), the newest first."""
    fresh: list[Entry] = []
    for folder in _LOGS.get(application.name, ()):
        try:
            entries = reader.list(posixpath.join(application.absolute, folder))
        except TransportError:
            continue
        fresh += [entry for entry in entries if _is_log(entry) and entry.stat.mtime >= since]
    return [entry.path for entry in sorted(fresh, key=lambda entry: -entry.stat.mtime)][:MOST_LOGS]


def _is_log(entry: Entry) -> bool:
    """Joomla keeps logs as `.php` files, which is believed only in a folder of logs."""
    folder, name = posixpath.split(entry.path.lower())
    is_script = name.endswith(".php") and posixpath.basename(folder) not in ("logs", "log")
    kept = entry.stat.kind is FileKind.FILE and entry.stat.size > 0 and not is_script
    return kept and bool(_NAME.search(name) and _SUFFIX.search(name))


def _entries(reader: Reader, path: str, site: SiteSeen, requests: tuple[Request, ...]) -> list[LogLine]:
    try:
        raws = error_log.read(reader, path, site, LIMIT)
    except TransportError:
        return []
    lines = [line for raw in raws for line in error_log.parse(raw, site, requests)]
    return [
        LogLine("application-log", line.log_path, line.at, line.text, line.paired)
        for line in lines
        if not _OF_SERVER.match(line.text)
        and (_FAILED.search(line.text[:4000]) or names_a_place(line.text))
        and not _QUIET.search(line.text[:200])
    ]


def _reports(reader: Reader, application: Application, pages: tuple[PageSeen, ...]) -> list[LogLine]:
    """Magento writes each error into a file of its own, whose number stands on the page."""
    found = []
    for page in pages:
        match = _REPORT.search(page.body.decode("utf-8", "replace"))
        if match is None:
            continue
        number = match.group(1)
        for path in (f"var/report/{number}", f"var/report/{number[:2]}/{number[2:4]}/{number}", f"var/report/{number[:2]}/{number}"):
            full = posixpath.join(application.absolute, path)
            try:
                text, mtime = reader.read(full, LIMIT).decode("utf-8", "replace"), reader.stat(full).mtime
            except TransportError:
                continue
            found.append(LogLine("application-log", full, moment_of(mtime), _report_text(text), paired=True))
            break
    return found


def _report_text(text: str) -> str:
    """The message and the trace of a report, which is JSON (Magento 2) or serialised by PHP (Magento 1)."""
    try:
        parts = json.loads(text)
    except ValueError:
        return text[: error_log.MOST_LINES * 80]
    values = [parts.get("0", ""), parts.get("1", "")] if isinstance(parts, dict) else []
    return "\n".join(str(value) for value in values)[:16_000] or text[:16_000]
