"""Files of data that PHP code reads by functions of PHP (parse_ini_file, json_decode, simplexml_load_file), and whether they still
read well. PURE.

INI as Zend/zend_ini_parser.y and zend_ini_scanner.l have it, JSON as RFC 8259, XML as expat reads it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from xml.parsers import expat

from sites.texts import mark as _

MOST = 256 * 1024  # bytes; what is larger is not looked through
_READS = re.compile(
    rb"(?:(?P<ini>\bparse_ini_file\s*+\([^;'\"\n]{0,200}+)(?P<q>['\"])(?P<named>[^'\"\n]{1,300})(?P=q))"
    rb"|(?P<quote>['\"])(?P<name>[^'\"\n<>]{0,300}\.(?P<kind>ini|json|xml))(?P=quote)",
    re.IGNORECASE,
)
_MADE_UP = re.compile(rb".*(?:\}|\$\w+)", re.DOTALL)  # "$folder/prices.json": what stands before is not known
_COMMENT = re.compile(rb"[ \t]*+(?://|#|\*|/\*)")
_TOKEN = re.compile(r"(?P<quoted>\"(?:[^\"\\]|\\.)*+\"|'[^']*+')|(?P<given>\$\{[^}]*+\})|(?P<word>[^|&^~()!=\"']++)|(?P<sign>.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asked:
    """A file that a script names to be read: the end of its path, its kind ("ini", "json", "xml") and the line that names it."""

    name: str
    kind: str
    line: int


@dataclass(frozen=True, slots=True)
class Fault:
    line: int | None
    why: str


def asked_in(script: bytes) -> list[Asked]:
    """The data files that a script names, in the order of its lines."""
    found = []
    for match in _READS.finditer(script[:MOST]):
        start = script.rfind(b"\n", 0, match.start()) + 1
        if _COMMENT.match(script, start) or (match["ini"] and b"INI_SCANNER_RAW" in script[match.end() : match.end() + 80]):
            continue
        name = _MADE_UP.sub(b"", match["named"] or match["name"]).decode("utf-8", "replace")
        kind = "ini" if match["ini"] else match["kind"].decode().lower()
        if kind == "ini" and not match["ini"]:
            continue  # by whom it is read is not known
        found.append(Asked(name.removeprefix("./"), kind, script.count(b"\n", 0, match.start()) + 1))
    return found


def fault_of(kind: str, content: bytes) -> Fault | None:
    """The first thing that its reader refuses; None for a file that reads well or is too large."""
    if len(content) > MOST:
        return None
    if kind == "ini":
        return _of_ini(content.decode("utf-8", "replace"))
    if not content.strip():
        return Fault(None, _("the file is empty"))
    return _of_json(content) if kind == "json" else _of_xml(content)


def _of_json(content: bytes) -> Fault | None:
    if content.startswith(b"\xef\xbb\xbf"):
        return Fault(1, _("an invisible byte order mark stands before the first sign"))
    try:
        json.loads(content.decode("utf-8"))
    except json.JSONDecodeError as error:
        return Fault(error.lineno, _("this is no JSON from here on"))
    except UnicodeDecodeError as error:
        return Fault(content.count(b"\n", 0, error.start) + 1, _("a letter is not stored as UTF-8"))
    except RecursionError:
        return None
    return None


def _of_xml(content: bytes) -> Fault | None:
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _no_entities  # one that grows without end is not followed
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        return Fault(error.lineno, _("this is no XML from here on"))
    except _Entities:
        return None
    return None


class _Entities(Exception):
    pass


def _no_entities(*_given: object) -> None:
    raise _Entities


def _of_ini(text: str) -> Fault | None:
    lines, number = text.split("\n"), 0
    while number < len(lines):
        line, first = lines[number].strip(), number + 1
        number += 1
        if not line or line.startswith(";"):
            continue
        if line.startswith("["):
            if "]" not in line:
                return Fault(first, _("the bracket of a section is not closed"))
            continue
        _key, equals, value = line.partition("=")
        if not equals:
            value = ""
        while _is_open(value) and number < len(lines):  # a text in quotes goes on to the next line
            value, number = f"{value}\n{lines[number]}", number + 1
        if _is_open(value):
            return Fault(first, _("a quotation mark is not closed"))
        if not _reads(value):
            return Fault(first, _("a sign that means something here stands outside of quotation marks"))
    return None


def _is_open(value: str) -> bool:
    """Whether a quotation mark of this value is not closed yet; a `;` outside of quotation marks ends what counts."""
    mark = ""
    at = 0
    value = value.lstrip()
    while at < len(value):
        sign = value[at]
        if mark == '"' and sign == "\\":
            at += 1
        elif mark:
            mark = "" if sign == mark else mark
        elif sign == '"' or (sign == "'" and at == 0):
            mark = sign
        elif sign == ";":
            return False
        at += 1
    return bool(mark)


def _reads(value: str) -> bool:
    """Whether a value is one to the scanner: words, texts in quotes, and expressions of `| & ^ ~ ! ( )`. An apostrophe is left alone."""
    if "'" in value.strip()[1:].rstrip("'"):
        return True
    depth, wants, closed, is_any = 0, True, False, False
    for token in _TOKEN.finditer(value.strip()):
        text, sign = token[0], token["sign"]
        if token["word"] and ";" in text:
            text, ends = text.partition(";")[0], True
        else:
            ends = False
        if sign is None and text.strip():
            if closed:
                return False
            wants, is_any = False, True
        elif sign in ("|", "&", "^"):
            if wants:
                return False
            wants, closed = True, False
        elif sign in ("~", "!", "("):
            if not wants:
                return False
            depth, is_any = depth + (sign == "("), True
        elif sign == ")":
            if wants or not depth:
                return False
            depth, closed = depth - 1, True
        elif sign is not None:
            return False
        if ends:
            break
    return not depth and not (is_any and wants)
