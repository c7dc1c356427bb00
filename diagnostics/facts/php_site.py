"""Everything a diagnosis reads of PHP on a site: settings and version first, then further logs, then, where nothing tells, the files."""

from __future__ import annotations

import posixpath
import time
from dataclasses import replace

from diagnostics.evidence import Evidence, Unreadable
from diagnostics.facts import (
    application_logs,
    beside,
    data_files,
    error_reports,
    hooked_parts,
    log_settings,
    php_settings,
    php_told,
    server_logs,
)
from diagnostics.facts.paths import above
from diagnostics.facts.php_files import PhpFiles
from diagnostics.facts.server_logs import LogsRead
from diagnostics.facts.small_files import SmallFiles
from diagnostics.php.seen import PhpSeen, Script
from diagnostics.transports.base import TransportError

_MOST_TAILS = 6
_WELL = frozenset({"ok", "maintenance", "blocked", ""})


def read(files: SmallFiles, evidence: Evidence, logs: LogsRead, deadline: float) -> Evidence:
    """Never raises: what a host refuses is left out. Expensive things are read only when nothing so far explains the failure."""
    if isinstance(evidence.tree, Unreadable) or not any(page.kind not in _WELL for page in evidence.site.pages):
        return evidence
    try:
        return _read(files, evidence, logs, deadline)
    except TransportError:
        return evidence


def _read(files: SmallFiles, evidence: Evidence, logs: LogsRead, deadline: float) -> Evidence:
    settings = php_settings.read(files, evidence)
    evidence = replace(evidence, php=PhpSeen(settings=settings))
    named = [setting.value for setting in settings if setting.name == "error_log"][-2:]
    own = [path for value in (*named, *_of_wordpress(files, evidence)) if (path := _here(files, value, evidence.docroot))]
    logs = server_logs.read_named(files.reader, evidence.site, evidence.docroot, logs, own)
    evidence = replace(evidence, error_log=logs.lines)
    version, told_by = php_settings.version_of(evidence, settings)
    evidence = replace(evidence, php=PhpSeen(version, told_by, settings, told=php_told.read(files, evidence)))
    evidence = replace(evidence, existing=evidence.existing + php_settings.look_up(files, evidence))
    if time.monotonic() < deadline:
        folders = beside.folders(files, evidence)
        if not logs.explains:
            told = application_logs.read(files.reader, evidence, logs.requests, logs.paths)
            told += error_reports.read(files.reader, evidence) if not told else ()
            evidence = replace(evidence, application_log=told)
        evidence = beside.read(files, evidence, folders)
    if time.monotonic() > deadline:
        return evidence
    explained = (logs.explains or bool(evidence.application_log)) and not _sends_text(evidence)
    evidence = _with_files(files, evidence, deadline, is_explained=explained)
    if explained or time.monotonic() > deadline:
        return evidence
    own = [path for script in evidence.php.scripts for path in log_settings.named_by(script, evidence.docroot)]
    logs = server_logs.read_named(files.reader, evidence.site, evidence.docroot, logs, own[:3])
    appended = [path for script in evidence.php.scripts for path in log_settings.appended_by(script, evidence.docroot)]
    told = application_logs.read_appended(files.reader, evidence, appended, logs.paths) if not evidence.application_log else ()
    return replace(evidence, error_log=logs.lines, application_log=evidence.application_log or told)


def _of_wordpress(files: SmallFiles, evidence: Evidence) -> list[str]:
    """Where `wp-config.php` sends errors: WP_DEBUG_LOG may name a file (wp_debug_mode(), wp-includes/load.php), and so may `ini_set`."""
    found = []
    for application in evidence.applications:
        if application.name != "wordpress" or not application.settings_path:
            continue
        found += [value for name, value in application.settings if name == "WP_DEBUG_LOG" and value not in ("true", "false", "", "0", "1")]
        absolute = posixpath.join(above(evidence.docroot), application.settings_path)
        content = files.content(absolute) or b""
        found += log_settings.named_by(Script(application.settings_path, absolute, content, 0.0), evidence.docroot)
    return found[:3]


def _here(files: SmallFiles, named: str, docroot: str) -> str:
    """A log that PHP's settings name, as this login sees it: mostly another root than PHP does. "" where it is not there."""
    if not named.startswith("/"):
        return posixpath.join(docroot, named) if named and named != "syslog" else ""
    if files.exists(named):
        return named
    parts = named.strip("/").split("/")
    tails = (posixpath.join(above(docroot), *parts[at:]) for at in range(1, len(parts)))
    return next((path for path in list(tails)[:_MOST_TAILS] if files.exists(path)), "")


def _sends_text(evidence: Evidence) -> bool:
    """A log then tells what is missing, not which file was not taken for a program."""
    return any(page.detail in ("php-short-tag", "php-utf-16", "php-no-tag") for page in evidence.site.pages)


def _with_files(files: SmallFiles, evidence: Evidence, deadline: float, *, is_explained: bool) -> Evidence:
    found = PhpFiles(files, evidence, deadline)
    scripts: list[Script] = found.named()
    known = {script.absolute for script in scripts}
    more = (*found.announcing(), *found.behind(scripts), *(found.waited_for() if is_explained else ()))
    scripts += [script for script in more if script.absolute not in known]
    if not is_explained:
        known = {script.absolute for script in scripts}
        scripts += [script for script in found.unexplained() if script.absolute not in known]
    lints, lint_version = found.lint(scripts, evidence.php.version)
    broken = data_files.read(files, evidence, scripts, found.entries)
    scripts += hooked_parts.read(found, scripts)
    php = replace(evidence.php, scripts=tuple(scripts), lints=lints, lint_version=lint_version, absent=tuple(found.absent), broken=broken)
    return replace(evidence, php=php)
