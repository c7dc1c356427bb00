"""Corrects a slip in one line of PHP that stops the whole file: a quote in a text, a missing end, quotes of a word processor.

Tried one after the other at the line that PHP complains of and the one before; only what makes the whole file read as PHP is proposed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.checks.php_parsing import MOST, first_error
from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "correct-php-line"
CAUSES = ("php-parse-error", "wordpress-config-syntax", "wordpress-plugin", "wordpress-theme", "wordpress-mu-plugin")
_PHP = re.compile(r"\.(?:php\d?|phtml|inc)$", re.IGNORECASE)
_LINES_BACK = 4  # so far before the line that PHP names may lie what it complains of
_LONGEST = 2000
# A value in quotes that is given a name: "define( 'DB_PASSWORD', '…' );", "$password = '…';", "'password' => '…',".
_HEAD = (
    r"(?P<head>^[^'\"\n]{0,200}?(?:define\s*\(\s*(['\"])\w{1,80}\2\s*,|\$[\w>\[\]'\"-]{1,80}\s*="
    r"|['\"][\w.-]{1,80}['\"]\s*=>|const\s+\w{1,80}\s*=)\s*)(?P<quote>['\"])"
)
_TAIL = r"(?P<tail>\s*\)?\s*[;,]?\s*(?:(?://|#).*)?\r?)$"
_GIVEN = re.compile(_HEAD + r"(?P<value>.*)(?P=quote)" + _TAIL)
_OPEN = re.compile(_HEAD + r"(?P<value>[^'\";,()]*)" + _TAIL)
_DEFINES = re.compile(r"\s*define\s*\([^;]*\)\s*$")
_UNQUOTED = re.compile(r"(?P<head>\s*define\s*\(\s*(?P<quote>['\"])\w{1,80}),")
_TWICE = re.compile(r"\)\s*\)\s*;\s*$")
_COMMENT = re.compile(r"(?P<code>^(?:[^'\"#/]|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|/(?![/*]))*?)(?P<tail>\s*(?:(?://|#|/\*).*)?\r?)$")
# Quotes of a word processor, as the bytes of UTF-8 and of Windows look where each byte is a letter.
_CURLY = re.compile("\u00e2\u0080[\u0098-\u009f\u00b2\u00b3]|\u00c2[\u00ab\u00bb\u00b4]|[\u0091-\u0094\u0084\u0082](?![\u0080-\u00bf])")
_MEANT = _("With this the file reads as PHP again. Only somebody who knows it can say whether it is what was meant.")


@dataclass(frozen=True, slots=True)
class _Slip:
    """A line written otherwise, and what was wrong with it. `is_certain`: it can have meant nothing else."""

    text: str
    what: str
    is_certain: bool = False


@repair(id=ID, title=_("Correct a slip in a line of PHP"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = evidence.file(finding.path)
    if file is None or finding.line is None or not _PHP.search(file.path) or len(file.content) > MOST:
        return None
    if first_error(file.content) is None and not _is_name_in_curly_quotes(file, finding):
        return None
    found = next(_mended(file, finding.line), None)
    if found is None:
        return CannotPlan(_("No single sign in this line would make the file read as PHP again."))
    number, slip, after = found
    title = _("Correct line {line} of {path}: {what}").format(line=number, path=file.path, what=slip.what)
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    return Plan(
        ID, finding.cause, title, _("With this sign the file reads as PHP again. Nothing else is changed."), (change,),
        affects=_("Every page that uses this file"), needs_person="" if slip.is_certain else _MEANT,
    )  # fmt: skip


def _is_name_in_curly_quotes(file: TextFile, finding: Finding) -> bool:
    """PHP takes a word in such quotes for the name of a constant, and complains of it only as it comes to the line."""
    lines, said = file.content.split(b"\n"), f"{finding.datum('message')}\n" + "\n".join(proof.text for proof in finding.evidence)
    line = lines[finding.line - 1] if finding.line is not None and finding.line <= len(lines) else b""
    return "ndefined constant" in said and _CURLY.search(line.decode("latin-1")) is not None


def _mended(file: TextFile, line: int) -> Iterator[tuple[int, _Slip, bytes]]:
    """Each way to write one of these lines with which the whole file reads as PHP: what is certain first, then the nearest."""
    lines = file.content.split(b"\n")
    numbers = [number for number in range(min(line, len(lines)), max(0, line - _LINES_BACK), -1) if lines[number - 1].strip()]
    slips = [(number, slip) for number in numbers for slip in _slips(lines[number - 1].decode("latin-1"))]
    for number, slip in sorted(slips, key=lambda each: not each[1].is_certain):
        after = b"\n".join([*lines[: number - 1], slip.text.encode("latin-1"), *lines[number:]])
        if after != file.content and first_error(after) is None:
            yield number, slip, after


def _slips(text: str) -> Iterator[_Slip]:
    if len(text) > _LONGEST:
        return
    if _CURLY.search(text):
        yield _Slip(_CURLY.sub("'", text), _("quotes of a word processor"), is_certain=True)
    given, left_open = _GIVEN.match(text), _OPEN.match(text)
    if given is not None:
        yield from _of_value(given)
    elif left_open is not None:
        quote = left_open["quote"]
        yield _Slip(f"{left_open['head']}{quote}{left_open['value']}{quote}{left_open['tail']}", _("the last quote is missing"))
    parts = _COMMENT.match(text)
    if parts is None or not parts["code"].strip():
        return
    code, tail = parts["code"], parts["tail"]
    if opened := _UNQUOTED.match(code):
        yield _Slip(
            f"{opened['head']}{opened['quote']},{code[opened.end() :]}{tail}", _("the last quote of a name is missing"), is_certain=True
        )
    if (doubled := _TWICE.sub(");", code)) != code:
        yield _Slip(f"{doubled}{tail}", _("one bracket too many"), is_certain=bool(_DEFINES.match(doubled[:-1])))
    if code.rstrip()[-1:] not in ";{}:,(":
        is_define = bool(_DEFINES.match(f"{code.rstrip()})"))
        yield _Slip(f"{code.rstrip()} );{tail}", _("its end is missing"), is_certain=is_define)
        yield _Slip(f"{code.rstrip()};{tail}", _("a semicolon is missing"), is_certain=given is not None or bool(_DEFINES.match(code)))
        yield _Slip(f"{code.rstrip()},{tail}", _("a comma is missing"))
    if code.rstrip().endswith(";"):
        yield _Slip(f"{code.rstrip()[:-1].rstrip()});{tail}", _("a bracket is not closed"), is_certain=given is not None)


def _of_value(given: re.Match[str]) -> Iterator[_Slip]:
    """What stands between the first quote and the last is the value, whatever it holds."""
    quote, value = given["quote"], given["value"]
    marked = re.sub(rf"(?<!\\)((?:\\\\)*){quote}", rf"\g<1>\\{quote}", value)
    doubled = marked + "\\" if (len(marked) - len(marked.rstrip("\\"))) % 2 else marked
    if doubled != value:
        yield _Slip(f"{given['head']}{quote}{doubled}{quote}{given['tail']}", _("a quote or backslash inside of a text"), is_certain=True)
