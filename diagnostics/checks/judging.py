"""Which finding is the root and which only follows from it. Every rule says why one thing brings the other about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from diagnostics.evidence import LOGS
from diagnostics.findings import Finding, Severity
from diagnostics.php.failed_calls import is_handed_false
from sites.texts import mark as _

_SEVERITIES = list(Severity)
_BANDS = (0.95, 0.8, 0.6)
_OF_DATABASE = re.compile(r"mysqli|PDO|SQLSTATE|wpdb|database|MySQL|MariaDB|Doctrine\\DBAL|QueryException", re.IGNORECASE)
_BY_WORDS = ("php-errors", "errors-shown")  # they go by the file that an error lies in, not by who brought it about
_CODE = ("php-", "wordpress-", "application-")
_FOLDER_MODES = frozenset({"folder-not-traversable", "root-disabled-by-host"})
_LOST_FILES = frozenset({"php-missing-file", "wordpress-core-file", "php-truncated-file"})
_LOST_NAMES = frozenset({"php-class-not-found", "php-undefined-function"})
_SPACE_NEEDED = frozenset(
    {"php-session-path-not-writable", "folder-not-writable", "database-table-crashed", "database-server-down", "php-uncaught-exception",
     "application-answers-500"}
)  # fmt: skip
_OF_FILES = frozenset({"denied", "program-says", "failed-call"})
_REFUSED = frozenset({"folder-not-writable", "file-unreadable", "folder-not-traversable", "open-basedir", "disk-full", "php-missing-file"})
_WARNED_AT = re.compile(r" in (?P<path>/[^\n:]{1,600}?)(?: on line |:)(?P<line>\d{1,7})")
_FEW_LINES = 12
_AS_SURE = 0.1
_ROOT_OF_PHP = frozenset({"php-service-down", "php-service-crash", "upstream-bad-gateway"})
# Of two that are equally sure, the one in the lower layer: what lies above cannot be judged before it works.
_LAYERS = ("disk-full", "root-", "php-service-", "folder-not-traversable", "htaccess-", "user-ini-", "database-", "wordpress-core-file")


def judged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """All findings, the root cause first; what follows from another stands after it, as a warning that says so."""
    distinct = _without_echoes(_one_of_each_error(_one_of_each_place(findings)))
    roots = [finding for finding in distinct if finding.severity is Severity.CRITICAL and finding.confidence >= 0.6]
    told = [_told(finding, roots) for finding in distinct]
    return tuple(sorted(told, key=_rank))


# --- the same thing seen twice --------------------------------------------------------------------------
def _one_of_each_place(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per cause and place: the surest, with the evidence of all."""
    best: dict[tuple[str, str, int | None], Finding] = {}
    for finding in findings:
        key = (finding.cause, finding.path, finding.line)
        other = best.get(key)
        best[key] = finding if other is None else _joined(*_surer(finding, other))
    return _with_their_place(list(best.values()))


def _with_their_place(findings: list[Finding]) -> list[Finding]:
    """A cause that one check found without a place, and another with the only one, is one finding: as sure as the surer, with the place."""
    kept = list(findings)
    for bare in [finding for finding in findings if not finding.path and finding.severity is Severity.CRITICAL]:
        placed = [finding for finding in kept if finding.cause == bare.cause and finding.path and finding.severity is Severity.CRITICAL]
        if len(placed) == 1:
            surer, other = _surer(bare, placed[0])
            whole = replace(_joined(surer, other), path=placed[0].path, line=placed[0].line)
            kept = [whole if finding is placed[0] else finding for finding in kept if finding is not bare]
    return _with_their_line(_without_their_look(kept))


