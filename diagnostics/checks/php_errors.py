"""Errors of PHP that ended a page, named with file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from diagnostics.causes import CAUSES
from diagnostics.checks.common import is_failing, is_near, lines_of_failure, proof_of
from diagnostics.checks.failing_script import script_of_failure
from diagnostics.checks.php_messages import PhpMessage, read_php_message
from diagnostics.checks.php_sharpening import REFUSED_RIGHT, Sharp, sharpened
from diagnostics.checks.registry import check
from diagnostics.checks.wording import placed, quoted, words_of
from diagnostics.evidence import Evidence, LogLine
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.log_messages import FATAL_WORDS, GAP
from diagnostics.facts.logged_paths import shown_path
from diagnostics.findings import Finding, Severity
from diagnostics.php import application_messages
from sites.texts import mark as _

MOST_FINDINGS = 5
_FULL = re.compile(r"errno=28|No space left on device|Disk quota exceeded|possibly out of free disk space")
_SESSION = re.compile(r"session_start\(\): (?:open|Failed to read session data|mkdir)\(?")
_WARNING = re.compile(r"PHP Warning: ")
_OF_SERVER = re.compile(r"\bAH\d{5}: |, client: |\] \[(?:core|proxy\w*|authz\w*|rewrite|cgid?|http2?):")
# mod_fcgid writes what PHP says in pieces as long as its buffer: one may begin in the middle of a word of a warning.
_BY_FCGID = re.compile(r"mod_fcgid: stderr: PHP ")
_REST = re.compile(r"mod_fcgid: stderr: (?!PHP |\[|[A-Z])[^\n]{0,1000}? on line \d+\s*\Z")
# nginx writes the beginning of each packet only: of a warning the very first words may be missing, before the place where it goes on.
_LACKS_ITS_BEGINNING = re.compile(rf"(?:\A|(?<!\w)P(?:H(?:P(?: [A-Z][A-Za-z ]{{0,25}})?)?)?)\s*{re.escape(GAP.strip())}")
_OF_PHP = re.compile(rf"PHP (?:Warning|Notice|Deprecated|Strict Standards|{FATAL_WORDS} error): ")
_SAME_REQUEST = timedelta(seconds=2)
_MOST_TOLD = 12  # entries in words of a program's own, in which a place is looked for


@check(id="php-errors", title=_("Errors of PHP in the error log"), needs=("error_log",), order=12)
def php_errors(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    lines = lines_of_failure(evidence)
    seen: set[tuple[str, str, int | None]] = set()
    for index, line in enumerate(lines):
        before = line.before or _warnings_before(line, lines)
        fatal = read_php_message(line.text, before, evidence.php.version)
        message = fatal or _other(line)
        if message is None:
            continue
        sharp = of_refused(sharpened(message, shown_path(message.path, evidence), evidence), message, evidence)
        if fatal and not sharp.path:  # the server cut the message before its place (nginx: NGX_MAX_ERROR_STR)
            sharp = replace(sharp, path=script_of_failure(evidence), more=_("The web server cut the message before the line."))
        key = (sharp.cause, sharp.path, sharp.line)
        if key not in seen:
            seen.add(key)
            yield _finding("php-errors", message, sharp, line, first=index == 0 or len(seen) == 1)
        if len(seen) >= MOST_FINDINGS:
            return


@check(id="application-log", title=_("Errors in the program's own log"), order=13)
def application_log(evidence: Evidence) -> Iterator[Finding]:
    """Read only where the server's logs tell nothing. An error of which no cause is known by name is the program's own answer."""
    if not is_failing(evidence.site):
        return
    own = replace(evidence, error_log=(*_told_to_php(evidence), *evidence.application_log))
    seen: set[tuple[str, str, int | None]] = set()
    for line in lines_of_failure(own):
        read = application_messages.read(line.text)
        message = read_php_message(read.text if read else line.text, running=evidence.php.version) or _only_words(line)
        if message.cause == "php-uncaught-exception":
            message = replace(message, cause="application-answers-500", also=(message.cause, *message.also))
        sharp = sharpened(message, shown_path(message.path, evidence), evidence)
        key = (sharp.cause, sharp.path, sharp.line)
        if key not in seen:
            yield _finding("application-log", message, sharp, line, first=not seen)
            seen.add(key)
        if len(seen) >= 3:
            return


def said_by_server(text: str) -> bool:
    """Of an entry as it was unwrapped: Apache numbers what it says itself, nginx names the visitor behind it."""
    return _OF_SERVER.search(text[:2000]) is not None


def _said_by_php(text: str) -> bool:
    return _OF_PHP.search(text) is not None or _LACKS_ITS_BEGINNING.search(text) is not None


def _told_to_php(evidence: Evidence) -> tuple[LogLine, ...]:
    """What a program told PHP's own log in words of its own (Slim ErrorHandler, Drupal's FinalExceptionSubscriber), of our own requests."""
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    ours = [line for line in lines if line.paired or is_near(line, evidence.site)]
    own = [line for line in ours if not said_by_server(line.text) and not _said_by_php(line.text[:600])]
    if any(_BY_FCGID.search(line.text[:600]) for line in lines):
        own = [line for line in own if not _REST.search(line.text[:2000])]
    newest = sorted(own, key=lambda line: line.paired)[-_MOST_TOLD:]  # those that are surely of our requests at the end
    return tuple(line for line in newest if read_php_message(line.text) is None and application_messages.names_a_place(line.text))


def of_refused(sharp: Sharp, message: PhpMessage, evidence: Evidence) -> Sharp:
    """A file that may not be read is what has to be repaired, not the script that asks for it."""
    match = re.search(r"Failed opening (?:required )?'(/[^']+)'", message.message) if sharp.cause == "file-unreadable" else None
    return replace(sharp, path=shown_path(match[1], evidence), line=None) if match else sharp


def _only_words(line: LogLine) -> PhpMessage:
    """An entry that names no place: its words may still tell the cause."""
    first = line.text.split("\n")[0][:500]
    found = read_php_message(f"PHP Fatal error:  Uncaught Error: {first} in /-:0")
    return replace(found, path="", line=None, message=first) if found else PhpMessage("application-answers-500", (), "", None, first)


def _warnings_before(line: LogLine, lines: list[LogLine]) -> str:
    """In PHP's own log the warnings of a request are entries of their own."""
    if line.at is None:
        return ""
    near = [
        other.text
        for other in lines
        if other.log_path == line.log_path
        and other.at
        and timedelta(0) <= line.at - other.at <= _SAME_REQUEST
        and _WARNING.search(other.text)
    ]
    return "\n".join(text.split("\n")[0][:600] for text in near[:20])


