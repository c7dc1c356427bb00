"""Whether there is room left, and what takes it: a list for a person to decide from, nothing is ever removed by itself."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from diagnostics.causes import CAUSES
from diagnostics.checks.common import answers_500, failing_pages, is_failing, lines_of_failure, proof_of
from diagnostics.checks.paths_of_calls import known_part, way_of_call
from diagnostics.checks.php_sharpening import script_at
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence, LogLine, SpaceLeft, TreeEntry
from diagnostics.facts.logged_paths import shown_path
from diagnostics.facts.space import FULL, NOTHING
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.php import said_of_files
from diagnostics.php.failed_calls import writing_call
from sites.texts import mark as _

# main/streams/plain_wrapper.c: a notice, and what was written is counted.
_WROTE = re.compile(
    r"(?P<function>\w{3,40})\(\): [Ww]rite of \d+ bytes failed with errno=(?:28|122) [^\n]{0,80}?"
    r" in (?P<path>/[^\n]{1,600}?) on line (?P<line>\d+)"
)
_SCARCE = 50 * 1024 * 1024
_SHOWN = 12
_SOON_S = 5
_WORTH_TELLING = 100_000


@check(id="space", title=_("Whether there is room left to write"), order=8)
def space(evidence: Evidence) -> Iterator[Finding]:
    line = next((line for line in lines_of_failure(evidence) if FULL.search(line.text)), None)
    used_up = _used_up(evidence.space)
    if line is None and not used_up:
        if evidence.space and evidence.space.free is not None and evidence.space.free < _SCARCE:
            yield _finding(evidence, Severity.NOTE, 0.5, _("Little room is left: {left}.").format(left=size(evidence.space.free)), ())
        return
    if line is None and not (is_failing(evidence.site) and answers_500(evidence.site)):
        yield _finding(evidence, Severity.NOTE, 0.6, used_up, ())
        return
    other = line is None and any(each.paired for each in lines_of_failure(evidence))
    confidence = 0.6 if other else 0.87
    if line is not None:
        is_past = _has_room(evidence.space) and not _is_of_now(line, evidence)
        confidence = 0.98 if line.paired else 0.85 if is_past else 0.95
    summary = used_up or _("The storage is full: the site cannot write.")
    found = _finding(evidence, Severity.CRITICAL, confidence, summary, (proof_of(line),) if line else ())
    where = _where(line, evidence) if line else None
    yield replace(found, path=where[0], line=where[1]) if where else found


def _where(line: LogLine, evidence: Evidence) -> tuple[str, int | None] | None:
    """Where PHP names the call only that wrote too little: the folder that it wrote into, else the call."""
    match = _WROTE.search(line.text[:4000])
    script = script_at(shown_path(match["path"], evidence), evidence) if match else None
    if match is None or script is None:
        return None
    call = writing_call(match["function"], script.content, int(match["line"]))
    way = way_of_call(call, script, match["path"], evidence) if call else None
    if way is not None and way.path.startswith("/"):
        folder = shown_path(posixpath.dirname(way.path) if way.is_whole else known_part(way), evidence)
        if not folder.startswith("/"):
            return folder, None
    return script.path, int(match["line"])


def _is_of_now(line: LogLine, evidence: Evidence) -> bool:
    """Whether it tells of a file of the site, as we asked for a page: the room that is left is that of another place."""
    if not any(not shown_path(path, evidence).startswith("/") for path in said_of_files.paths_in(line.text[:4000])):
        return False
    return line.at is not None and any(
        page.at and abs((line.at - page.at).total_seconds()) <= _SOON_S for page in failing_pages(evidence.site)
    )


def _has_room(left: SpaceLeft | None) -> bool:
    """Whether there is room now: the line of another request may then speak of a moment that has passed, or of another place."""
    return left is not None and left.free is not None and left.free >= _SCARCE and not _used_up(left)


def _used_up(left: SpaceLeft | None) -> str:
    """What is used up, "" when nothing is."""
    if left is None:
        return ""
    if left.quota_allowed and left.quota_used is not None and left.quota_used >= left.quota_allowed - NOTHING:
        text = _("The account's quota is used up: {used} of {allowed}.")
        return text.format(used=size(left.quota_used), allowed=size(left.quota_allowed))
    if left.files is not None and left.files <= 0:
        return _("No more files can be made: the host counts them, and the account has as many as it may.")
    if left.free is not None and left.free < NOTHING:
        return _("The disk is full: {left} are left.").format(left=size(left.free))
    return ""


def _finding(evidence: Evidence, severity: Severity, confidence: float, summary: str, proofs: tuple[Proof, ...]) -> Finding:
    cause = CAUSES["disk-full"]
    listed = "\n".join(f"{size(entry.size):>8}  {entry.path}" for entry in biggest(evidence))
    proofs += (Proof("files", _("The biggest files of the site:") + "\n" + listed),) if listed else ()
    return Finding("space", "disk-full", severity, confidence, summary, cause.explanation, evidence=proofs, repairs=cause.repairs)


def biggest(evidence: Evidence) -> list[TreeEntry]:
    """The files that take most, the largest first."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    files = [entry for entry in (*entries, *evidence.room) if entry.kind == "file" and entry.size >= _WORTH_TELLING]
    return sorted(files, key=lambda entry: -entry.size)[:_SHOWN]


def size(count: int) -> str:
    """Bytes as people read them."""
    for unit, factor in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}" if count < 10 * factor else f"{count // factor} {unit}"
    return f"{count} bytes"
