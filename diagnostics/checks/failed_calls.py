"""What a call wanted that gave `false`: PHP complains of the value it was handed afterwards, and seldom of the file or folder behind it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import is_failing, lines_of_failure, proof_of, repairs_for
from diagnostics.checks.denied import Denied, culprit, refusal
from diagnostics.checks.paths_of_calls import known_part, way_of_call
from diagnostics.checks.php_messages import read_php_message
from diagnostics.checks.php_sharpening import script_at
from diagnostics.checks.registry import check
from diagnostics.checks.shown import lines_shown
from diagnostics.evidence import Evidence, LogLine, Unreadable
from diagnostics.facts.logged_paths import shown_path
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.php.failed_calls import Failed, failed_call, is_handed_false
from diagnostics.php.path_words import Way
from diagnostics.php.seen import Script
from sites.texts import mark as _

_OF_SYSTEM = ("/tmp/", "/var/tmp/", "/dev/", "/proc/", "/etc/", "/usr/", "/sys/", "/bin/", "/lib")  # noqa: S108 (names to compare with)
_SURE, _LIKELY = 0.97, 0.93  # a line of our own request, and one of the time of the failure


@check(id="failed-call", title=_("Calls that failed before PHP complained"), needs=("tree",), order=11)
def failed_calls(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    seen: set[tuple[str, str]] = set()
    for line in (*lines_of_failure(evidence), *lines_shown(evidence.site)):
        found = _of_line(line, evidence) if is_handed_false(line.text[:2000]) else None
        if found is not None and (found.cause, found.path) not in seen:
            seen.add((found.cause, found.path))
            yield found


def _of_line(line: LogLine, evidence: Evidence) -> Finding | None:
    message = read_php_message(line.text)
    if message is None or message.line is None:
        return None
    script = script_at(shown_path(message.path, evidence), evidence)
    failed = failed_call(message.message, script.content, message.line) if script else None
    if script is None or failed is None:
        return None
    way = way_of_call(failed, script, message.path, evidence)
    if way is None:
        return None
    for look in (_confined, _refused, _not_there):
        if found := look(way, failed, script, line, evidence):
            return found
    return None


def _sure(line: LogLine) -> float:
    return _SURE if line.paired else _LIKELY


def _confined(way: Way, failed: Failed, script: Script, line: LogLine, evidence: Evidence) -> Finding | None:
    """Outside of the folders that the site's own settings allow (main/fopen_wrappers.c: a folder is allowed with all that is in it)."""
    own = evidence.php.setting("open_basedir")
    allowed = [each for each in own.value.strip("\"'").split(":") if each] if own else []
    if own is None or not allowed or not all(each.startswith("/") for each in (way.path, *allowed)):
        return None
    if any(f"{way.path.rstrip('/')}/".startswith(f"{each.rstrip('/')}/") for each in allowed):
        return None
    said = _("{script}, line {line}: {function}() wants {wanted}, which open_basedir in {path}, line {number}, does not allow.")
    said = said.format(
        script=script.path, line=failed.line, function=failed.function, wanted=way.path, path=own.path, number=own.line
    )  # fmt: skip
    return _finding("open-basedir", said, own.path, own.line, _sure(line), (proof_of(line), _shown(script, failed)))


def _refused(way: Way, failed: Failed, script: Script, line: LogLine, evidence: Evidence) -> Finding | None:
    if isinstance(evidence.modes, Unreadable) or not way.path.startswith("/"):
        return None
    path = shown_path(known_part(way), evidence)
    refused = Denied(path, by_owner=True, writing=failed.writes, listing=failed.lists)
    found = None if path.startswith("/") else culprit(refused, evidence)
    return refusal(found, refused, evidence, proof_of(line), _sure(line)) if found else None


def _not_there(way: Way, failed: Failed, script: Script, line: LogLine, evidence: Evidence) -> Finding | None:
    """A file that is read, or the folder of one that is written, is not among all that is there."""
    if not isinstance(evidence.tree, tuple) or evidence.tree_truncated or not way.path.startswith("/") or failed.function == "glob":
        return None
    wanted = known_part(way)
    wanted = posixpath.dirname(wanted) if failed.makes and way.is_whole else wanted
    path, name = shown_path(wanted, evidence), docroot_name(evidence)
    known = {entry.path: entry for entry in (*evidence.beside, *evidence.tree)}
    if path.startswith("/"):
        return _elsewhere(path, failed, script, line)
    if path in known or not (path.startswith(f"{name}/") or not name):
        return None
    writes = failed.makes or failed.function == "tempnam"
    if writes:
        said = _("{script}, line {line}: {function}() writes into {path}, which is not there.")
        cause, also = "folder-not-writable", ("php-missing-file", "php-uncaught-exception")
    else:
        said = _("{script}, line {line}: {function}() wants {path}, which is not there.")
        cause, also = "php-missing-file", ("php-uncaught-exception",)
    said = said.format(script=script.path, line=failed.line, function=failed.function, path=path)
    lost = (("lost-folder", path),) if writes else (("lost-folder", path), ("is-read", "yes")) if failed.lists else ()
    return _finding(cause, said, path, None, _sure(line), (proof_of(line), _shown(script, failed)), also, lost)


def _elsewhere(path: str, failed: Failed, script: Script, line: LogLine) -> Finding | None:
    """A path that leads out of the account, as one of another machine does: the line that names it is to be changed."""
    if f"{path}/".startswith(_OF_SYSTEM) or path.count("/") < 3:
        return None
    said = _("{script}, line {line}: {function}() wants {path}, a place that is not of this account.")
    said = said.format(script=script.path, line=failed.line, function=failed.function, path=path)
    proofs = (proof_of(line), _shown(script, failed))
    also = ("php-uncaught-exception", "folder-not-writable")
    return _finding("php-missing-file", said, script.path, failed.line, _sure(line) - 0.05, proofs, also)


def _shown(script: Script, failed: Failed) -> Proof:
    lines = script.content.split(b"\n")
    said = lines[failed.line - 1].decode("utf-8", "replace").strip()[:200] if failed.line <= len(lines) else ""
    return Proof("file", f"{script.path}:{failed.line}: {said}")


def _finding(
    cause: str,
    said: str,
    path: str,
    line: int | None,
    sure: float,
    proofs: tuple[Proof, ...],
    also: tuple[str, ...] = (),
    data: tuple[tuple[str, str], ...] = (),
) -> Finding:
    entry = CAUSES[cause]
    return Finding(
        "failed-call", cause, Severity.CRITICAL, sure, said, entry.explanation, path, line, also=also, evidence=proofs,
        repairs=repairs_for(cause), data=(("paths", path), *data),
    )  # fmt: skip
