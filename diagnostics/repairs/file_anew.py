"""A file that the web server is refused although its permissions allow it is written anew: a new file has the rights of its folder.

What shuts the server out then is finer than the nine letters: an access list (`setfacl`), or the label that SELinux gave the file where it
was made. Neither is seen or changed over SFTP and FTP; both belong to the file and not to its name, so that it is kept under another one.
"""

from __future__ import annotations

import hashlib
import posixpath

from diagnostics.checks.denied import SHUT_OUT
from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding
from diagnostics.repairs.plan import CreateFile, Plan, RenameFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.set_aside_part import MARK, free_name
from sites.texts import mark as _

ID = "write-file-anew"
CAUSES = ("file-unreadable",)
_MEANT = _("Somebody may have shut the web server out of this file on purpose. Only a person can say whether visitors may read it.")


@repair(id=ID, title=_("Write a file anew"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    if not finding.datum(SHUT_OUT):
        return None
    file = evidence.file(finding.path)
    if file is None:
        return CannotPlan(_("{path} could not be read, or is too large to be written anew from here.").format(path=finding.path))
    why = _(
        "Its permissions allow the web server to read it, and finer ones, which cannot be seen from here, do not. A new file has those of "
        "its folder. The old one is kept beside it under another name."
    )
    return Plan(
        ID, finding.cause, _("Write {path} anew").format(path=file.path), why, (_aside(evidence, file), _anew(file)),
        affects=_("Every page that uses it"), needs_person=_MEANT, takes_away_protection=True,
    )  # fmt: skip


def _aside(evidence: Evidence, file: TextFile) -> RenameFile:
    folder, name = posixpath.split(file.path)
    stem, ending = posixpath.splitext(name)
    target = free_name(evidence, file.path, f"{stem}.{MARK}{ending}" if ending == ".php" else f"{name}.{MARK}")
    place = posixpath.join(posixpath.dirname(file.absolute), target)
    return RenameFile(file.absolute, file.path, place, posixpath.join(folder, target), hashlib.sha256(file.content).hexdigest())


def _anew(file: TextFile) -> CreateFile:
    return CreateFile(file.absolute, file.path, file.content, file.mode, file.mtime)
