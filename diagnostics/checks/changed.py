"""What changed just before the failure, as a finding of its own where nothing else says why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, is_failing, lines_of_failure
from diagnostics.checks.php_messages import read_php_message
from diagnostics.checks.registry import check
from diagnostics.checks.shown import lines_shown
from diagnostics.evidence import Evidence
from diagnostics.facts.changes import failing_since, how_long_before, is_just_before, part_of, told
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.installed import Change, DatabaseTrial
from sites.probing.outcome import Kind
from sites.texts import mark as _

_SUSPECTS = {
    "php": "php-version-incompatible-code",
    "plugin": "wordpress-plugin",
    "theme": "wordpress-theme",
    "mu-plugin": "wordpress-mu-plugin",
    "drop-in": "wordpress-dropin",
}
_PARTS = frozenset({"plugin", "theme", "mu-plugin", "drop-in"})
_FEW = 10  # files
_OF_PROGRAMS = frozenset({Kind.SERVER_ERROR.value, Kind.WHITE_PAGE.value, Kind.FATAL_IN_BODY.value, Kind.TRUNCATED.value})


@check(id="recent-changes", title=_("What changed just before the failure"), order=80)
def recent_changes(evidence: Evidence) -> Iterator[Finding]:
    """Where no line of a log and no page says why: what changed in the half hour before is suspected, never more."""
    began = failing_since(evidence)
    if began is None or not is_failing(evidence.site) or not _may_be_a_program(evidence) or _is_explained(evidence):
        return
    late = [change for change in evidence.changes if is_just_before(change, began) or (not change.last and change.source == "baseline")]
    late = [change for change in late if not _is_idle(change, evidence)]
    if not late and any(page.kind == Kind.FATAL_IN_BODY.value for page in failing_pages(evidence.site)):
        late = _only_code(evidence, began)
    for change in late[:3]:
        yield _suspected(change, began, is_alone=len(late) == 1)


def _only_code(evidence: Evidence, began: datetime) -> list[Change]:
    """The page says that PHP stopped: the only part that was changed in the days before is suspected, though it ran for a while."""
    parts = [
        each for each in evidence.changes if each.what in _PARTS and 0 < each.last <= began.timestamp() and not _is_idle(each, evidence)
    ]
    return parts if len(parts) == 1 else []


def _cause_of(change: Change) -> str:
    """A few files of WordPress itself that were changed or lost are damage; many are an update."""
    if change.what == "core" and change.count <= _FEW and change.source == "baseline":
        return "wordpress-core-file"
    return _SUSPECTS.get(change.what, "recent-change")


def _suspected(change: Change, began: datetime, *, is_alone: bool) -> Finding:
    cause = CAUSES[_cause_of(change)]
    words = told(change, began)
    confidence = 0.45 if not is_alone else 0.65 if change.source == "baseline" else 0.6
    how = _("{part} was changed {when}.") if change.last else _("{part} has changed since the site was last read while it was well.")
    summary = how.format(part=part_of(change), when=how_long_before(change, began) if change.last else "")
    summary += " " + _("Nothing else says why the site fails.")
    return Finding(
        "recent-changes", cause.code, Severity.CRITICAL, confidence, summary, CAUSES["recent-change"].explanation,
        change.paths[0] if change.paths else "", also=() if cause.code == "recent-change" else ("recent-change",),
        evidence=(Proof("change", words),), repairs=cause.repairs, data=(("slug", change.name), ("kind", change.what)),
    )  # fmt: skip


def _is_idle(change: Change, evidence: Evidence) -> bool:
    """Whether it is a plugin that is installed and, by the database's own word, not active."""
    trial = evidence.database
    active = trial.plugins if isinstance(trial, DatabaseTrial) else None
    if change.what != "plugin" or active is None or not change.paths:
        return False
    return not any(f"/plugins/{name.split('/')[0]}" in path for name in active for path in change.paths)


def _may_be_a_program(evidence: Evidence) -> bool:
    pages = failing_pages(evidence.site)
    return any(page.kind in _OF_PROGRAMS for page in pages) if pages else evidence.site.kind in _OF_PROGRAMS


def _is_explained(evidence: Evidence) -> bool:
    """Whether a message says why by itself; what else is found is weighed afterwards."""
    trial = evidence.database
    if isinstance(trial, DatabaseTrial) and trial.stage != "well":
        return True
    return any(line.paired and read_php_message(line.text) for line in [*lines_shown(evidence.site), *lines_of_failure(evidence)])
