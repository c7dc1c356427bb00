"""A script that the web server runs as a program of its own, and that gave no proper answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import lines_of_failure, proof_of, repairs_for
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence, LogLine, TextFile, TreeEntry, Unreadable
from diagnostics.facts.cgi_scripts import interpreter, is_cgi
from diagnostics.findings import Finding, Proof, Severity
from sites.texts import mark as _

_ENDED = re.compile(r"(?:End of script output before headers|Premature end of script headers): (\S+)")
_HEADER = re.compile(r"malformed header from script '([^']+)'|AH02429")
_NOT_STARTED = re.compile(r"AH01241|exec of '([^']+)' failed|couldn't create child process.*?: (\S+)")


@check(id="cgi", title=_("Scripts that are run as programs of their own"), needs=("error_log", "tree"), order=25)
def cgi(evidence: Evidence) -> Iterator[Finding]:
    seen: set[str] = set()
    for line in lines_of_failure(evidence):
        malformed = _HEADER.search(line.text)
        match = malformed or _ENDED.search(line.text) or _NOT_STARTED.search(line.text)
        if match is None:
            continue
        name = next((group for group in match.groups() if group), "").rsplit("/", 1)[-1]
        if name in seen:
            continue
        seen.add(name)
        script = _script(evidence, name)
        if malformed:
            yield _finding("cgi-malformed-header", line, script, name, 0.95)
        elif script is None and not name:
            continue
        else:
            yield _why_it_ended(evidence, line, script, name)


def _script(evidence: Evidence, name: str) -> TreeEntry | None:
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    fitting = [entry for entry in entries if entry.path.rsplit("/", 1)[-1] == name and entry.kind == "file"]
    return next((entry for entry in fitting if is_cgi(entry)), fitting[0] if len(fitting) == 1 else None)


def _why_it_ended(evidence: Evidence, line: LogLine, script: TreeEntry | None, name: str) -> Finding:
    if script is None:
        return _finding("cgi-script-error", line, None, name, 0.6)
    told = not isinstance(evidence.modes, Unreadable)
    content = next((file for file in evidence.cgi_scripts if file.path == script.path), None)
    if told and is_cgi(script) and not script.mode & 0o100:  # PHP files are handed to PHP, which needs no execute bit
        return _finding("cgi-not-executable", line, script, name, 0.97)
    if content is not None and b"\r" in content.content.split(b"\n", 1)[0] and content.content.startswith(b"#!"):
        return _finding("cgi-windows-line-endings", line, script, name, 0.97)
    if content is not None and evidence.exists(interpreter(content.content)) is False:
        return _finding("cgi-interpreter-missing", line, script, name, 0.96, _interpreter(content))
    if told and (script.mode & 0o022 or (_folder_mode(evidence, script) or 0) & 0o022):
        return _finding("cgi-writable-by-others", line, script, name, 0.93)
    return _finding("cgi-script-error", line, script, name, 0.7)


def _interpreter(content: TextFile) -> str:
    return interpreter(content.content)


def _folder_mode(evidence: Evidence, script: TreeEntry) -> int | None:
    folder = script.path.rpartition("/")[0]
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    return next((entry.mode for entry in entries if entry.path == folder), None)


def _finding(cause: str, line: LogLine, script: TreeEntry | None, name: str, confidence: float, detail: str = "") -> Finding:
    path = script.path if script else name
    proofs = (proof_of(line),) + ((Proof("modes", f"{script.path} {script.mode:03o}"),) if script else ())
    return Finding(
        check="cgi",
        cause=cause,
        severity=Severity.CRITICAL,
        confidence=confidence,
        summary=_("{path}: {title}.").format(path=path, title=CAUSES[cause].title) + (f" ({detail})" if detail else ""),
        hint=CAUSES[cause].explanation,
        path=path,
        evidence=proofs,
        repairs=repairs_for(cause) if script else (),
        data=(("paths", path),),
    )
