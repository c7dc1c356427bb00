"""Renames WordPress's `.maintenance`, which an interrupted update left behind, as WordPress removes it when an update ends well."""

from __future__ import annotations

import hashlib
import posixpath

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Severity
from diagnostics.repairs.plan import Plan, RenameFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.set_aside_part import MARK, free_name
from sites.texts import mark as _

ID = "end-maintenance"


@repair(id=ID, title=_("End WordPress's maintenance"), causes=("wordpress-stuck-maintenance",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = evidence.file(finding.path)
    if file is None or posixpath.basename(file.path) != ".maintenance":
        return None
    if finding.severity is not Severity.CRITICAL:
        return CannotPlan(_("An update may still be under way. Wait until half an hour after it began."))
    name = free_name(evidence, file.path, f".maintenance.{MARK}")
    absolute, shown = (posixpath.join(posixpath.dirname(path), name) for path in (file.absolute, file.path))
    change = RenameFile(file.absolute, file.path, absolute, shown, hashlib.sha256(file.content).hexdigest())
    why = _("WordPress shuts the site while this file is there. The update that made it has ended or was broken off; start it once more.")
    return Plan(
        ID, finding.cause, _("Rename {path}, which holds the site in maintenance").format(path=file.path), why, (change,),
        affects=_("Every page of this WordPress"), removes=10,
    )  # fmt: skip
