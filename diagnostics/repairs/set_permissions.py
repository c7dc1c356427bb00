"""Gives files and folders the modes of the host's profile. Never the root folder, never through links, never looser unasked."""

from __future__ import annotations

from collections.abc import Sequence, Set

from diagnostics.checks.modes import judged_entries
from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding
from diagnostics.profiles import Judgement, get_profile, policy_for
from diagnostics.repairs.affected import affected_by
from diagnostics.repairs.entries import known_entries
from diagnostics.repairs.guards import QUARANTINE
from diagnostics.repairs.plan import ChangeMode, Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "set-permissions"
MOST = 500
CAUSES = ("file-unreadable", "folder-not-traversable", "cgi-writable-by-others", "htaccess-unreadable")
YES = ("yes", "1", "true", "on")
_STRICTER = _("A stricter permission may have been set on purpose. Only a person can say whether it may be loosened.")


@repair(id=ID, title=_("Set permissions as the host asks for"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Answers: `all` also what does not explain the failure; `loosen` also modes stricter than the policy."""
    wanted = _wanted(evidence, finding, answers)
    strict = [(entry, judged) for entry, judged in wanted if _loosens(entry, judged)]
    named_strict = finding.cause in ("file-unreadable", "folder-not-traversable", "htaccess-unreadable")
    if answers.get("loosen") not in YES and not named_strict:
        wanted = [pair for pair in wanted if pair not in strict]
        strict = []
    if not wanted:
        return CannotPlan(_("Nothing is left that may be changed without asking.")) if strict else None
    cut = wanted[:MOST]
    changes = tuple(ChangeMode(e.absolute, e.path, e.kind, e.mode, j.expected) for e, j in cut if j.expected is not None)
    purposeful = [entry for entry, _judged in strict if _is_meant(entry)]
    why = _("These are the permissions that hosts like this one ask for ({profile}).").format(profile=get_profile(evidence.profile).title)
    if len(wanted) > MOST:
        why += " " + _("Only the first {most} of {count} are changed in one step.").format(most=MOST, count=len(wanted))
    person = QUARANTINE if any(_is_shut(entry) for entry in purposeful) else _STRICTER
    return Plan(
        ID,
        finding.cause,
        _title(changes),
        why,
        changes,
        affects=affected_by(changes),
        takes_away_protection=bool(purposeful),
        needs_person=person if purposeful else "",
    )


def _is_meant(entry: TreeEntry) -> bool:
    """Stricter on purpose, as it seems: its owner may use it and others may not, or nobody may at all."""
    return bool(entry.mode & (0o100 if entry.kind == "folder" else 0o400)) or _is_shut(entry)


def _is_shut(entry: TreeEntry) -> bool:
    """As hosts and scanners shut what they found infected: nobody may read it."""
    return not entry.mode & 0o444


def _title(changes: Sequence[ChangeMode]) -> str:
    if len(changes) == 1:
        return _("Set the permissions of {path} to {mode}").format(path=changes[0].shown, mode=f"{changes[0].after:03o}")
    return _("Change the permissions of {count} files and folders").format(count=len(changes))


def _wanted(evidence: Evidence, finding: Finding, answers: Answers) -> list[tuple[TreeEntry, Judgement]]:
    named = set(filter(None, finding.datum("paths").split("\n"))) | ({finding.path} if finding.path else set())
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    owner = next((entry.uid for entry in entries if entry.path == docroot_name(evidence)), None)
    named |= _shut_with(named, entries)
    found = []
    for entry, judged in (*judged_entries(evidence), *_outside(evidence, named)):
        foreign = owner not in (None, 0) and entry.uid is not None and entry.uid != owner  # cannot be changed by this login
        if judged.expected is None or judged.expected == entry.mode or foreign:
            continue
        if entry.path in named or answers.get("all") in YES:
            found.append((entry, judged))
    return found


def _shut_with(named: Set[str], entries: Sequence[TreeEntry]) -> set[str]:
    """Where nobody may read most of a site's files, all of them: they were shut at one stroke. Of few, a scanner may have its reasons."""
    files = [entry for entry in entries if entry.kind == "file"]
    modes = {entry.mode for entry in files if entry.path in named and _is_shut(entry)}
    alike = {entry.path for entry in files if entry.mode in modes}
    return alike if len(alike) * 2 > len(files) else set()


def _outside(evidence: Evidence, named: set[str]) -> list[tuple[TreeEntry, Judgement]]:
    """What the finding names outside of the docroot: nothing else there is this site's business."""
    profile = get_profile(evidence.profile)
    top = docroot_name(evidence)
    others = [entry for path, entry in known_entries(evidence).items() if path in named and path != top and not path.startswith(f"{top}/")]
    return [(entry, policy_for(entry, profile)) for entry in others]


def _loosens(entry: TreeEntry, judged: Judgement) -> bool:
    return judged.expected is not None and bool(judged.expected & ~entry.mode)
