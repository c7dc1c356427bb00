"""What the start file of a site loads from beside the docroot, as frameworks' own start files write it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

# Laravel, Symfony, Slim, Yii: __DIR__ . '/../…', dirname(__DIR__) . '/…', dirname(__DIR__, 2) . '/…'; CodeIgniter 4: FCPATH . '../…'.
_LOADS = re.compile(
    rb"(?:(?P<up>dirname\s*+\(\s*+(?:__DIR__|dirname\s*+\(\s*+__FILE__\s*+\))\s*+(?:,\s*+(?P<levels>[1-5])\s*+)?\))"
    rb"|(?P<here>dirname\s*+\(\s*+__FILE__\s*+\)|__DIR__)|(?P<docroot>FCPATH))"
    rb"\s*+\.\s*+(?:DIRECTORY_SEPARATOR\s*+\.\s*+)?['\"](?P<way>/?[^'\"$\n]{1,300})['\"]"
)
# "require '../inc/start.php'": relative to the folder of the script that the server started.
_PLAIN = re.compile(rb"\b(?:require|include)(?:_once)?\s*+\(?\s*+['\"](?P<way>(?:\.\./){1,20}+[^'\"$\n]{1,300})['\"]")


def loads(content: bytes, folder: str, docroot: str) -> Iterator[str]:
    """Absolute paths that a script in `folder` names, below the docroot or not, in their order."""
    found = [(match.start(), _base(match, folder, docroot), match["way"]) for match in _LOADS.finditer(content)]
    found += [(match.start(), folder, match["way"]) for match in _PLAIN.finditer(content)]
    for _at, base, way in sorted(found, key=lambda each: each[0]):
        yield posixpath.normpath(f"{base}/{way.decode('utf-8', 'replace')}")


def _base(match: re.Match[bytes], folder: str, docroot: str) -> str:
    if match["docroot"]:
        return docroot
    if match["here"]:
        return folder
    for _level in range(int(match["levels"] or 1)):
        folder = posixpath.dirname(folder)
    return folder