def _without_their_look(findings: list[Finding]) -> list[Finding]:
    """Where a finding with a place knows what it looks like, one that says so of the same line without a place says nothing new."""
    kept = list(findings)
    for bare in [finding for finding in findings if not finding.path and finding.severity is Severity.CRITICAL]:
        better = [
            each for each in kept
            if each.path and bare.cause in each.also and each.severity is Severity.CRITICAL
            and each.confidence + _AS_SURE >= bare.confidence and _same_line(bare, each)
        ]  # fmt: skip
        if len(better) == 1:
            whole = _joined(better[0], bare)
            kept = [whole if finding is better[0] else finding for finding in kept if finding is not bare]
    return kept


def _with_their_line(findings: list[Finding]) -> list[Finding]:
    """The same of a cause and file that one check found without a line, and another with the only one."""
    kept = list(findings)
    for bare in [finding for finding in findings if finding.path and finding.line is None and finding.severity is Severity.CRITICAL]:
        lined = [
            each for each in kept if (each.cause, each.path) == (bare.cause, bare.path) and each.line and each.severity is Severity.CRITICAL
        ]
        if len(lined) == 1 and bare in kept:
            surer, other = _surer(bare, lined[0])
            whole = replace(_joined(surer, other), line=lined[0].line)
            kept = [whole if finding is lined[0] else finding for finding in kept if finding is not bare]
    return kept


def _surer(one: Finding, other: Finding) -> tuple[Finding, Finding]:
    return (one, other) if one.confidence > other.confidence else (other, one)


def _joined(kept: Finding, other: Finding) -> Finding:
    """The kept finding, with what the other knew besides."""
    also = tuple(code for code in dict.fromkeys((*kept.also, *other.also, other.cause)) if code != kept.cause)
    evidence = kept.evidence + tuple(proof for proof in other.evidence if proof not in kept.evidence)
    data = dict(other.data) | dict(kept.data)
    return replace(
        kept, also=also, evidence=evidence, line=kept.line or (other.line if kept.path == other.path else None), data=tuple(data.items()),
        severity=min(kept.severity, other.severity, key=_SEVERITIES.index),
    )  # fmt: skip


def _one_of_each_error(findings: list[Finding]) -> list[Finding]:
    """Two checks that read the same line, or the same file, tell of one error: the code that says where stays, the other goes along."""
    kept = [finding for finding in findings if finding.cause.startswith("wordpress-") and finding.check not in _BY_WORDS]
    others = [finding for finding in findings if not finding.cause.startswith("wordpress-") or finding.check in _BY_WORDS]
    for finding in others:
        number = next((n for n, each in enumerate(kept) if _is_same_error(each, finding)), None)
        if number is None:
            kept.append(finding)
            continue
        surest = max(kept[number].confidence, finding.confidence)
        kept[number] = replace(_joined(kept[number], finding), confidence=surest)
    return kept


def _is_same_error(specific: Finding, general: Finding) -> bool:
    is_general = general.cause.startswith("php-") or (general.check in _BY_WORDS and specific.check == "wordpress-parts")
    if not specific.cause.startswith("wordpress-") or not is_general:
        return False
    if specific.check == "recent-changes" and general.check not in (*_BY_WORDS, "php-syntax"):
        return False  # that a file was changed says nothing against a check that knows why it fails
    lines = [proof for proof in specific.evidence if proof.source in ("error-log", "probe")]
    return (bool(specific.path) and specific.path == general.path) or any(proof in lines for proof in general.evidence)


def _without_echoes(findings: list[Finding]) -> list[Finding]:
    """A suspicion by what changed says nothing more where the same part is found for a better reason."""
    better = [finding for finding in findings if finding.check != "recent-changes" and finding.severity is Severity.CRITICAL]
    kept = []
    for finding in findings:
        names = {finding.path, finding.datum("slug")} - {""}
        same = any(names & {each.path, each.datum("slug"), each.datum("name")} for each in better)
        reasons = [each for each in better if each.check != "own-answer" and (each.confidence >= 0.8 or each.cause.startswith("database-"))]
        if finding.check == "own-answer" and reasons:
            continue  # that the program itself answers is what is said where nothing says why
        if finding.check != "recent-changes" or not same:
            kept.append(finding)
    return kept


