"""Gives a start page the name under which web servers look for it: small letters, or the name that it had before it was renamed."""

from __future__ import annotations

import hashlib
import posixpath
import re

from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding
from diagnostics.repairs.plan import Plan, RenameFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "rename-index"
_USUAL = re.compile(r"^index\.(?:php|html?)$", re.IGNORECASE)
_KIND = re.compile(r"\.(php|html?)(?=[.~_-]|$)", re.IGNORECASE)
_PERSON = _("It has not just other letters, it has another name: only a person can say whether it is the start page.")


@repair(id=ID, title=_("Give the start page its usual name"), causes=("index-file-missing",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Answers: `file` which of those that look like a start page."""
    others = [file for path in finding.datum("others").split("\n") if path and (file := evidence.file(path)) is not None]
    others = [file for file in others if _target(file)]
    by_letters = [file for file in others if _USUAL.match(posixpath.basename(file.path))]
    file = next((each for each in by_letters or others if each.path == answers.get("file", each.path)), None)
    if file is None:
        return None
    if len(by_letters or others) > 1 and "file" not in answers:
        return CannotPlan(_("Several files look like the start page. Rename the right one."))
    name = _target(file)
    target, shown = (posixpath.join(posixpath.dirname(path), name) for path in (file.absolute, file.path))
    if isinstance(evidence.tree, tuple) and any(entry.path == shown for entry in evidence.tree):
        return CannotPlan(_("There is a file named {path} already.").format(path=shown))
    change = RenameFile(file.absolute, file.path, target, shown, hashlib.sha256(file.content).hexdigest())
    why = _("Web servers look for {name}, and take capital and small letters for different ones.").format(name=name)
    return Plan(
        ID, finding.cause, _("Rename {path} to {name}").format(path=file.path, name=name), why, (change,),
        affects=_("The start page of {folder}/").format(folder=posixpath.dirname(file.path) or "."),
        needs_person="" if file in by_letters else _PERSON, removes=1,
    )  # fmt: skip


def _target(file: TextFile) -> str:
    """ "index.php" for "Index.PHP" and "index.php.bak"; "" where it cannot be told what kind of page it is."""
    kind = _KIND.search(posixpath.basename(file.path))
    return f"index.{kind[1].lower()}" if kind else ""
