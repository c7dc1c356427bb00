"""Gives a file or folder the letters by which the program asks for it: `Cart.php` for `cart.php`."""

from __future__ import annotations

import hashlib
import posixpath

from diagnostics.evidence import Evidence
from diagnostics.facts.letter_case import in_other_case
from diagnostics.findings import Finding
from diagnostics.repairs.plan import Plan, RenameFile, RenameFolder
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "rename-letter-case"
_PERSON = _("Everything in this folder is then found under its new name only. Only a person can say whether something uses the old one.")


@repair(id=ID, title=_("Give a file the letters that the program asks for"), causes=("php-missing-file", "php-class-not-found"))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    other = in_other_case(finding, evidence)
    if other is None:
        return None
    entry = other.entry
    target = posixpath.join(posixpath.dirname(entry.absolute), other.name)
    shown = posixpath.join(posixpath.dirname(entry.path), other.name)
    change: RenameFile | RenameFolder
    if entry.kind == "folder":
        change = RenameFolder(entry.absolute, entry.path, target, shown)
    else:
        file = evidence.file(entry.path)
        if file is None:
            return CannotPlan(_("{path} could not be read.").format(path=entry.path))
        change = RenameFile(entry.absolute, entry.path, target, shown, hashlib.sha256(file.content).hexdigest())
    title = _("Rename {path} to {name}").format(path=entry.path, name=other.name)
    why = _("The program asks for it with other capital and small letters, which are different names on this host.")
    return Plan(
        ID, finding.cause, title, why, (change,), affects=_("Every page that uses it"),
        needs_person=_PERSON if entry.kind == "folder" else "", removes=1,
    )  # fmt: skip