# --- what follows from what -----------------------------------------------------------------------------
def _below(folder: str, path: str) -> bool:
    return bool(folder) and path.startswith(f"{folder.rstrip('/')}/")


def _database(root: Finding, other: Finding) -> bool:
    if not root.cause.startswith("database-") or other.cause.startswith("database-"):
        return False
    if not other.cause.startswith(_CODE) or other.cause in ("wordpress-config-syntax", "wordpress-core-file"):
        return False
    return bool(_OF_DATABASE.search(other.datum("message"))) or other.cause == "application-answers-500" or root.confidence >= 0.95


def _same_line(root: Finding, other: Finding) -> bool:
    """Whether both stand on one line of the log, or in one error that a page shows."""
    return any(proof.source in (*LOGS, "probe") and proof in other.evidence for proof in root.evidence)


def _handed_on(root: Finding, other: Finding) -> bool:
    """A call that was refused gave `false`, and what was handed that complains a few lines on in the same file."""
    if root.cause not in _REFUSED or not other.cause.startswith(_CODE) or not is_handed_false(other.datum("message")) or not other.line:
        return False
    placed = (each for proof in root.evidence for each in _WARNED_AT.finditer(proof.text))
    return any(
        each["path"].endswith(f"/{other.path.rpartition('/')[2]}") and 0 <= other.line - int(each["line"]) <= _FEW_LINES for each in placed
    )


_RULES: tuple[tuple[Callable[[Finding, Finding], bool], str], ...] = (
    (lambda root, other: root.cause == "disk-full" and other.cause in _SPACE_NEEDED, _("without free space nothing can be written")),
    (
        lambda root, other: root.cause in _FOLDER_MODES and _below(root.path, other.path),
        _("nothing can be read in a folder that may not be entered"),
    ),
    (
        lambda root, other: root.cause == "folder-not-writable" and "ailed to open stream" in other.datum("message")
        and other.cause.startswith(_CODE),
        _("a file could not be written there"),
    ),
    (
        lambda root, other: root.check in _OF_FILES and other.check not in _OF_FILES and _same_line(root, other),
        _("it could not read or write what it needs"),
    ),
    (_handed_on, _("a file could not be opened there")),
    (_database, _("the program fails because it has no database")),
    (
        lambda root, other: root.cause in _LOST_FILES and other.cause in _LOST_NAMES and root.path != other.path,
        _("what the missing file holds cannot be found"),
    ),
    (lambda root, other: root.cause in _ROOT_OF_PHP and other.cause.startswith(_CODE), _("PHP itself does not run")),
    (lambda root, other: other.check == "recent-changes" != root.check, _("it only says what was changed")),
)  # fmt: skip


def _told(finding: Finding, roots: list[Finding]) -> Finding:
    """A finding that follows from a root that is at least as sure says so. One with its own proof in our own request stays as it is."""
    if finding.severity is not Severity.CRITICAL:
        return finding
    for root in roots:
        if root is finding or root.confidence + 0.05 < finding.confidence:
            continue
        for applies, why in _RULES:
            if applies(root, finding):
                text = _("It probably follows from another finding ({cause}): {why}.").format(cause=root.summary.rstrip("."), why=why)
                hint, data = f"{text} {finding.hint}".strip(), (*finding.data, ("follows", root.cause))
                return replace(finding, severity=Severity.WARNING, hint=hint, data=data)
    return finding


def _rank(finding: Finding) -> tuple[int, int, int, float, str, int]:
    band = sum(finding.confidence < limit for limit in _BANDS)
    layer = next((n for n, start in enumerate(_LAYERS) if finding.cause.startswith(start)), len(_LAYERS))
    return _SEVERITIES.index(finding.severity), band, layer, -finding.confidence, finding.path, finding.line or 0
