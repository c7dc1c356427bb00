"""Corrects a slip in one line of PHP that stops the whole file: a quote in a text, a missing end, quotes of a word processor.

Tried one after the other at the line that PHP complains of and the one before; only what makes the whole file read as PHP is proposed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

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
_NO_COMMA = re.compile(r"(?P<head>\s*define\s*\(\s*(['\"])\w{1,80}\2)\s*[;.:]?\s*(?=['\"\w-])")
_TWICE = re.compile(r"\)\s*\)\s*;\s*$")
_COMMENT = re.compile(r"(?P<code>^(?:[^'\"#/]|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|/(?![/*]))*?)(?P<tail>\s*(?:(?://|#|/\*).*)?\r?)$")
# Quotes of a word processor: as characters, and as the bytes of Windows, which are no part of a character of UTF-8.
_CURLY_SIGNS = "\u2018-\u201f\u2032\u2033\u00ab\u00bb\u00b4"
_WINDOWS_SIGNS = "\u0082\u0084\u0091-\u0094"
_TEXT = r"'(?:\\.|[^'\\])*+'|\"(?:\\.|[^\"\\])*+\"|//.*|#.*|/\*.*?(?:\*/|$)"  # what is no code, and holds what it likes
_UNDEFINED = rb"ndefined constant [\"'`]?(?:\w+\\)*"
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
    ways = _missed_constants(file, finding) if first_error(file.content) is None else _mended(file, finding.line)
    if ways is None:
        return None
    found = next(ways, None)
    if found is None:
        return CannotPlan(_("No single sign in this line would make the file read as PHP again."))
    number, slip, after = found
    title = _("Correct line {line} of {path}: {what}").format(line=number, path=file.path, what=slip.what)
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    return Plan(
        ID, finding.cause, title, _("With this sign the file reads as PHP again. Nothing else is changed."), (change,),
        affects=_("Every page that uses this file"), needs_person="" if slip.is_certain else _MEANT,
    )  # fmt: skip


def _missed_constants(file: TextFile, finding: Finding) -> Iterator[tuple[int, _Slip, bytes]] | None:
    """PHP takes a word in such quotes for the name of a constant, and complains of it only as it comes to the line."""
    lines, number = file.content.split(b"\n"), finding.line or 0
    said = _bytes_of("\n".join([finding.datum("message"), *(proof.text for proof in finding.evidence)]))
    text, codec = _read(lines[number - 1]) if 0 < number <= len(lines) else ("", "utf-8")
    words = [found["curly"] for found in _curly(codec).finditer(text) if found["curly"]]
    if len(text) > _LONGEST or not any(re.search(_UNDEFINED + re.escape(word.encode(codec)), said) for word in words):
        return None
    return _each_that_reads(file, [(number, codec, slip) for slip in _of_curly(text, codec)])


def _bytes_of(said: str) -> bytes:
    """What a log says with the bytes that it, or what read it, wrote as `\\xNN`."""
    raw = html.unescape(said).encode("utf-8", "surrogateescape")
    return re.sub(rb"\\x([0-9a-fA-F]{2})", lambda found: bytes([int(found[1], 16)]), raw)


def _read(line: bytes) -> tuple[str, str]:
    """A line as text, and how it is written: each byte a letter where it is no UTF-8."""
    try:
        return line.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return line.decode("latin-1"), "latin-1"


@cache
def _curly(codec: str) -> re.Pattern[str]:
    """Finds texts and comments, which are left, and else what stands between two quotes of a word processor (`curly`, `inner`)."""
    sign = f"[{_CURLY_SIGNS}]" if codec == "utf-8" else f"(?<![\u0080-\u00f4])[{_WINDOWS_SIGNS}](?![\u0080-\u00bf])"
    none = _CURLY_SIGNS if codec == "utf-8" else _WINDOWS_SIGNS
    return re.compile(rf"(?P<curly>{sign}(?P<inner>[^'\"\\\n{none}]*){sign})|{_TEXT}")


def _of_curly(text: str, codec: str) -> Iterator[_Slip]:
    """Words in code between two such quotes are texts; what is in quotes of PHP or in a comment stays as it is."""
    inner = [found["inner"] for found in _curly(codec).finditer(text) if found["curly"]]
    if inner:
        mended = _curly(codec).sub(lambda found: f"'{found['inner']}'" if found["curly"] else found[0], text)
        # In double quotes PHP would put the value of a variable there.
        yield _Slip(mended, _("quotes of a word processor"), is_certain=not any("$" in each for each in inner))
    signs = _CURLY_SIGNS if codec == "utf-8" else _WINDOWS_SIGNS
    for half in (rf"[{signs}](\w[\w .-]*)(['\"])", rf"(['\"])(\w[\w .-]*)[{signs}]"):
        if len(found := list(re.finditer(half, text, re.ASCII))) == 1:
            quote, word = sorted(found[0].groups(), key=lambda part: part not in "'\"")
            whole = f"{text[: found[0].start()]}{quote}{word}{quote}{text[found[0].end() :]}"
            yield _Slip(whole, _("quotes of a word processor"))


def _mended(file: TextFile, line: int) -> Iterator[tuple[int, _Slip, bytes]]:
    """Each way to write one of these lines with which the whole file reads as PHP: what is certain first, then the nearest."""
    lines = file.content.split(b"\n")
    numbers = [number for number in range(min(line, len(lines)), max(0, line - _LINES_BACK), -1) if lines[number - 1].strip()]
    read = [(number, *_read(lines[number - 1])) for number in numbers]
    slips = [(number, codec, slip) for number, text, codec in read for slip in _slips(text, codec)]
    return _each_that_reads(file, slips)


def _each_that_reads(file: TextFile, slips: list[tuple[int, str, _Slip]]) -> Iterator[tuple[int, _Slip, bytes]]:
    lines = file.content.split(b"\n")
    for number, codec, slip in sorted(slips, key=lambda each: not each[2].is_certain):
        after = b"\n".join([*lines[: number - 1], slip.text.encode(codec), *lines[number:]])
        if after != file.content and first_error(after) is None:
            yield number, slip, after


def _slips(text: str, codec: str) -> Iterator[_Slip]:
    if len(text) > _LONGEST:
        return
    yield from _of_curly(text, codec)
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
    if parted := _NO_COMMA.match(code):
        yield _Slip(f"{parted['head']}, {code[parted.end() :]}{tail}", _("the comma behind a name is missing"), is_certain=True)
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
