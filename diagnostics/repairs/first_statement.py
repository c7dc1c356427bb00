"""Puts `declare(strict_types=1);` or `namespace …;` first in its file, where PHP says that something stands before it."""

from __future__ import annotations

import re

from diagnostics.checks.php_parsing import MOST, first_error
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "put-statement-first"
_SAYS = re.compile(r"(?:Namespace declaration statement has to|strict_types declaration must) be the very first statement", re.IGNORECASE)
_STATEMENT = re.compile(rb"[ \t]*(?:declare\s*\(\s*strict_types\s*=\s*[01]\s*\)|namespace\s+[A-Za-z_][\w\\]*)\s*;[ \t]*(?:(?://|#).*)?\r?")
_DECLARE = re.compile(rb"[ \t]*declare\s*\(", re.IGNORECASE)
_OPENS = re.compile(rb"<\?php[ \t]*\r?")
_PERSON = _("What stood before it comes after it then. Only somebody who knows the file can say whether it is what was meant.")


@repair(id=ID, title=_("Put a statement first that PHP wants first"), causes=("php-parse-error",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = evidence.file(finding.path)
    texts = (finding.datum("message"), finding.summary, *(proof.text for proof in finding.evidence))
    if file is None or finding.line is None or len(file.content) > MOST or not any(_SAYS.search(text) for text in texts):
        return None
    after, is_blank = _without_blanks(file.content), True
    if after == file.content:
        after, is_blank = _with_first(file.content, finding.line), False
    if after == file.content or first_error(after) is not None:
        return None
    title = (
        _("Take the blank out that stands before “<?php” in {path}").format(path=file.path) if is_blank
        else _("Put line {line} of {path} first").format(line=finding.line, path=file.path)
    )  # fmt: skip
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    return Plan(
        ID, finding.cause, title, _("PHP reads this file only if nothing stands before that statement. Nothing else is changed."),
        (change,), affects=_("Every page that uses this file"), needs_person=_PERSON,
    )  # fmt: skip


def _without_blanks(content: bytes) -> bytes:
    """Blanks and empty lines before the opening tag are put out, and count as a statement."""
    stripped = content.lstrip(b" \t\r\n")
    return stripped if stripped.startswith(b"<?php") else content


def _with_first(content: bytes, number: int) -> bytes:
    """The line behind the opening tag; a namespace behind the declarations that stand there already."""
    lines = content.split(b"\n")
    if not (1 < number <= len(lines)) or not _OPENS.fullmatch(lines[0]) or not _STATEMENT.fullmatch(lines[number - 1]):
        return content
    moved, at = lines.pop(number - 1), 1
    while at < number - 1 and not _DECLARE.match(moved) and (_DECLARE.match(lines[at]) or not lines[at].strip()):
        at += 1
    lines.insert(at, moved)
    return b"\n".join(lines)
