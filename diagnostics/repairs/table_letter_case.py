"""Writes the name of a table as the database has it, where a query has other large and small letters.

Under Windows and macOS these are one for MySQL and MariaDB, under Linux they are not (their manuals, lower_case_table_names): a program
that was written there misses its own tables on its host.
"""

from __future__ import annotations

import re

from diagnostics.checks.php_parsing import MOST, first_error
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.installed import DatabaseTrial
from diagnostics.php.database_words import lost_table
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "table-letter-case"
_PHP = re.compile(r"\.(?:php\d?|phtml|inc)$", re.IGNORECASE)
_PLAIN = re.compile(r"\w{2,64}\Z", re.ASCII)
_ASKS = rb"(?P<before>\b(?:FROM|INTO|UPDATE|JOIN|TABLE|REPLACE)\s+`?(?:\w{1,64}`?\.`?)?%s)%s(?=`|\b)"  # before the prefix, and behind it
_PREFIXES = rb"(?:#__|\{\$[\w>\[\]'-]{1,40}\}|\$\w{1,40}|['\"]\s*\.\s*\$[\w>\[\]'-]{1,60}\s*\.\s*['\"]|)"
_PERSON = _("The database could not be asked which tables it has. If the table is lost and not only named otherwise, this does not help.")


@repair(id=ID, title=_("Write the name of a table in the letters that it has"), causes=("database-table-missing",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = evidence.file(finding.path)
    lost = next(
        (name for text in (finding.datum("message"), *(proof.text for proof in finding.evidence)) if (name := lost_table(text))), ""
    )
    if file is None or not _PHP.search(file.path) or len(file.content) > MOST or not _PLAIN.match(lost):
        return None
    known = evidence.database.names if isinstance(evidence.database, DatabaseTrial) else ()
    real = _real(lost, known)
    after = _renamed(file.content, lost, real) if real else file.content
    if after == file.content or first_error(after) != first_error(file.content):
        return None
    title = _("Write “{real}” for the table “{lost}” in {path}").format(real=real, lost=lost, path=file.path)
    why = _("There is no table “{lost}”. On this host large and small letters of a name are not the same.").format(lost=lost)
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    return Plan(
        ID, finding.cause, title, why, (change,), affects=_("Every page that uses this file"), needs_person="" if known else _PERSON,
        removes=1,
    )  # fmt: skip


def _real(lost: str, known: tuple[str, ...]) -> str:
    """The one table whose name differs in nothing but these letters; where no table is known, the name in small ones. Empty: none."""
    if not known:
        return lost.lower() if lost != lost.lower() else ""
    alike = [name for name in known if name.lower() == lost.lower()]
    return alike[0] if len(alike) == 1 and alike[0] != lost else ""


def _renamed(content: bytes, lost: str, real: str) -> bytes:
    """Where a query names it: whole, or behind a prefix that the program puts before every name."""
    whole = re.compile(_ASKS % (b"", re.escape(lost.encode())), re.IGNORECASE)
    after = _replaced(whole, content, lost, real)
    parts = [at for at in range(1, len(lost) - 1) if lost[at - 1] == "_" and lost[:at] == real[:at]]
    for at in parts if after == content else ():
        after = _replaced(re.compile(_ASKS % (_PREFIXES, re.escape(lost[at:].encode())), re.IGNORECASE), content, lost[at:], real[at:])
        if after != content:
            break
    return after


def _replaced(pattern: re.Pattern[bytes], content: bytes, old: str, new: str) -> bytes:
    """Only where its letters are just those that the database missed."""
    return pattern.sub(
        lambda found: found["before"] + (new.encode() if found[0].endswith(old.encode()) else found[0][len(found["before"]) :]), content
    )
