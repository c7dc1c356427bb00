"""Kept configuration files as people may see them: what may be a secret is never shown, but that it changed is."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from diagnostics.changes.journal import printable
from diagnostics.redaction import GONE, redact
from diagnostics.repairs.comparing_lines import ends, takes_long

MOST_LINES = 400
# What names a value that is not shown; WordPress's bloginfo() names none. Every repetition is bounded: a file that was made to be slow
# to read takes no more than a moment.
_NAMES = (
    r"(?:pass|pwd|psw|(?<![a-z])(?:pw|sk)(?![a-z])|kennwort|mdp|secret|token|key|salt|nonce|auth|credential|user|login(?!fo(?![a-z]))|dsn|_url"
    r"|private|cert|smtp|api)"
)
# Whole statements of PHP, whatever quotes or lines their value has; line ends are kept, so that lines can be told apart.
_DEFINE = re.compile(
    rf"((?>define\s{{0,9}}\(\s{{0,9}}(['\"])[^'\"\n]{{0,80}}{_NAMES}[^'\"\n]{{0,80}}\2\s{{0,9}}(?:/\*[^\n]{{0,80}}\*/\s{{0,9}})?,))"
    r"(\s{0,99}(?:'(?:\\.|[^'\\]){0,4000}+'|\"(?:\\.|[^\"\\]){0,4000}+\")\s{0,99}|.{0,4000}?)(\)\s{0,9};)[^\n]*",
    re.IGNORECASE | re.DOTALL,
)
_ASSIGNED_TO = re.compile(rf"[$>][\w\->\[\]'\" ]{{0,40}}{_NAMES}[\w\[\]'\" \t]{{0,40}}\Z", re.IGNORECASE)
# The texts of a value: a semicolon in one of them does not end it.
_TEXTS = re.compile(r"(?:[^;'\"]{0,99}+(?:'(?:\\.|[^'\\]){0,4000}+'|\"(?:\\.|[^\"\\]){0,4000}+\")){1,20}+", re.DOTALL)
_LONGEST_NAME, _LONGEST_VALUE = 100, 4000
_OF_ARRAY = re.compile(
    rf"((['\"])[^'\"\n]{{0,80}}{_NAMES}[^'\"\n]{{0,80}}\2\s{{0,9}}(?:=>|[:,]))"
    r"(\s{0,99}(?:'(?:\\.|[^'\\]){0,4000}+'|\"(?:\\.|[^\"\\]){0,4000}+\")?[^\n]*)",
    re.IGNORECASE | re.DOTALL,
)
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
# Password files of web servers: a name, and the hash of a password.
_HASHED = re.compile(r"^([^:\n]{1,255}:)(?:\$(?:2[abxy]?|apr1|[156])\$|\{SHA\})[^\s:]{1,200}", re.MULTILINE)
# A private key is taken out before anything else, then what looks like lines of one.
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-----(?:.*?-----END [A-Z0-9 ]{1,60}-----|.*)", re.DOTALL)
_OF_KEY = re.compile(r"^([ \t\"']{0,20})[A-Za-z0-9+/]{60,}+={0,2}([ \t\"'.;,)]{0,20})$", re.MULTILINE)
# Environment files: every value is a secret, and so is each line of which it is not clear what it is.
_ENV_FILE = re.compile(r"(?:^|/)(?:\.env[^/]*|[^/]+\.env)$", re.IGNORECASE)
_ENV_SET = re.compile(r"^([ \t]{0,80}(?:export[ \t]{1,9})?([A-Za-z_][\w.]{0,99})[ \t]{0,80}=)(.*)$")
_ENV_LIKE = re.compile(r"(?:export[ \t]{1,9})?[A-Z_][A-Z0-9_]{1,60}=")
_ENV_NAME = re.compile(r"(?:[A-Z_][A-Z0-9_.]*|[a-z_][a-z0-9_.]*|[A-Za-z_.]+)\Z")
_ENV_WORDS = re.compile(
    r"(?:[(\"'`]?(?:[A-ZÀ-Þ]?[a-zß-ÿ]{1,20}|[A-ZÀ-Þ]{1,20})[)\"'`.,:;!?]{0,3}(?:[ \t]{1,20}|\Z)){2,40}\Z|[-#*=~ \t]{0,200}\Z"
)
_ENV_FRAME = re.compile(r"[<>] [\w./-]{1,80} ###\Z")
# Programs: what follows the name of a secret is shown where it is code only, or has been taken out.
_PHP_FILE = re.compile(r"\.(?:php\d?|phtml|inc|module)(?:\.[^/]*)?$", re.IGNORECASE)
_OF_SECRET = re.compile(
    r"pass|pwd|psw|(?<![a-z])(?:pw|sk)(?![a-z])|kennwort|mdp|secret|token|key|salt|nonce|credential|dsn|db_?user|user_?name|login(?!fo(?![a-z]))",
    re.IGNORECASE,
)
_TAKEN = re.compile(
    r"\w{0,60}['\"]?(?:\[['\"]?\w{0,60}['\"]?\]|\]|->\w{1,60}){0,6}[ \t]{0,40}(?:/\*[^*\n]{0,80}\*/[ \t]{0,9})?"
    r"(?:=>|[.?|+]{0,2}=|[:,])[ \t]{0,9}" + re.escape(GONE) + r"[\s;),\]}]*\Z"
)
_CODE = re.compile(
    r"\A\w{0,60}|[$>:]{1,2}[A-Za-z_]\w{0,60}|\b[A-Za-z_]\w{0,60}(?=\()|\b(?:as|return|if|else|elseif|array|string|int|bool|null|true|false|and|or|"
    r"new|isset|empty|function|static|void|mixed|use|instanceof)\b|\b\d\b|[-+*/%.,;:?!&|<>=()\[\]{}@ \t]"
)
_LONGEST_REST, _MOST_LINES_ON = 500, 50
_NOT_SHOWN = "  ← a value that is not shown here has changed"


def redacted(content: bytes, path: str = "", notes: frozenset[str] = frozenset()) -> str:
    """The text of a configuration file with everything taken out that may be a secret. Lines stay lines.

    `path` tells what kind of file it is, else its text does; `notes` are lines that are not shown as comments either.
    """
    text = _plain(content)
    text = _PEM.sub(lambda m: GONE + "\n" * m[0].count("\n"), text)
    text = _OF_KEY.sub(rf"\1{GONE}\2", text)
    if _is_env(path, text):
        return "\n".join(_env_shown(text.split("\n"), notes))
    text = _HASHED.sub(rf"\1{GONE} (the hash of a password)", text)
    is_php = "<?" in text or _PHP_FILE.search(path) is not None
    text = _DEFINE.sub(lambda m: f"{m[1]} {GONE}{m[4]}" + "\n" * m[3].count("\n"), text)
    text = _without_assigned(text)
    for pattern in (_CALL, _OF_ARRAY, _INI, _YAML, _APACHE_PHP, _APACHE, _IN_ADDRESS):
        text = pattern.sub(lambda m: f"{m[1]} {GONE}" + "\n" * m[0][len(m[1]) :].count("\n"), text)
    if is_php:
        text = "\n".join(_php_shown(text.split("\n")))
    shown = redact(text)
    return shown + "\n" * (text.count("\n") - shown.count("\n"))


def _plain(content: bytes) -> str:
    return printable(content.decode("utf-8", "surrogateescape")).replace("\r\n", "\n").replace("\r", "\n")


def _is_env(path: str, text: str) -> bool:
    if path:
        return _ENV_FILE.search(path) is not None and _PHP_FILE.search(path) is None
    lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith(("#", GONE))]
    return "<?" not in text and bool(lines) and 3 * sum(1 for line in lines if _ENV_LIKE.match(line)) >= len(lines)


def _env_shown(lines: list[str], notes: frozenset[str]) -> Iterator[str]:
    """Lines of an environment file: names and comments in words; every value and everything else is taken out."""
    quote = ""
    for line in lines:
        setting = _ENV_SET.match(line)
        if quote:
            quote = "" if _closes(line, quote) else quote
            yield GONE
        elif not line.strip():
            yield line
        elif line.lstrip().startswith("#"):
            yield _env_comment(line, notes)
        elif setting and _is_name(setting[2], setting[3].strip()):
            value = setting[3].strip()
            quote = value[0] if value[:1] in ("'", '"') and not _closes(value[1:], value[0]) else ""
            yield f"{setting[1]} {GONE}" if value else line
        else:
            yield GONE


def _closes(text: str, quote: str) -> bool:
    return quote in (re.sub(r"\\.", "", text) if quote == '"' else text)


def _is_name(name: str, value: str) -> bool:
    """Whether this names a value: the last line of a key in base64 ends in "=" too."""
    is_end_of_key = not value.strip("='\"") and (value[:1] == "=" or (len(name) > 12 and re.search(r"\d", name) and "_" not in name))
    return _ENV_NAME.match(name) is not None and not is_end_of_key and (bool(value) or name.isupper() or name.islower())


def _env_comment(line: str, notes: frozenset[str]) -> str:
    said = line.lstrip().lstrip("#").strip()
    setting = _ENV_SET.match(said)
    if setting and _is_name(setting[2], setting[3].strip()):
        return f"# {setting[1]} {GONE}"
    is_shown = said not in notes and (_ENV_WORDS.match(said) or _ENV_FRAME.match(said))
    return line if is_shown else f"# {GONE}"


def _php_shown(lines: list[str]) -> Iterator[str]:
    """Lines of a program: what follows the name of a secret, up to the end of its statement, is taken out unless it is code only."""
    on, is_taken = 0, False
    for line in lines:
        if on or (is_taken and line.lstrip().startswith(".")):
            on = 0 if ";" in line or line.strip() == "{" else max(0, on - 1)
            yield line if _is_code(f" {line}") else GONE
            continue
        is_taken = GONE in line or (is_taken and not line.strip())
        name = _OF_SECRET.search(line)
        rest = line[name.end() :] if name else ""
        if name is None or _TAKEN.match(rest):
            yield line
            continue
        is_comment = line.lstrip().startswith(("//", "#", "*", "/*"))
        is_end = rest.rstrip().endswith((";", "{", "}", ":", "?>", "*/")) and line.count("'") % 2 == line.count('"') % 2 == 0
        on = 0 if is_comment or is_end else _MOST_LINES_ON
        yield line if _is_code(rest) else f"{line[: name.end()]} {GONE}"


def _is_code(text: str) -> bool:
    return len(text) <= _LONGEST_REST and not _CODE.sub("", text)


def _without_assigned(text: str) -> str:
    """Values of PHP's assignments taken out, up to the end of the line where they end. Each "=" is looked at once."""
    out, done, at = [], 0, text.find("=")
    while at >= 0:
        end = text.find(";", at + 1, at + 1 + _LONGEST_VALUE + 1)
        if end >= 0 and text[at + 1] != ">" and _ASSIGNED_TO.search(text[max(done, at - _LONGEST_NAME) : at]):
            whole = _TEXTS.match(text, at + 1)
            end = max(end, text.find(";", whole.end(), whole.end() + _LONGEST_NAME)) if whole else end
            out.append(f"{text[done : at + 1]} {GONE};" + "\n" * text.count("\n", at, end))
            line_end = text.find("\n", end)
            done = line_end if line_end >= 0 else len(text)
            at = text.find("=", done)
        else:
            at = text.find("=", at + 1)
    return "".join([*out, text[done:]])


def difference(path: str, old: bytes, new: bytes) -> str:
    """A unified difference without secrets. A line whose secret alone changed is shown with that remark."""
    notes = (
        frozenset(line.strip() for content in (old, new) for line in _plain(content).split("\n")) if _ENV_FILE.search(path) else frozenset()
    )
    before, after = _lines(old, path, notes), _lines(new, path, notes)
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


def _lines(content: bytes, path: str, notes: frozenset[str]) -> list[tuple[str, str]]:
    """Each line as it is, for comparing only, and as it may be shown."""
    content = content.removesuffix(b"\n")
    shown = redacted(content, path, notes).split("\n")
    raw = content.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return list(zip(raw, shown, strict=False)) if len(raw) == len(shown) else [(line, line) for line in shown]
