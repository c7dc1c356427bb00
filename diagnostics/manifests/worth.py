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
# Beside the docroot nothing is served: what lies there is the program, in whatever form it is written.
_OF_PROGRAMS = re.compile(
    rb"\.(?:yaml|yml|neon|json|xml|ini|twig|latte|tpl|mustache)\Z|^(?:\.\./)+(?:artisan|spark|yii|bin/console)\Z", re.IGNORECASE
)
_READ_FIRST = re.compile(rb"^(?:\.\./)+(?:[^/]+/)?(?:[^/]+\.php\Z|(?:config|configs|routes|bootstrap)/|app/(?:config|Config|etc)/)")
_LOADS_ALL = re.compile(rb"(?:^|/)vendor/(?:autoload[^/]*\.php|composer/[^/]+\.php)\Z")  # written by Composer, not by a library's maker
_OPENS_ALL = re.compile(rb"(?:^|/)wp-content/(?:[^/]+\.php\Z|mu-plugins/)")
_MAIN = re.compile(rb"(?:^|/)wp-content/(?:plugins/[^/]+/[^/]+\.php|plugins/[^/]+\.php|themes/[^/]+/functions\.php)\Z")


def rank(path: bytes) -> int | None:
    """How much a repair may need this file, 0 the most; None: not kept."""
    if rules.is_configuration(path):
        return 0
    if path.startswith(b"../"):
        return _rank_beside(path)
    is_start_page = posixpath.basename(path) in _START_PAGES and path.count(b"/") <= 1
    if not (path.lower().endswith(_PHP) or is_start_page) or _OF_OTHERS.search(path) or rules.counted_above(posixpath.dirname(path)):
        return None
    if b"/" not in path or _OPENS_ALL.search(path):
        return 1
    return 2 if _MAIN.search(path) else 3


def _rank_beside(path: bytes) -> int | None:
    if _LOADS_ALL.search(path):
        return 2
    is_program = path.lower().endswith(_PHP) or _OF_PROGRAMS.search(path)
    if not is_program or _OF_OTHERS.search(path) or rules.counted_above(posixpath.dirname(path)):
        return None
    return 1 if _READ_FIRST.search(path) else 3


def chosen(records: Iterable[Record], most: int = MOST_FILES) -> list[Record]:
    """What of a site's files is kept, the most needed first; among equals what was changed last."""
    worth = ((rank(record.path), record) for record in records if record.kind == FILE and 0 < record.size <= LARGEST)
    wanted = ((place, -record.mtime, record.path, record) for place, record in worth if place is not None)
    return [record for _place, _time, _path, record in heapq.nsmallest(most, wanted, key=lambda each: each[:3])]
