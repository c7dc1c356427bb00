"""Mends a line of an environment file (`.env`) that keeps a program from reading the whole of it: a value without quotes, or no setting.

phpdotenv and Symfony's Dotenv refuse the whole file for one such line (`Parser::parse`, `Dotenv::createFormatException`).
"""

from __future__ import annotations

import posixpath
import re

from diagnostics.evidence import Evidence
from diagnostics.facts.settings.env_files import env_quoted, env_value_at, read_env
from diagnostics.findings import Finding
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "mend-env-line"
CAUSES = ("php-uncaught-exception", "application-answers-500", "php-parse-error")
_FILE = re.compile(r"^\.env(?:\.[\w-]+)*$")
_SETTING = re.compile(r"^\s*(?:export\s+)?[A-Za-z_][\w.]*\s*=|^\s*(?:export\s+)?[A-Za-z_][\w.]*\s*$")
_PLAIN = re.compile(r"[^'\"$\\\r\n]+\Z")  # means the same in quotes
_QUOTED = re.compile(r"^[ \t]*(?:export[ \t]+)?[A-Za-z_][\w.]*[ \t]*=[ \t]*(?:'[^']*'|\"(?:[^\"\\]|\\.)*+\")", re.MULTILINE | re.DOTALL)
_LINES_AROUND = 1  # the program may count the line on which it noticed
_MEANT = _("The line may hold part of a value. Only somebody who knows it can say whether nothing needs it.")


@repair(id=ID, title=_("Mend a line of an environment file"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = evidence.file(finding.path)
    if file is None or finding.line is None or not _FILE.match(posixpath.basename(file.path)):
        return None
    text = file.content.decode("utf-8", "surrogateescape")
    around = sorted(range(finding.line - _LINES_AROUND, finding.line + _LINES_AROUND + 1), key=lambda number: abs(number - finding.line))
    for number in around:
        after, what, needs_person = _mended(text, number)
        if after != text:
            title = _("Line {line} of {path}: {what}").format(line=number, path=file.path, what=what)
            why = _("For this one line the program refuses the whole file.")
            change = WriteFile(file.absolute, file.path, file.content, after.encode("utf-8", "surrogateescape"), file.mode)
            affects = _("Every page that uses this file")
            return Plan(ID, finding.cause, title, why, (change,), affects=affects, removes=1, needs_person=needs_person)
    return CannotPlan(_("It is not clear what the program does not understand in this file."))


def _mended(text: str, number: int) -> tuple[str, str, str]:
    """The text with this line mended, how, and why it needs a person; unchanged where all is well or other values would change."""
    lines = text.split("\n")
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    if not line.strip() or line.lstrip().startswith("#") or _is_in_value(text, number):
        return text, "", ""
    if not _SETTING.match(line):
        lines[number - 1] = f"# {line}"
        after = "\n".join(lines)
        is_same = read_env(after) == read_env(text)
        return after if is_same else text, _("make it a comment, for it sets nothing"), _MEANT
    found = env_value_at(text, number)
    value = text[found[1] : found[2]] if found else ""
    if found is None or not re.search(r"\s", value.strip()) or not _PLAIN.match(value):
        return text, "", ""
    after = text[: found[1]] + env_quoted(value) + text[found[2] :]
    is_same = read_env(after) == {**read_env(text), found[0]: read_env(after).get(found[0], "")}
    return after if is_same else text, _("put its value in quotes, for it holds a space"), ""


def _is_in_value(text: str, number: int) -> bool:
    """Whether the line belongs to a value in quotes that began on a line above."""
    for found in _QUOTED.finditer(text):
        first = text.count("\n", 0, found.start()) + 1
        if first < number <= first + found[0].count("\n"):
            return True
    return False
