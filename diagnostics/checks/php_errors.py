"""Errors of PHP that ended a page, named with file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import docroot_name, is_failing, lines_of_failure, proof_of
from diagnostics.checks.php_messages import PhpMessage, read_php_message
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence, LogLine
from diagnostics.findings import Finding, Severity
from sites.texts import mark as _

_FULL = re.compile(r"errno=28|No space left on device|Disk quota exceeded")
_SESSION = re.compile(r"session_start\(\): (?:open|Failed to read session data|mkdir)\(?")


@check(id="php-errors", title=_("Errors of PHP in the error log"), needs=("error_log",), order=12)
def php_errors(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    seen: set[tuple[str, str, int | None]] = set()
    for index, line in enumerate(lines_of_failure(evidence)):
        message = read_php_message(line.text) or _other(line)
        if message is None:
            continue
        path = shown_path(message.path, evidence)
        key = (message.cause, path, message.line)
        if key not in seen:
            seen.add(key)
            yield _finding(message, path, line, first=index == 0 or len(seen) == 1)
        if len(seen) >= 5:
            return


def _other(line: LogLine) -> PhpMessage | None:
    """What is no fatal by its name and still ends pages."""
    first = line.text.split("\n")[0][:500]
    if _FULL.search(line.text):
        return PhpMessage("disk-full", (), "", None, first)
    if _SESSION.search(line.text) and "failed" in line.text.lower():
        return PhpMessage("php-session-path-not-writable", (), "", None, first)
    return None


def shown_path(logged: str, evidence: Evidence) -> str:
    """The path from the folder above the docroot, where the server's path leads through a docroot of that name."""
    name = docroot_name(evidence)
    if evidence.docroot and logged.startswith(evidence.docroot.rstrip("/") + "/"):
        return f"{name}{logged[len(evidence.docroot.rstrip('/')) :]}" if name else logged.lstrip("/")
    head, mark, tail = logged.partition(f"/{name}/") if name else ("", "", "")
    return f"{name}/{tail}" if mark and head else logged


def _finding(message: PhpMessage, path: str, line: LogLine, *, first: bool) -> Finding:
    cause = CAUSES[message.cause]
    where = _(" in {path}, line {line}").format(path=path, line=message.line) if path and message.line else f" ({path})" if path else ""
    quiet = message.cause in ("php-session-path-not-writable",)
    confidence = (0.96 if line.paired else 0.9) if first else 0.6
    return Finding(
        check="php-errors",
        cause=message.cause,
        severity=Severity.WARNING if quiet else Severity.CRITICAL,
        confidence=min(confidence, 0.7) if quiet else confidence,
        summary=f"{cause.title}{where}.",
        hint=cause.explanation,
        path=path,
        line=message.line,
        also=message.also,
        evidence=(proof_of(line),),
        repairs=cause.repairs,
        data=(("message", message.message), ("slug", message.slug)),
    )
