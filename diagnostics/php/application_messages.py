"""Errors as applications log them, put into PHP's own words, so that one table of causes serves both.

Formats: Monolog's LineFormatter and JsonFormatter (Laravel, Symfony, Magento, Drupal), Laravel's stack traces, Joomla's formatted text,
PrestaShop's AbstractLogger, TYPO3's FileWriter, CodeIgniter, CakePHP, Yii.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_CLASS = r"(?P<class>[A-Za-z_][\w\\]{1,200})"
_ENDS = r"\.(?:php|inc|phtml|module|install|theme|twig|tpl|ctp|engine)"
_PLACE = rf"(?P<path>(?:/|[A-Za-z]:\\|\[ROOT\]/|[\w.-]{{1,100}}/)[^\n:*?\"<>|]{{1,600}}?{_ENDS})"
_NAMES_A_FILE = re.compile(rf"{_ENDS}\b")
_FORMS = (
    # "[object] (Class(code: 0): message at /file.php:12)"
    re.compile(rf"\[object\] \({_CLASS}\(code: [^)]{{0,20}}\): (?P<said>.{{0,4000}}?) at {_PLACE}:(?P<line>\d+)", re.DOTALL),
    # Uncaught PHP Exception Class: "message" at /file.php line 12
    re.compile(rf"Uncaught (?:PHP )?(?:Exception|Error) {_CLASS}: \"(?P<said>.{{0,4000}}?)\" at {_PLACE} line (?P<line>\d+)", re.DOTALL),
    # exception 'Class' with message 'message' in /file.php:12
    re.compile(rf"[Ee]xception '{_CLASS}' with message '(?P<said>.{{0,4000}}?)' in {_PLACE}:(?P<line>\d+)", re.DOTALL),
    # [Class] message in /file.php on line 12, and with "(/file.php:12)"
    re.compile(rf"\[{_CLASS}\] (?P<said>[^\n]{{0,2000}}?)(?: in |\s\(){_PLACE}(?: on line |:)(?P<line>\d+)"),
    # Uncaught Throwable of type Class thrown with message "message". Stack trace: #0 [ROOT]/file.php(12)
    re.compile(rf"of type {_CLASS} thrown with message \"(?P<said>.{{0,2000}}?)\"\. Stack trace: #0 {_PLACE}\((?P<line>\d+)\)", re.DOTALL),
    # Uncaught TYPO3 Exception: #1: message | Class thrown in file /file.php in line 12
    re.compile(
        rf"Exception: (?:#\d+: )?(?P<said>[^\n|]{{0,2000}}?) \| {_CLASS} (?:\([^)]{{0,60}}\) )?thrown in file {_PLACE} "
        r"in line (?P<line>\d+)"
    ),
    # Drupal: Class: message in function() (line 12 of /file.php)
    re.compile(rf"{_CLASS}: (?P<said>[^\n]{{0,2000}}?) in [^\n(]{{1,200}}\(\)? ?\(line (?P<line>\d+) of {_PLACE}\)"),
    # Slim: a line for each part
    re.compile(
        rf"Type: {_CLASS}\n(?:Code: [^\n]{{0,20}}\n)?Message: (?P<said>.{{0,2000}}?)\nFile: {_PLACE}\nLine: (?P<line>\d+)", re.DOTALL
    ),
    # CodeIgniter 4: Class: message, the method and route, in APPPATH/file.php on line 12
    re.compile(rf"{_CLASS}: (?P<said>[^\n]{{0,2000}}?)\n\[[^\n]{{1,300}}\]\nin {_PLACE} on line (?P<line>\d+)"),
    # Class: message in /file.php:12, or on line 12
    re.compile(rf"{_CLASS}: (?P<said>[^\n]{{0,2000}}?) in {_PLACE}(?: on line |:)(?P<line>\d+)"),
)
# What stands behind a message that nothing marks the beginning of: it begins with its line.
_BEHIND = (
    # message at line 12 in file modules/x/x.php
    re.compile(rf" at line (?P<line>\d+) in file {_PLACE}"),
    # what people write themselves: message | /file.php (12)
    re.compile(rf"[\s|,;(\[\"'@-]{_PLACE}(?::|\(| \(|,? (?:on |at )?line |#L?)(?P<line>\d+)"),
    # CodeIgniter 3: message /file.php 12
    re.compile(rf" {_PLACE} (?P<line>\d+)$", re.MULTILINE),
)
_KEYS = {"msg": "message", "error": "message", "type": "class", "exception": "class", "errfile": "file", "errline": "line"}
_FIELD = re.compile(
    r"^[ \t]*+[\['\"]?(?P<key>type|class|exception|message|msg|error|file|line|errfile|errline)['\"\]]?[ \t]*(?:=>|:|=)[ \t]*"
    r"(?:(?P<mark>['\"])(?P<quoted>[^\n]{0,2000}?)(?P=mark),?[ \t]*|(?P<plain>[^\n]{0,2000}?),?)\r?$",
    re.MULTILINE | re.IGNORECASE,
)
_SEPARATORS = " \t|,;([\"'@-"
_LONGEST_SAID = 1000
_FRAME = re.compile(r"^#\d+ .{1,500}$", re.MULTILINE)
_QUOTED_SIGN = re.compile(r"(?P<sign>'[\[({)\]}]')[ \t|,;(\[\"'@-]*\Z")
_NUMBERED = re.compile(r"#\d+")
_KIND = re.compile(r"(?:Exception|Error|Throwable)$")


@dataclass(frozen=True, slots=True)
class ApplicationError:
    """What was thrown, and where. `text` is the same as PHP itself would have written it."""

    name: str
    said: str
    path: str
    line: int
    text: str


def read(text: str) -> ApplicationError | None:
    """The error that an entry of an application's log tells of; None where it names no place."""
    if text.startswith("{"):
        text = _of_json(text) or text
    parts = _parts(text[:16_000])
    if parts is None:
        return None
    name = (parts["class"] or "Error").rsplit("\\", 1)[-1] if _is_error(parts["class"]) else "Error"
    path = parts["path"].removeprefix("[ROOT]")
    path = path if path.startswith("/") or path[1:2] == ":" else f"/{path}"  # from the program's own folder
    frames = "\n".join(_FRAME.findall(text)[:60])
    said = parts["said"].strip()
    whole = f"PHP Fatal error:  Uncaught {name}: {said} in {path}:{parts['line']}\nStack trace:\n{frames}"
    return ApplicationError(name, said, path, int(parts["line"]), whole)


