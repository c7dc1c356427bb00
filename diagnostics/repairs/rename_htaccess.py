"""Renames a whole `.htaccess`, as the hosts' guides advise: to `.htaccess.old`, never over a file of that name."""

from __future__ import annotations

import hashlib
import posixpath

from diagnostics.causes import CAUSES as CATALOGUE
from diagnostics.evidence import Evidence, TextFile, moment_of
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import LineKind, parse
from diagnostics.repairs.affected import pages_below
from diagnostics.repairs.editing import NEEDS_PERSON, file_of, protects
from diagnostics.repairs.plan import Plan, RenameFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "rename-htaccess"
CAUSES = tuple(cause.code for cause in CATALOGUE.values() if ID in cause.repairs)


@repair(id=ID, title=_("Put the whole .htaccess aside"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = file_of(evidence, finding)
    if file is None:
        return CannotPlan(_("The file is not there any more."))
    document = parse(file.content)
    target = _free_name(file, evidence)
    locks = any(protects(line, document) for line in document.lines)
    folder = posixpath.dirname(file.path)
    change = RenameFile(
        file.absolute,
        file.path,
        posixpath.join(posixpath.dirname(file.absolute), target),
        posixpath.join(folder, target),
        hashlib.sha256(file.content).hexdigest(),
    )
    return Plan(
        ID,
        finding.cause,
        _("Rename {path} to {target}").format(path=file.path, target=target),
        _("Without the file the web server follows its own rules alone. Pretty addresses and redirects may stop working."),
        (change,),
        affects=pages_below(folder),
        takes_away_protection=locks,
        needs_person=NEEDS_PERSON if locks else "",
        removes=1000 + sum(line.kind is LineKind.DIRECTIVE for line in document.lines),
    )


def _free_name(file: TextFile, evidence: Evidence) -> str:
    """A name that is not taken; the same from the same evidence, so that a plan can be made again."""
    taken = {entry.path for entry in evidence.tree} if isinstance(evidence.tree, tuple) else set()
    folder = posixpath.dirname(file.path)
    changed = moment_of(file.mtime)
    stamp = changed.strftime("%Y%m%dT%H%M%SZ") if changed else "undated"
    candidates = [".htaccess.old", f".htaccess.old-{stamp}", *(f".htaccess.old-{stamp}-{number}" for number in range(2, 100))]
    return next(name for name in candidates if posixpath.join(folder, name) not in taken)
