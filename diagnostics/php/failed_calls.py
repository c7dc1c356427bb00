"""The call that gave `false` where a file, a folder or a text was wanted: PHP complains of what it was handed afterwards. PURE.

Which functions give `false` when they fail, and where each takes its path: the PHP manual.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from diagnostics.php.path_words import MOST, inside_brackets, parts_of, statement

# "flock(): Argument #1 ($stream) must be of type resource, bool given", "Call to a member function read() on bool".
_HANDED = re.compile(
    r"(?:TypeError|ValueError): (?:[\w\\]{1,120}::)?(?P<function>[\w\\]{1,120})\(\): Argument #(?P<number>\d{1,2})"
    r"[^\n]{0,200}?, (?:bool|false) given"
)
_MEMBER = re.compile(r"Call to a member function (?P<method>\w{1,80})\(\) on (?:bool|false)\b")
_ARRAY = re.compile(r"TypeError: Cannot (?:use|access|unset)[^\n]{0,60} (?:false|bool) as array|foreach\(\) argument must be of type array")
# `require realpath(…)`: what was not found or is out of bounds became an empty path (main/streams/plain_wrapper.c, zend_stream_open).
_EMPTY_PATH = re.compile(r"Path cannot be empty|Failed opening (?:required )?''")
_LOADED = re.compile(r"\b(?:require|include)(?:_once)?\s*\(?\s*(?P<of>@?\\?[a-z_]{3,40}\s*\(|(?:\$this->|\$)\w{1,80})", re.IGNORECASE)
_PATHS = {
    "file": 0, "file_get_contents": 0, "fopen": 0, "gzopen": 0, "bzopen": 0, "gzfile": 0, "opendir": 0, "dir": 0, "scandir": 0, "glob": 0,
    "parse_ini_file": 0, "simplexml_load_file": 0, "imagecreatefromjpeg": 0, "imagecreatefrompng": 0, "imagecreatefromgif": 0,
    "imagecreatefromwebp": 0, "imagecreatefromavif": 0, "getimagesize": 0, "exif_read_data": 0, "filesize": 0, "filemtime": 0, "stat": 0,
    "realpath": 0, "readlink": 0, "md5_file": 0, "sha1_file": 0, "hash_file": 1, "tempnam": 0, "zip_open": 0, "dba_open": 0,
    "finfo_file": 1, "mime_content_type": 0, "disk_free_space": 0, "highlight_file": 0, "php_strip_whitespace": 0,
}  # fmt: skip
# What these write into; the others of them take a path that they read.
_WRITING = {
    "file_put_contents": 0, "copy": 1, "rename": 1, "mkdir": 0, "touch": 0, "move_uploaded_file": 1, "imagejpeg": 1, "imagepng": 1,
    "imagewebp": 1, "imagegif": 1, "error_log": 2, "tempnam": 0,
}  # fmt: skip
_LISTING = frozenset({"opendir", "dir", "scandir", "glob"})
_CALLED = re.compile(r"@?\\?(?P<name>[a-z_0-9]{3,40})\s*(?=\()", re.IGNORECASE)
_HELD = re.compile(r"(?P<name>(?:\$this->|self::\$|static::\$|\$)\w{1,80})\Z")
_LINES_AROUND = 6  # a statement may be written over some lines, and PHP tells the first or the last


@dataclass(frozen=True, slots=True)
class Failed:
    """A call that failed. `words` make its path ("" where it takes none), `at` is its offset in the script, `line` its line."""

    function: str
    words: str
    at: int
    line: int
    writes: bool = False
    lists: bool = False
    makes: bool = False  # a file that is not there yet is made


def is_handed_false(said: str) -> bool:
    """Whether this message complains of a value that a failed call gave."""
    return bool(_HANDED.search(said) or _MEMBER.search(said) or _ARRAY.search(said) or _EMPTY_PATH.search(said))


def failed_call(said: str, content: bytes, line: int) -> Failed | None:
    """The call whose failure this message follows from: it stands in the script at this line, or what it gave was kept before."""
    text = content[:MOST].decode("latin-1")  # a letter for each byte: only ASCII is looked for
    value = _value(said, text, line)
    if value is None:
        return None
    words, at = value
    if direct := _of(words, text, at):
        return direct
    return _kept(words, text, at)


def _kept(words: str, text: str, at: int) -> Failed | None:
    """The call whose value the variable was given last."""
    if (held := _HELD.match(words)) is None:
        return None
    form = re.compile(re.escape(held["name"]) + r"\s*=(?![=>])\s*")
    given = [match for match in form.finditer(text) if match.start() < at]
    return _of(statement(text, given[-1].end()), text, given[-1].end()) if given else None


def writing_call(function: str, content: bytes, line: int) -> Failed | None:
    """The call of this function at this line, that writes by a path or into what was opened before (fwrite and its like)."""
    text = content[:MOST].decode("latin-1")
    name = function.lower()
    for match in _near(re.compile(rf"(?<![\w$]){re.escape(name)}\s*(?=\()", re.IGNORECASE), text, line):
        given = [each.strip() for each in parts_of(inside_brackets(text, match.end()) or "", ",")]
        at = text.count("\n", 0, match.start()) + 1
        if name in _WRITING and _WRITING[name] < len(given):
            return Failed(name, given[_WRITING[name]], match.start(), at, writes=True, makes=True)
        if name in ("fwrite", "fputs", "fputcsv") and given:
            return _of(given[0], text, match.start()) or _kept(given[0], text, match.start())
        return _of(match[0] + text[match.end() : match.end() + 600], text, match.start())
    return None


def _value(said: str, text: str, line: int) -> tuple[str, int] | None:
    """The words of the value that the message complains of, and their offset."""
    if handed := _HANDED.search(said):
        name, number = handed["function"].rpartition("\\")[2], int(handed["number"]) - 1
        form = re.compile(rf"(?<![\w$]){re.escape(name)}\s*(?=\()", re.IGNORECASE)
        for match in _near(form, text, line):
            given = parts_of(inside_brackets(text, match.end()) or "", ",")
            if number < len(given):
                return given[number].strip(), match.start()
    if _EMPTY_PATH.search(said):
        for match in _near(_LOADED, text, line):
            return text[match.start("of") : match.start("of") + 600] if match["of"].endswith("(") else match["of"], match.start("of")
    if member := _MEMBER.search(said):
        form = re.compile(rf"(?P<of>(?:\$this->|\$)\w{{1,80}})\s*->\s*{member['method']}\s*\(")
        for match in _near(form, text, line):
            return match["of"], match.start()
        form = re.compile(rf"@?\\?[a-z_]{{3,40}}\s*\([^;\n]{{0,400}}?\)\s*->\s*{member['method']}\s*\(")
        for match in _near(form, text, line):
            return match[0], match.start()
    return None


def _near(form: re.Pattern[str], text: str, line: int) -> list[re.Match[str]]:
    """Where it stands in the lines around, those at the line itself first."""
    found = [(abs(text.count("\n", 0, match.start()) + 1 - line), match) for match in form.finditer(text)]
    return [match for away, match in sorted(found, key=lambda each: each[0]) if away <= _LINES_AROUND]


def _of(words: str, text: str, at: int) -> Failed | None:
    called = _CALLED.match(words)
    name = called["name"].lower() if called else ""
    if called is None or (name not in _PATHS and name != "tmpfile"):
        return None
    line = text.count("\n", 0, at) + 1
    if name == "tmpfile":
        return Failed(name, "sys_get_temp_dir()", at, line, writes=True)
    given = [each.strip() for each in parts_of(inside_brackets(words, called.end()) or "", ",")]
    path = given[_PATHS[name]] if _PATHS[name] < len(given) else ""
    mode = given[1].strip("'\"") if name in ("fopen", "gzopen", "bzopen", "dba_open") and len(given) > 1 else ""
    makes = mode[:1] in ("w", "a", "x", "c")
    writes = name == "tempnam" or makes or "+" in mode
    return Failed(name, path, at, line, writes=writes, lists=name in _LISTING, makes=makes)
