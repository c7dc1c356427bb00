"""Ends an unfinished merge: the marks and the other side's lines become comments, or go; what was there before the merge stays.

Git's manual, "How conflicts are presented": <<<<<<< ours, ======= theirs, >>>>>>>; with the style diff3 also ||||||| the common ancestor.
"""

from __future__ import annotations

import posixpath
import re

from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import parse
from diagnostics.repairs.editing import NEEDS_PERSON, file_of, protects
from diagnostics.repairs.guards import IN_PROGRAMS as GUARDS
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "take-out-conflict"
_MARKS = (b"<<<<<<< ", b"|||||||", b"=======", b">>>>>>> ")
_PHP = re.compile(r"\.(?:php|phtml|inc)$", re.IGNORECASE)


@repair(
    id=ID,
    title=_("End an unfinished merge"),
    causes=("htaccess-invalid-directive", "htaccess-unclosed-section", "php-parse-error"),
)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = file_of(evidence, finding) or evidence.file(finding.path)
    if file is None or b"<<<<<<< " not in file.content:
        return None
    is_php = bool(_PHP.search(file.path))
    if not is_php and posixpath.basename(file.path) != ".htaccess":
        return None
    split = _split(file.content)
    if split is None:
        return CannotPlan(_("The marks of the merge do not stand in their order. Somebody who knows the file must look."))
    after = b"".join(line if kept else b"" if is_php else b"# " + line for line, kept in split)
    locks = _loses_check(split) if is_php else _loses(file, split)
    title = _("End the unfinished merge in {path}").format(path=file.path)
    gone = _("What was there before the merge stays; the marks and what was to come in are taken out.")
    out = _("What was there before the merge stays; the marks and what was to come in become comments.")
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    return Plan(
        ID, finding.cause, title, gone if is_php else out, (change,),
        affects=_("Every page that uses this file") if is_php else _("Every page below {folder}/").format(
            folder=posixpath.dirname(file.path) or "."
        ),
        takes_away_protection=locks, needs_person=NEEDS_PERSON if locks else "", removes=sum(not kept for _line, kept in split),
    )  # fmt: skip


def _split(content: bytes) -> list[tuple[bytes, bool]] | None:
    """Every line with whether it stays; None where a mark stands out of its order."""
    found, side = [], ""
    follows = {"": "<", "<": "|=", "|": "=", "=": ">"}
    for line in content.splitlines(keepends=True):
        mark = line[:1].decode("latin-1") if line.startswith(_MARKS) and (line[:7] != b"=======" or not line[7:].strip()) else ""
        if mark and mark not in follows[side]:
            return None
        side = side if not mark else "" if mark == ">" else mark
        found.append((line, not mark and side in ("", "<")))
    return found if not side else None


def _loses_check(split: list[tuple[bytes, bool]]) -> bool:
    """Whether what was to come into a program asks who somebody is, in a line that the other side does not have as well."""
    stays = {line.strip() for line, kept in split if kept}
    return any(GUARDS.search(line) and line.strip() not in stays for line, kept in split if not kept and not line.startswith(_MARKS))


def _loses(file: TextFile, split: list[tuple[bytes, bool]]) -> bool:
    """Whether the other side would have kept somebody out of something."""
    other = parse(b"".join(line for line, kept in split if not kept and not line.startswith(_MARKS)))
    return any(protects(line, other) for line in other.lines)