def _other(line: LogLine) -> PhpMessage | None:
    """What is no fatal by its name and still ends pages."""
    first = line.text.split("\n")[0][:500]
    if _FULL.search(line.text):
        return PhpMessage("disk-full", (), "", None, first)
    if _SESSION.search(line.text) and "failed" in line.text.lower():
        return PhpMessage("php-session-path-not-writable", (), "", None, first)
    return None


def _finding(check_id: str, message: PhpMessage, sharp: Sharp, line: LogLine, *, first: bool) -> Finding:
    cause = CAUSES[sharp.cause]
    quiet = sharp.cause == "php-session-path-not-writable" and not is_telling(line.text)  # a warning, which ends no page by itself
    sure = 0.96 if line.paired else 0.9 if line.source == "error-log" else 0.85
    confidence = sure if first else 0.6
    said = quoted(message, sharp.cause, line.text) or (words_of(message.message) if sharp.title else "")
    thrown = [("thrown_in", message.thrown_in)] if message.thrown_in else []
    thrown += [(REFUSED_RIGHT, "yes")] if message.is_right else []
    return Finding(
        check=check_id,
        cause=sharp.cause,
        severity=Severity.WARNING if quiet else Severity.CRITICAL,
        confidence=min(confidence, 0.7 if quiet else sharp.sure),
        summary=f"{placed(sharp.title or cause.title, sharp.path, sharp.line, said)} {sharp.more}".strip(),
        hint=sharp.hint or cause.explanation,
        path=sharp.path,
        line=sharp.line,
        also=sharp.also,
        evidence=(proof_of(line),),
        repairs=() if message.is_right else cause.repairs,  # another login is no remedy
        data=(("message", message.message), ("slug", message.slug), *thrown),
    )
