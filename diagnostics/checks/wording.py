"""How a finding is put in one sentence for somebody who has never seen a log: what, where, and what PHP said of it."""

from __future__ import annotations

import re

from diagnostics.checks.php_messages import PhpMessage
from sites.redaction import redact
from sites.texts import mark as _

_MOST = 160  # characters that are quoted
# Causes whose title leaves open which function, class, file or extension it is about: there PHP's own words are quoted.
_OPEN = frozenset(
    {
        "php-parse-error", "php-uncaught-exception", "php-undefined-function", "php-missing-extension", "php-removed-function",
        "php-version-incompatible-code", "php-class-not-found", "php-missing-file", "application-answers-500",
    }
)  # fmt: skip
_BEFORE = re.compile(
    r"^.{0,80}?(?:PHP )?(?:Fatal|Parse|Catchable fatal|Recoverable fatal|Core|Compile) error:\s+|"
    r"^(?:PHP )?(?:Uncaught|exception)\s+|^(?:'[\w\\]{1,120}' with message )|^[\w\\]{0,120}(?:Error|Exception):\s+|"
    r"^Composer detected issues in your platform:\s+|^[\w\\/.-]{1,200}\(\):\s+(?=Failed opening)"
)
_PLACE = re.compile(r"(?<!declared)\s+in\s+(?:/|[A-Za-z]:\\|Unknown\b|phar:).*\Z", re.DOTALL)
_NAME = r"[^\s'\"():,;\\/]{1,255}"
_FOLDERS = re.compile(rf"(?:(?<![\w/:])/(?:{_NAME}/)+|\b[A-Za-z]:\\(?:{_NAME}\\)+)(?={_NAME})")
_REST = re.compile(r"\s*\(include_path=.*|,\s+called\Z", re.DOTALL)
_FRAME = re.compile(r"#\d+\b")  # of a trace: says where, not what


def placed(title: str, path: str = "", line: int | None = None, said: str = "") -> str:
    """`A file of the program is missing (htdocs/index.php, line 3): “Failed opening required 'parts.php'”.`"""
    where = ""
    if path:
        where = f" ({_('{path}, line {line}').format(path=path, line=line)})" if line else f" ({path})"
    return f"{title}{where}: “{said}”." if said else f"{title}{where}."


def quoted(message: PhpMessage, cause: str = "", whole: str = "") -> str:
    """PHP's words without their place and its folders, where the cause's title alone leaves open what is missing; else "".

    `whole`: the entry of the log, which is quoted where the message was read from a line of its trace.
    """
    codes = (cause or message.cause, *message.also)
    return (words_of(message.message) or words_of(whole)) if any(code in _OPEN for code in codes[:2]) else ""


def words_of(text: str) -> str:
    """The words of a fatal error, at most 160 characters in one line, with nothing secret in them."""
    said = text[:4000].replace("\\n", "\n").split("\n")[0]
    for _turn in range(5):
        if (cut := _BEFORE.sub("", said, count=1)) == said:
            break
        said = cut
    said = _REST.sub("", _PLACE.sub("", said))
    said = " ".join(redact(_FOLDERS.sub("", said)).replace("“", '"').replace("”", '"').split()).rstrip(". ")
    if _FRAME.match(said):
        return ""
    return said if len(said) <= _MOST else f"{said[: _MOST - 1].rstrip()}…"
