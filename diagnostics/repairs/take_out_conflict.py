"""Ends an unfinished merge. Of a program a person says which side stays; of a `.htaccess` what was there before the merge does.

Git's manual, "How conflicts are presented": <<<<<<< ours, ======= theirs, >>>>>>>; with the style diff3 also ||||||| the common ancestor.
"""

from __future__ import annotations

import posixpath
import re

from diagnostics.checks.php_parsing import first_error
from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import parse
from diagnostics.repairs.affected import pages_below
from diagnostics.repairs.editing import NEEDS_PERSON, file_of, protects
from diagnostics.repairs.guards import IN_PROGRAMS as GUARDS
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "take-out-conflict"
BEFORE, OTHER = "before", "other"  # the two sides, as answers
_KEPT = {BEFORE: "<", OTHER: "="}  # the mark behind which the lines of a side stand
_MARKS = (b"<<<<<<< ", b"|||||||", b"=======", b">>>>>>> ")
_PHP = re.compile(r"\.(?:php|phtml|inc)$", re.IGNORECASE)
_SIDE = _("Only a person can say which of the two sides is right. Look at what would go: both are offered.")
_TITLES = {
    BEFORE: _("End the unfinished merge in {path}: keep what was there before"),
    OTHER: _("End the unfinished merge in {path}: keep what was to come in"),
}
_WHYS = {
    BEFORE: _("What was there before the merge stays; the marks and what was to come in are taken out."),
    OTHER: _("What was to come in stays; the marks and what was there before the merge are taken out."),
}

Sided = list[tuple[bytes, str]]  # every line with its side: "" for both, the mark's letter, "mark" for a mark itself


def variants(evidence: Evidence, finding: Finding) -> list[Answers]:
    """Both sides of a program, the one that reads as PHP first."""
    file = _file(evidence, finding)
    split = _split(file.content) if file is not None else None
    if file is None or split is None or not _PHP.search(file.path):
        return [{}]
    return [{"side": side} for side in sorted(_KEPT, key=lambda side: first_error(_only(split, side)) is not None)]


@repair(
    id=ID,
    title=_("End an unfinished merge"),
    causes=("htaccess-invalid-directive", "htaccess-unclosed-section", "php-parse-error", "wordpress-config-syntax", "wordpress-plugin",
            "wordpress-theme", "wordpress-mu-plugin"),
    variants=variants,
)  # fmt: skip
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Answers: `side` of a program, which stays."""
    file = _file(evidence, finding)
    if file is None:
        return None
    split = _split(file.content)
    if split is None:
        return CannotPlan(_("The marks of the merge do not stand in their order. Somebody who knows the file must look."))
    return _of_program(file, finding, split, answers) if _PHP.search(file.path) else _of_htaccess(file, finding, split)


def _file(evidence: Evidence, finding: Finding) -> TextFile | None:
    file = file_of(evidence, finding) or evidence.file(finding.path)
    if file is None or b"<<<<<<< " not in file.content:
        return None
    return file if _PHP.search(file.path) or posixpath.basename(file.path) == ".htaccess" else None


def _of_program(file: TextFile, finding: Finding, split: Sided, answers: Answers) -> Plan | None:
    side = answers.get("side", BEFORE)
    if side not in _KEPT:
        return None
    locks = _loses_check(split, side)
    change = WriteFile(file.absolute, file.path, file.content, _only(split, side), file.mode)
    return Plan(
        ID, finding.cause, _TITLES[side].format(path=file.path), _WHYS[side], (change,), affects=_("Every page that uses this file"),
        takes_away_protection=locks, needs_person=NEEDS_PERSON if locks else _SIDE, removes=_gone(split, side),
    )  # fmt: skip


def _of_htaccess(file: TextFile, finding: Finding, split: Sided) -> Plan:
    stays = ("", _KEPT[BEFORE])
    after = b"".join(line if side in stays else b"# " + line for line, side in split)
    locks = _loses(file, split)
    title = _("End the unfinished merge in {path}").format(path=file.path)
    why = _("What was there before the merge stays; the marks and what was to come in become comments.")
    affects = pages_below(posixpath.dirname(file.path))
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    return Plan(
        ID, finding.cause, title, why, (change,), affects=affects, takes_away_protection=locks,
        needs_person=NEEDS_PERSON if locks else "", removes=_gone(split, BEFORE),
    )  # fmt: skip


def _split(content: bytes) -> Sided | None:
    """Every line with its side; None where a mark stands out of its order."""
    found: Sided = []
    side = ""
    follows = {"": "<", "<": "|=", "|": "=", "=": ">"}
    for line in content.splitlines(keepends=True):
        mark = line[:1].decode("latin-1") if line.startswith(_MARKS) and (line[:7] != b"=======" or not line[7:].strip()) else ""
        if mark and mark not in follows[side]:
            return None
        side = side if not mark else "" if mark == ">" else mark
        found.append((line, "mark" if mark else side))
    return found if not side else None


def _only(split: Sided, side: str) -> bytes:
    return b"".join(line for line, of in split if of in ("", _KEPT[side]))


def _gone(split: Sided, side: str) -> int:
    return sum(of not in ("", _KEPT[side]) for _line, of in split)


def _loses_check(split: Sided, side: str) -> bool:
    """Whether what goes of a program asks who somebody is, in a line that stays nowhere."""
    stays = {line.strip() for line, of in split if of in ("", _KEPT[side])}
    return any(GUARDS.search(line) and line.strip() not in stays for line, of in split if of not in ("", "mark", _KEPT[side]))


def _loses(file: TextFile, split: Sided) -> bool:
    """Whether the other side would have kept somebody out of something."""
    other = parse(b"".join(line for line, of in split if of in ("|", "=")))
    return any(protects(line, other) for line in other.lines)
