"""Kept configuration files as people may see them: what may be a secret is never shown, but that it changed is."""

from __future__ import annotations

import difflib
import re
from typing import Any

from diagnostics.changes.journal import printable
from diagnostics.redaction import GONE, redact
from diagnostics.repairs.comparing_lines import ends, takes_long

MOST_LINES = 400
# What names a value that is not shown. Every repetition is bounded: a file that was made to be slow to read takes no more than a moment.
_NAMES = (
    r"(?:pass|pwd|(?<![a-z])pw(?![a-z])|kennwort|mdp|secret|token|key|salt|nonce|auth|credential|user|login|dsn|_url|private|cert|smtp|api)"
)
# Whole statements of PHP, whatever quotes or lines their value has; line ends are kept, so that lines can be told apart.
_DEFINE = re.compile(
    rf"((?>define\s{{0,9}}\(\s{{0,9}}(['\"])[^'\"\n]{{0,80}}{_NAMES}[^'\"\n]{{0,80}}\2\s{{0,9}}(?:/\*[^\n]{{0,80}}\*/\s{{0,9}})?,))"
    r"(\s{0,99}(?:'(?:\\.|[^'\\]){0,4000}+'|\"(?:\\.|[^\"\\]){0,4000}+\")\s{0,99}|.{0,4000}?)(\)\s{0,9};)[^\n]*",
    re.IGNORECASE | re.DOTALL,
)
_ASSIGNED_TO = re.compile(rf"[$>][\w\->\[\]'\" ]{{0,40}}{_NAMES}[\w\[\]'\" \t]{{0,40}}\Z", re.IGNORECASE)
_LONGEST_NAME, _LONGEST_VALUE = 100, 4000
_OF_ARRAY = re.compile(rf"((['\"])[^'\"\n]{{0,80}}{_NAMES}[^'\"\n]{{0,80}}\2\s{{0,9}}(?:=>|[:,]))(\s{{0,99}}[^\n]*)", re.IGNORECASE)
_INI = re.compile(
    rf"^([ \t]{{0,80}}(?:export[ \t]{{1,9}})?[\w.\-]{{0,80}}{_NAMES}[\w.\-]{{0,80}}[ \t]{{0,80}}=)([^\n]*)", re.IGNORECASE | re.MULTILINE
)
_YAML = re.compile(rf"^([ \t]{{0,80}}(?:-[ \t]{{1,9}})?[\w.\-]{{0,80}}{_NAMES}[\w.\-]{{0,80}}:)([ \t][^\n]*)", re.IGNORECASE | re.MULTILINE)
# Apache: values that are handed on to the application.
_APACHE = re.compile(
    r"^([ \t]{0,80}(?:SetEnv|AuthBasicFake|RequestHeader[ \t]{1,9}\w{1,20})[ \t]{1,80}\S{1,200})([ \t][^\n]*)", re.IGNORECASE | re.MULTILINE
)
_APACHE_PHP = re.compile(
    rf"^([ \t]{{0,80}}php_(?:admin_)?value[ \t]{{1,80}}\S{{0,80}}{_NAMES}\S{{0,80}})([ \t][^\n]*)", re.IGNORECASE | re.MULTILINE
)
# A text is taken whole: the semicolons of a DSN do not end the call.
_CALL = re.compile(
    r"((?:new\s{1,9}\\?(?:PDO|mysqli)|\bmysqli?_p?connect|mysqli_real_connect|->real_connect)\s{0,9}\()"
    r"((?:'(?:\\.|[^'\\]){0,400}+'|\"(?:\\.|[^\"\\]){0,400}+\"|[^;'\"]){0,200}[^;]{0,400})",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(rf"([?&][\w.\-]{{0,40}}{_NAMES}[\w.\-]{{0,40}}=)([^&\s'\"]{{1,400}})", re.IGNORECASE)
_NOT_SHOWN = "  ← a value that is not shown here has changed"


def redacted(content: bytes) -> str:
    """The text of a configuration file with everything taken out that may be a secret. Lines stay lines."""
    text = printable(content.decode("utf-8", "surrogateescape")).replace("\r\n", "\n").replace("\r", "\n")
    text = _DEFINE.sub(lambda m: f"{m[1]} {GONE}{m[4]}" + "\n" * m[3].count("\n"), text)
    text = _without_assigned(text)
    for pattern in (_CALL, _OF_ARRAY, _INI, _YAML, _APACHE_PHP, _APACHE, _IN_ADDRESS):
        text = pattern.sub(lambda m: f"{m[1]} {GONE}" + "\n" * m[0][len(m[1]) :].count("\n"), text)
    shown = redact(text)
    return shown + "\n" * (text.count("\n") - shown.count("\n"))


def _without_assigned(text: str) -> str:
    """Values of PHP's assignments taken out, up to the end of the line where they end. Each "=" is looked at once."""
    out, done, at = [], 0, text.find("=")
    while at >= 0:
        end = text.find(";", at + 1, at + 1 + _LONGEST_VALUE + 1)
        if end >= 0 and text[at + 1] != ">" and _ASSIGNED_TO.search(text[max(done, at - _LONGEST_NAME) : at]):
            out.append(f"{text[done : at + 1]} {GONE};" + "\n" * text.count("\n", at, end))
            line_end = text.find("\n", end)
            done = line_end if line_end >= 0 else len(text)
            at = text.find("=", done)
        else:
            at = text.find("=", at + 1)
    return "".join([*out, text[done:]])


def difference(path: str, old: bytes, new: bytes) -> str:
    """A unified difference without secrets. A line whose secret alone changed is shown with that remark."""
    before, after = _lines(old), _lines(new)
    out = [f"--- {path}", f"+++ {path}"]
    matcher = difflib.SequenceMatcher(None, *_compared([raw for raw, _shown in before], [raw for raw, _shown in after]), autojunk=False)
    for group in matcher.get_grouped_opcodes(2):
        first, last = group[0], group[-1]
        out.append(f"@@ -{first[1] + 1},{last[2] - first[1]} +{first[3] + 1},{last[4] - first[3]} @@")
        for verb, i1, i2, j1, j2 in group:
            if verb == "equal":
                out += [f" {shown}" for _raw, shown in before[i1:i2]]
                continue
            same = {shown for _raw, shown in before[i1:i2]} & {shown for _raw, shown in after[j1:j2] if GONE in shown}
            out += [f"-{shown}" for _raw, shown in before[i1:i2]]
            out += [f"+{shown}{_NOT_SHOWN if shown in same else ''}" for _raw, shown in after[j1:j2]]
        if len(out) > MOST_LINES:
            return "\n".join([*out[:MOST_LINES], "@@ … @@"])
    return "\n".join(out) if len(out) > 2 else ""


def _compared(before: list[str], after: list[str]) -> tuple[list[Any], list[Any]]:
    """The lines, those of both ends numbered; where comparing the others would take long, each of them counts as changed."""
    head, tail = ends(before, after)
    first, last = list(range(head)), [("end", place) for place in range(tail)]
    middle: list[list[Any]] = [lines[head : len(lines) - tail] for lines in (before, after)]
    if takes_long(before, after):
        middle = [[(side, place) for place in range(len(lines) - head - tail)] for side, lines in (("old", before), ("new", after))]
    return [*first, *middle[0], *last], [*first, *middle[1], *last]


def _lines(content: bytes) -> list[tuple[str, str]]:
    """Each line as it is, for comparing only, and as it may be shown."""
    content = content.removesuffix(b"\n")
    shown = redacted(content).split("\n")
    raw = content.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return list(zip(raw, shown, strict=False)) if len(raw) == len(shown) else [(line, line) for line in shown]
