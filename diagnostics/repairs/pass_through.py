"""Lets the web server pass through a folder above the site: the one right that it lacks there, and none to see what lies in it.

Such a folder is the account's own and holds more than the site, and hosts shut accounts in the same way: only a person decides.
"""

from __future__ import annotations

from diagnostics.checks.common import usual_owner
from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.findings import Finding
from diagnostics.profiles import ModeSeverity, get_profile, judge_root
from diagnostics.repairs.plan import ChangeMode, Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "let-pass-through"
_PASS = 0o001
_SHUT_BY_HOST = _("The host shut this account in this way. Clean up what it complains about, then ask it to open the account.")
_PERSON = _(
    "This folder lies above the site and may have been shut on purpose, by you or by the host. "
    "Only a person can say whether the web server may pass through it."
)


@repair(id=ID, title=_("Let the web server pass through a folder above the site"), causes=("folder-not-traversable",))
def plan(evidence: Evidence, finding: Finding, _answers: Answers) -> Plan | CannotPlan | None:
    """None where no folder above the site is named, or the right is there."""
    folder = next((entry for entry in evidence.folders_above if entry.path in finding.datum("paths").split("\n")), None)
    if folder is None or folder.kind != "folder" or folder.mode & _PASS:
        return None
    if _is_shut_by_host(folder, evidence):
        return CannotPlan(_SHUT_BY_HOST)
    owner = usual_owner(evidence)
    if owner is not None and folder.uid is not None and folder.uid != owner:
        return CannotPlan(_("It belongs to another user than the site: only the host can change it."))
    after = folder.mode | _PASS
    return Plan(
        ID,
        finding.cause,
        _("Let the web server pass through {path}").format(path=folder.absolute),
        _(
            "Everything below this folder is out of the web server's reach, whatever its own permissions say. "
            "It gets the right to pass through and nothing else: the names of what lies in the folder stay hidden."
        ),
        (ChangeMode(folder.absolute, folder.absolute, "folder", folder.mode, after),),
        affects=_("Every site below this folder. Other users of the same host may reach files in it whose names they know."),
        takes_away_protection=True,
        needs_person=_PERSON,
    )


def _is_shut_by_host(folder: TreeEntry, evidence: Evidence) -> bool:
    """By the mode that the profile knows for it, or because not even its owner may enter."""
    return not folder.mode & 0o100 or judge_root(folder.mode, get_profile(evidence.profile)).severity is ModeSeverity.HOSTS_BLOCK
