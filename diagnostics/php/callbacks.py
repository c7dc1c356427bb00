"""Callbacks that PHP was told of and that are not there when it wants them: WordPress's hooks, handlers, loaders of classes. PURE.

Words of Zend/zend_API.c, zend_is_callable_ex.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from diagnostics.php.scanning import line_at

_SAID = re.compile(
    r"must be a valid callback(?: or null)?, (?:"
    r"function [\"'](?P<function>[\w\\]{2,120})[\"'] not found|class [\"']?(?P<lost>[\w\\]{1,120})[\"']? not found|"
    r"class [\"']?(?P<owner>[\w\\]{1,120})[\"']? does not have a method [\"'](?P<method>\w{1,120})[\"']|"
    r"(?:non-static method|cannot access (?:private|protected) method) (?P<whose>[\w\\]{1,120})::(?P<which>\w{1,120})\(\))"
)
_NOT_ONE = re.compile(
    rb"\s*+(?://|#|\*|/\*)|.{0,400}\b(?:function_exists|is_callable|method_exists|class_exists|remove_(?:action|filter))\b"
)
_ANNOUNCES = re.compile(
    rb"\b(?:add_(?:action|filter|shortcode|\w*_?page|meta_box)|register_\w+|wp_schedule\w*|set_\w+_handler|spl_autoload_register)\b"
)


@dataclass(frozen=True, slots=True)
class Callback:
    """`owner` is the class, "" for a function; `name` the function or method, "" where the class itself is not there."""

    owner: str
    name: str

    @property
    def word(self) -> bytes:
        """What the line that announces it holds for certain, without a namespace."""
        return (self.name or self.owner).rpartition("\\")[2].encode()


def callback_of(text: str) -> Callback | None:
    """The callback that a message misses."""
    match = _SAID.search(text[:4000])
    if match is None:
        return None
    return Callback(match["lost"] or match["owner"] or match["whose"] or "", match["function"] or match["method"] or match["which"] or "")


def announced_at(script: bytes, callback: Callback) -> int | None:
    """The line in which a script tells others of this callback; one that names a hook before one that only holds the word in quotes."""
    found = []
    word = re.compile(rb"['\"\\]%s(?:::\w+)?['\"]|\b%s::class" % (re.escape(callback.word), re.escape(callback.word)))
    for match in word.finditer(script):
        start = script.rfind(b"\n", 0, match.start()) + 1
        line = script[start : match.end()]
        if not _NOT_ONE.match(line):
            found.append((not _ANNOUNCES.search(line), line_at(script, match.start())))
    return min(found)[1] if found else None
