"""Whether what a failing line works on came from outside of the code: an answer of a service, a file, what a visitor sent. PURE.

PHP 8 refuses what PHP 7 only warned of (RFC "Consistent type errors for internal functions"). Where the value is one that the code makes
itself, it fails for every visitor since PHP was changed; where it is data, it fails since the data are not what they were.
"""

from __future__ import annotations

import re

_REFUSED = re.compile(
    r"TypeError: [\w\\]+\(\): Argument #\d+ (?:\(\$\w+\) )?must be of type |Unsupported operand types|on (?:null|string|int|bool)\b"
)
_SOURCE = re.compile(
    rb"\b(?:json_decode|wp_remote_\w+|file_get_contents|file|simplexml_load_\w+|curl_(?:multi_)?exec|unserialize|maybe_unserialize|fgetcsv|"
    rb"str_getcsv|parse_ini_\w+|yaml_parse\w*|stream_get_contents|fread|fgets|download_url|get_transient|get_site_transient|wp_cache_get|"
    rb"get_(?:site_|network_|blog_)?option|get_(?:post|user|term|comment|site)_meta|get_metadata|get_theme_mod|shortcode_atts|get_query_var|"
    rb"apcu?_fetch|parse_str|filter_input\w*)\s*+\(|\$_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES)\b|\bnew\s++\\?SoapClient\b"
)
_VARIABLE = re.compile(rb"\$(?!this\b)\w+")
_BEGINS = re.compile(rb"\bfunction\b|\bfn\s*+\(")
_LINES, _DEPTH = 60, 4


def is_refused_type(message: str) -> bool:
    """Whether PHP complains of the type of a value."""
    return _REFUSED.search(message[:600]) is not None


def is_from_outside(content: bytes, line: int) -> bool:
    """Whether a variable of this line (from 1) was filled from outside, in the lines of the same function before it."""
    lines = content.split(b"\n")
    if not 0 < line <= len(lines):
        return False
    above = _above(lines, line)
    if _SOURCE.search(lines[line - 1]):
        return True
    wanted, seen = set(_VARIABLE.findall(lines[line - 1])), set[bytes]()
    for _round in range(_DEPTH):
        fills = [text for text in above if any(_fills(text, name) for name in wanted - seen)]
        if any(_SOURCE.search(text) for text in fills):
            return True
        seen |= wanted
        wanted = {name for text in fills for name in _VARIABLE.findall(text)}
    return False


def _above(lines: list[bytes], line: int) -> list[bytes]:
    """The lines before, nearest first, up to the beginning of the function."""
    found = []
    for text in reversed(lines[max(0, line - 1 - _LINES) : line - 1]):
        found.append(text)
        if _BEGINS.search(text):
            break
    return found


def _fills(text: bytes, name: bytes) -> bool:
    return (
        re.search(re.escape(name) + rb"\b\s*+(?:\[[^\]]*+\]\s*+)*+(?:=(?!=)|\?\?=)|\bas\b[^)]*" + re.escape(name) + rb"\b", text)
        is not None
    )
