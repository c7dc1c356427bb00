"""Which program files of a site are kept with their content, so that one that breaks can be put back: data and order. Bounded per site."""

from __future__ import annotations

import heapq
import posixpath
import re
from collections.abc import Iterable

from diagnostics.manifests import rules
from diagnostics.manifests.format import FILE, Record

LARGEST = 262_144  # bytes of one file
MOST_FILES = 3000  # of one site
_START_PAGES = (b"index.html", b"index.htm")
_PHP = (b".php", b".inc", b".phtml", b".module", b".theme", b".install")
# What comes whole from its maker and is put back from another copy of the same release: it would leave no room for a site's own code.
_OF_OTHERS = re.compile(
    rb"(?:^|/)(?:wp-admin|wp-includes|vendor|node_modules|languages|tests?|typo3_src|sysext)/|^core/(?:lib|modules|includes)/"
)
_OPENS_ALL = re.compile(rb"(?:^|/)wp-content/(?:[^/]+\.php\Z|mu-plugins/)")
_MAIN = re.compile(rb"(?:^|/)wp-content/(?:plugins/[^/]+/[^/]+\.php|plugins/[^/]+\.php|themes/[^/]+/functions\.php)\Z")


def rank(path: bytes) -> int | None:
    """How much a repair may need this file, 0 the most; None: not kept."""
    if rules.is_configuration(path):
        return 0
    is_start_page = posixpath.basename(path) in _START_PAGES and path.count(b"/") <= 1
    if not (path.lower().endswith(_PHP) or is_start_page) or _OF_OTHERS.search(path) or rules.counted_above(posixpath.dirname(path)):
        return None
    if b"/" not in path or _OPENS_ALL.search(path):
        return 1
    return 2 if _MAIN.search(path) else 3


def chosen(records: Iterable[Record], most: int = MOST_FILES) -> list[Record]:
    """What of a site's files is kept, the most needed first; among equals what was changed last."""
    worth = ((rank(record.path), record) for record in records if record.kind == FILE and 0 < record.size <= LARGEST)
    wanted = ((place, -record.mtime, record.path, record) for place, record in worth if place is not None)
    return [record for _place, _time, _path, record in heapq.nsmallest(most, wanted, key=lambda each: each[:3])]
