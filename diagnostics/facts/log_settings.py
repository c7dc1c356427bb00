"""Where a script itself says that PHP is to write its errors, `ini_set('error_log', …)`, as far as that can be told without running it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from diagnostics.php.seen import Script

_SET = re.compile(
    rb"\bini_set\s*\(\s*['\"]error_log['\"]\s*,\s*"
    rb"(?P<base>__DIR__|dirname\s*\(\s*(?:__DIR__|__FILE__)\s*(?:,\s*\d\s*)?\)|\$_SERVER\[['\"]DOCUMENT_ROOT['\"]\]|)\s*\.?\s*"
    rb"['\"](?P<way>[^'\"$\n]{1,300})['\"]"
)
_LEVELS = re.compile(rb",\s*(\d)\s*\)")


def named_by(script: Script, docroot: str) -> Iterator[str]:
    """The logs that the script names, absolute."""
    for match in _SET.finditer(script.content[:200_000]):
        way, base = match["way"].decode("utf-8", "replace"), match["base"]
        folder = posixpath.dirname(script.absolute)
        if not base:
            yield way if way.startswith("/") else posixpath.normpath(posixpath.join(folder, way))
            continue
        if base.startswith(b"$"):
            folder = docroot.rstrip("/")
        elif base.startswith(b"dirname"):
            levels = int(found[1]) if (found := _LEVELS.search(base)) else 1
            for _level in range(levels - (b"__FILE__" in base)):
                folder = posixpath.dirname(folder)
        yield posixpath.normpath(f"{folder}/{way.lstrip('/')}")