def _parts(text: str) -> dict[str, str] | None:
    """Class, message, file and line; the class is empty where none is named."""
    if not _NAMES_A_FILE.search(text):
        return None
    for form in _FORMS:
        if match := form.search(text):
            parts = match.groupdict()
            if form is _FORMS[0]:  # it stands in a string of JSON
                parts["said"] = re.sub(r"\\(.)", r"\1", parts["said"])
            return parts
    if fields := _fields(text):
        return fields
    for form in _BEHIND:
        for match in form.finditer(text):
            begun = max(text.rfind("\n", 0, match.start()) + 1, match.start() - _LONGEST_SAID)
            said = _bare(text[begun : match.start()])
            if _NUMBERED.fullmatch(said):  # the first place is one of the trace: the message stands above
                said = _above(text[:begun])
            if said:
                return {"class": "", "said": said, **match.groupdict()}
    return None


def _bare(said: str) -> str:
    """Without what stands between the message and its place; a bracket that PHP quotes is of the message ("Unclosed '['")."""
    quoted = _QUOTED_SIGN.search(said)
    return said[: quoted.end("sign")] if quoted else said.rstrip(_SEPARATORS)


def _above(text: str) -> str:
    """The last line that is none of a trace."""
    lines = (line.strip() for line in reversed(text.split("\n")))
    return next((line[:_LONGEST_SAID] for line in lines if line and not _NUMBERED.match(line) and not line.lower().startswith("stack")), "")


def _fields(text: str) -> dict[str, str] | None:
    """The parts where each has its name: as print_r and var_export write an array, as JSON over several lines, as "File: ..." in lines."""
    found: dict[str, str] = {}
    for match in _FIELD.finditer(text):
        key = match["key"].lower()
        found.setdefault(_KEYS.get(key, key), (match["quoted"] or match["plain"] or "").replace("\\\\", "\\").replace("\\'", "'"))
    path, line = found.get("file", "").replace("\\/", "/"), found.get("line", "")
    if not line.isdigit() or not _NAMES_A_FILE.search(path) or "message" not in found:
        return None
    return {"class": found.get("class", ""), "said": found["message"], "path": path, "line": line}


def names_a_place(text: str) -> bool:
    """Whether an entry names a line of a PHP file in any of the ways known."""
    return _parts(text[:4000]) is not None


def _is_error(name: str) -> bool:
    return bool(name) and bool(_KIND.search(name) or "\\" in name)


def _of_json(text: str) -> str:
    """JSON of Monolog, of Nextcloud (ExceptionSerializer) and of others that name file and line, as a line of Monolog's LineFormatter."""
    try:
        row = json.loads(text.split("\n")[0])
    except (ValueError, RecursionError):
        return ""
    if not isinstance(row, dict):
        return ""
    context = row.get("context")
    for found in (context.get("exception") if isinstance(context, dict) else None, row.get("exception"), row.get("error"), context, row):
        thrown = {str(key).lower(): value for key, value in found.items()} if isinstance(found, dict) else {}
        place, line = str(thrown.get("file") or ""), thrown.get("line")
        if not place:
            continue
        name = thrown.get("class") or thrown.get("exception") or thrown.get("type") or "Error"
        said = thrown.get("message") or thrown.get("msg") or row.get("message") or ""
        frames = thrown.get("trace")
        named = [frame for frame in (frames if isinstance(frames, list) else ()) if isinstance(frame, str)]
        rest = "\n".join(f"#{number} {frame}" for number, frame in enumerate(named))
        return f"[object] ({name}(code: 0): {said} at {place}{f':{line}' if line else ''})\n{rest}"
    return str(row.get("message", ""))
