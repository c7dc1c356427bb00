"""Makes the mark again by which Nextcloud knows its data folder, where the folder is there and only the mark is not.

Without it Nextcloud refuses to start, so that a disk that is not mounted, or data that were not copied, are never taken for an empty cloud
(lib/private/legacy/OC_Util.php, checkDataDirectoryValidity). A hidden file is what copying leaves out most easily.
"""

from __future__ import annotations

import posixpath

from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.findings import Finding
from diagnostics.repairs.entries import known_entries
from diagnostics.repairs.plan import CreateFile, Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "nextcloud-data-mark"
# No other program has files of these names.
_CONTENT = {".ocdata": b"", ".ncdata": b"# Nextcloud data directory\n# Do not change this file"}  # the latter since Nextcloud 31
_MODE = 0o644
_PERSON = _(
    "Nextcloud takes this mark as proof that everybody's files are in the folder. If they were not copied yet, or lie on a disk that is "
    "not mounted, bring them there first. Only somebody who looks into the folder can say that it is the right one."
)


@repair(id=ID, title=_("Mark the data folder of Nextcloud again"), causes=("php-missing-file",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    folder, name = posixpath.split(finding.path)
    if name not in _CONTENT:
        return None
    entries = known_entries(evidence)
    found = entries.get(folder)
    if found is None or found.kind != "folder" or finding.path in entries:
        return None
    if not found.mode & 0o200 and evidence.modes is True:
        return CannotPlan(_("Nothing can be made in {path}: it is shut, or belongs to somebody else.").format(path=folder))
    change = CreateFile(f"{found.absolute.rstrip('/')}/{name}", finding.path, _CONTENT[name], _mode(entries, folder))
    title, why = (
        _("Make {path} again").format(path=finding.path),
        _("The folder is there; the small file by which Nextcloud knows it is not."),
    )
    affects = _("Every page of this Nextcloud")
    return Plan(ID, finding.cause, title, why, (change,), affects=affects, needs_person=_PERSON, removes=1)


def _mode(entries: dict[str, TreeEntry], folder: str) -> int:
    """That of a file beside it or of a start page, without what lets others write."""
    near = [entry for path, entry in entries.items() if entry.kind == "file" and entry.mode and posixpath.dirname(path) == folder]
    start = [entry for path, entry in entries.items() if entry.mode and posixpath.basename(path) == "index.php"]
    return next(((entry.mode & 0o644) | 0o600 for entry in (*near, *start)), _MODE)
