"""The line of a Python script that Python 3 does not read: most often it was written for Python 2."""

from __future__ import annotations

import ast
import re
import warnings

from diagnostics.evidence import TextFile
from diagnostics.facts.cgi_modules import language
from diagnostics.facts.cgi_scripts import interpreter, of_env
from sites.texts import mark as _

_LONGEST = 64 * 1024
# What only Python 2 reads (docs.python.org, "What's New In Python 3.0"), as it stands in one line.
_OF_TWO = re.compile(
    r"^\s*(?:\w[^'\"#]*:\s*)?print\s+(?:[\"'`\w{-]|>>)|^\s*exec\s+[\"'\w]|\bexcept\s*(?:[\w.]+|\([^()\n]*\))\s*,\s*\w+\s*:"
    r"|\braise\s+[\w.]+\s*,|`|(?<![\w\"'])[uU][rR][\"']|<>|(?<![\w.])0\d+\b|\b\d+[lL]\b|\bdef\s+\w+\s*\([^=)]*\(|\blambda\s*\("
)
_TABS = re.compile(r"^[ ]*\t")


def unread_line(content: TextFile) -> tuple[int, str, float] | None:
    """The first such line, what to say of it, and how sure it is; None where it can be read, or no Python 3 reads it."""
    code = content.content
    if language(code) != "python" or len(code) >= _LONGEST:
        return None
    program = (of_env(code) or interpreter(code)).rpartition("/")[2]
    if program.startswith("python2"):
        return None
    found = _broken(code)
    if found is None:
        return None
    line, why = found
    rows = code.decode("latin-1").splitlines()
    text = rows[line - 1] if 0 < line <= len(rows) else ""
    if _OF_TWO.search(text) or (why.startswith("inconsistent use of tabs") and any(map(_TABS.search, rows))):
        said = _("line {line} is written for Python 2, and Python 3 does not read the script").format(line=line)
        return line, said, 0.95 if program.startswith("python3") else 0.8
    if re.search(r"\b[fF][rR]?[\"']|\b[rR][fF][\"']|^\s*(?:type|match|case|except)\b", text):
        return None  # later releases read more of these than earlier ones
    said = _("Python does not read line {line}: {why}").format(line=line, why=why)
    return line, said, 0.9 if program.startswith("python3") else 0.7


def _broken(code: bytes) -> tuple[int, str] | None:
    """Where a parser of Python 3 stops. The script is not run, and none of it is compiled to anything."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except SyntaxError as error:
        undecoded = next((n for n, row in enumerate(code.split(b"\n"), 1) if not _is_utf8(row)), 0) if "utf-8" in str(error.msg) else 0
        return (undecoded or error.lineno or 0), str(error.msg or "")[:120]
    except (ValueError, MemoryError, RecursionError):  # nothing that people write: it is not judged
        return None
    return None


def _is_utf8(row: bytes) -> bool:
    try:
        row.decode()
    except UnicodeDecodeError:
        return False
    return True
