"""Lets the owner write, or read, where the site could not: a folder, or one file of it. Nobody else gets a right."""

from __future__ import annotations

import posixpath
import re

from diagnostics.checks.common import usual_owner
from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.findings import Finding
from diagnostics.repairs.affected import affected_by
from diagnostics.repairs.entries import known_entries
from diagnostics.repairs.guards import QUARANTINE
from diagnostics.repairs.plan import ChangeMode, Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "give-owner-write"
_FOLDER, _FILE = 0o700, 0o600
_PROVEN = 0.85
_MOST = 50
ALIKE = "alike"  # the answer that opens what is shut in the same way beside it
_OF_DATA = frozenset({"storage", "framework", "var", "cache", "tmp", "temp", "data", "logs", "log", "writable", "runtime", "files", "app"})
_SHUT_ON_PURPOSE = frozenset({"wp-config.php", ".htaccess", ".env", ".user.ini", "settings.php", "configuration.php", "local.xml"})
_PERSON = _("Files of this name are often shut on purpose, so that no program can change them. Only a person can say whether this one was.")
_UNPROVEN = _("It may have been shut on purpose, and no message names it. Only a person can say whether the site is to write there.")


def variants(evidence: Evidence, finding: Finding) -> list[Answers]:
    """What the finding names; then also what lies shut beside it in the same way, as after an upload that shut all of it."""
    entries = known_entries(evidence)
    return [{}, {ALIKE: "yes"}] if _alike(_named(finding, entries), entries) else [{}]


@repair(
    id=ID, title=_("Let the site write where it must"), causes=("folder-not-writable", "php-session-path-not-writable"), variants=variants
)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Answers: `alike` also the folders beside it that are shut in the same way."""
    entries = known_entries(evidence)
    shut = _named(finding, entries)
    shut += _alike(shut, entries) if answers.get(ALIKE) else []
    if not shut:
        return None
    owner = usual_owner(evidence)
    if any(entry.uid is not None and owner is not None and entry.uid != owner for entry in shut):
        return CannotPlan(_("It belongs to somebody else on the host, so this login cannot change it. Ask the host to give it to you."))
    purposeful = any(posixpath.basename(entry.path) in _SHUT_ON_PURPOSE for entry in shut)
    why = _PERSON if purposeful else "" if all(_is_proven(entry, finding) for entry in shut) else _UNPROVEN
    changes = tuple(ChangeMode(entry.absolute, entry.path, entry.kind, entry.mode, entry.mode | _least(entry)) for entry in shut)
    return Plan(
        ID, finding.cause, _("Let the site write into {path}").format(path=shut[0].path),
        _("Its owner, as whom the site runs, may write there again. Others get no right."), changes,
        affects=affected_by(changes),
        takes_away_protection=purposeful, needs_person=why,
    )  # fmt: skip


def _named(finding: Finding, entries: dict[str, TreeEntry]) -> list[TreeEntry]:
    wanted = [entry for path in (finding.path, *finding.datum("paths").split("\n")) if (entry := _nearest(path, entries)) is not None]
    shut = [entry for entry in dict.fromkeys(wanted) if entry.mode | _least(entry) != entry.mode]
    return shut or _said(finding, entries)


def _said(finding: Finding, entries: dict[str, TreeEntry]) -> list[TreeEntry]:
    """What the message names where the finding stands at the line that gave up over it."""
    said = "\n".join((finding.datum("message"), *(proof.text for proof in finding.evidence if proof.source != "modes")))
    shut = (entry for entry in entries.values() if entry.kind == "folder" and not entry.mode & 0o200)
    return [entry for entry in shut if re.search(rf"/{re.escape(entry.path)}(?![\w/-])", said)]


def _alike(shut: list[TreeEntry], entries: dict[str, TreeEntry]) -> list[TreeEntry]:
    """Folders with the same mode below the folder above, or two above: storage/logs and storage/framework/views."""
    tops = [top for entry in shut if entry.kind == "folder" for top in _above(entry.path)]
    modes = {entry.mode for entry in shut}
    found = (
        entry for entry in entries.values()
        if entry.kind == "folder" and entry.mode in modes and entry not in shut and any(entry.path.startswith(f"{top}/") for top in tops)
    )  # fmt: skip
    return sorted(found, key=lambda entry: entry.path)[:_MOST]


def _above(path: str) -> list[str]:
    """Never the docroot or the account itself: only folders of a program's own."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in (len(parts), len(parts) - 1) if count >= 1 and parts[count - 1] in _OF_DATA]


def _is_proven(entry: TreeEntry, finding: Finding) -> bool:
    """Whether what failed says itself that it failed over this: the message names it. That a mode is strict proves nothing."""
    said = (finding.datum("message"), *(proof.text for proof in finding.evidence if proof.source != "modes"))
    name = re.compile(rf"(?<![\w.-]){re.escape(posixpath.basename(entry.path))}(?![\w-])")
    return finding.confidence >= _PROVEN and any(name.search(text) for text in said)


def _least(entry: TreeEntry) -> int:
    return _FOLDER if entry.kind == "folder" else _FILE


def _nearest(path: str, entries: dict[str, TreeEntry]) -> TreeEntry | None:
    """What is there of this path: itself, or the folder in which it was to be made."""
    while path and path not in entries:
        path = posixpath.dirname(path)
    found = entries.get(path)
    return found if found is not None and found.kind in ("file", "folder") else None


@repair(id="give-owner-read", title=_("Let the owner read a file again"), causes=("file-unreadable",))
def give_read(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """For a file that nobody may read, not even its owner. Hosts shut infected files like this, so a person decides."""
    entry = known_entries(evidence).get(finding.path)
    owner = usual_owner(evidence)
    if entry is None or entry.kind != "file" or entry.mode & 0o400 or (entry.uid is not None and owner is not None and entry.uid != owner):
        return None
    change = ChangeMode(entry.absolute, entry.path, "file", entry.mode, entry.mode | _FILE)
    title = _("Let the owner of {path} read it again").format(path=entry.path)
    why = _("Nobody may read it now, not even the account that it belongs to. Others get no right.")
    return Plan(
        "give-owner-read", finding.cause, title, why, (change,), affects=affected_by((change,)),
        takes_away_protection=True, needs_person=QUARANTINE,
    )  # fmt: skip
