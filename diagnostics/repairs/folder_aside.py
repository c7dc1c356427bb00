"""A folder by the name of `.htaccess`, as an upload program makes it by a slip, under another name."""

from __future__ import annotations

import posixpath

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.repairs.affected import pages_below
from diagnostics.repairs.plan import Plan, RenameFolder
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.set_aside_part import MARK, free_name
from sites.texts import mark as _

ID = "rename-htaccess-folder"


@repair(id=ID, title=_("Give a folder named .htaccess another name"), causes=("htaccess-unreadable",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    folder = next((entry for entry in entries if entry.path == finding.path and entry.kind == "folder"), None)
    if folder is None or posixpath.basename(folder.path) != ".htaccess":
        return None
    name = free_name(evidence, folder.path, f"htaccess.{MARK}")
    target, shown = (posixpath.join(posixpath.dirname(path), name) for path in (folder.absolute, folder.path))
    return Plan(
        ID, finding.cause, _("Rename the folder {path} to {name}").format(path=folder.path, name=name),
        _("The web server reads a file of this name before every page, and cannot read a folder. Nothing in it is changed."),
        (RenameFolder(folder.absolute, folder.path, target, shown),),
        affects=pages_below(posixpath.dirname(folder.path)),
    )  # fmt: skip
