"""Where a script itself says that errors are to be written, as far as that can be told without running it.

PHP's own log, `ini_set('error_log', …)`, and the files that programs append to by themselves: `error_log($text, 3, $file)` (PHP's
manual, error_log: 3 appends to a file), `file_put_contents(…, FILE_APPEND)`, `fopen(…, 'a')` and the handlers of Monolog.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from diagnostics.php.seen import Script

_READ = 200_000  # bytes of a script: such lines stand at its beginning, or in a small file
_BASE = (
    rb"(?P<base>(?:\\?dirname\s*\(\s*)+(?:__DIR__|__FILE__)\s*(?:,\s*\d\s*)?\)+|__DIR__|"
    rb"\$_SERVER\s*\[\s*['\"]DOCUMENT_ROOT['\"]\s*\]|)\s*\.?\s*"
)
_SET = re.compile(rb"\bini_set\s*\(\s*['\"]error_log['\"]\s*,\s*" + _BASE + rb"['\"](?P<way>[^'\"$\n]{1,300})['\"]")
# What stands between two parts of a name: mostly a date('Y-m').
_BETWEEN = rb"\s*\.\s*[^'\";,\n]{0,40}(?:\(\s*['\"][^'\"\n]{0,20}['\"]\s*\))?\s*\.\s*"
_WAY = rb"['\"](?P<way>[^'\"\n]{1,300})['\"](?P<more>(?:" + _BETWEEN + rb"['\"][^'\"\n]{1,80}['\"])?)"
_APPENDED = (
    re.compile(rb",\s*3\s*,\s*" + _BASE + _WAY),
    re.compile(rb"\bfile_put_contents\s*\(\s*" + _BASE + _WAY + rb"[^;]{0,2000}\bFILE_APPEND\b", re.DOTALL),
    re.compile(rb"\bfopen\s*\(\s*" + _BASE + _WAY + rb"\s*,\s*['\"]a"),
    re.compile(rb"\bnew\s+[\w\\]*(?:Stream|RotatingFile)Handler\s*\(\s*" + _BASE + _WAY),
    re.compile(rb"=>?\s*" + _BASE + rb"['\"](?P<way>[^'\"\n]{0,200}/[\w.-]{1,80}\.log)['\"](?P<more>)"),  # kept in a variable first
)
_LEVELS = re.compile(rb",\s*(\d)\s*\)")
_VARIABLE = re.compile(r"\{?\$[\w>\[\]'-]+\}?")


def named_by(script: Script, docroot: str) -> Iterator[str]:
    """The logs of PHP that the script names, absolute."""
    for match in _SET.finditer(script.content[:_READ]):
        yield _absolute(match, match["way"].decode("utf-8", "replace"), script, docroot)


def appended_by(script: Script, docroot: str) -> Iterator[str]:
    """The files that the script appends to, absolute. `*` stands for a part of the name that only running it would tell."""
    for pattern in _APPENDED:
        for match in pattern.finditer(script.content[:_READ]):
            way = _VARIABLE.sub("*", match["way"].decode("utf-8", "replace"))
            last = match["more"].rstrip(b"'\"").replace(b'"', b"'").rpartition(b"'")[2].decode("utf-8", "replace")
            yield _absolute(match, f"{way}*{_VARIABLE.sub('*', last)}" if match["more"] else way, script, docroot)


def _absolute(match: re.Match[bytes], way: str, script: Script, docroot: str) -> str:
    base, folder = match["base"], posixpath.dirname(script.absolute)
    if not base:
        return way if way.startswith("/") else posixpath.normpath(posixpath.join(folder, way))
    if base.startswith(b"$"):
        folder = docroot.rstrip("/")
    else:
        for _level in range(_steps_up(base)):
            folder = posixpath.dirname(folder)
    return posixpath.normpath(f"{folder}/{way.lstrip('/')}")


def _steps_up(base: bytes) -> int:
    """How many folders lie between the script's own and the one that is meant."""
    calls = base.count(b"dirname")
    levels = int(found[1]) - 1 if (found := _LEVELS.search(base)) else 0
    return calls + levels - (b"__FILE__" in base)
