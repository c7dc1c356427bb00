"""The parts of WordPress that have a say where PHP complains in WordPress's own code: of nothing where it wants something, or of no end."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from diagnostics.evidence import Evidence
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.paths import shown
from diagnostics.facts.php_files import PhpFiles
from diagnostics.installed import Component
from diagnostics.php import hooks
from diagnostics.php.seen import Script

_MOST_MAINS, _MOST, _MOST_PLACES, _MOST_LINES = 12, 24, 3, 3
_LARGEST = 512 * 1024  # bytes of a file of WordPress itself: the largest are some 350 KB
_PLACE = re.compile(r"(/[^\s:'\"<>|;(]{1,600}\.php)")
_OF_PARTS = re.compile(r"/(?:themes|(?:mu-)?plugins)/.+\.php\Z")
_OF_CORE = "/wp-includes/"
_BY_NAME = re.compile(r"(?:hook|filter|function|setup|public|frontend)[^/]*\.php\Z", re.IGNORECASE)


def read(found: PhpFiles, scripts: list[Script]) -> list[Script]:
    """Beside what was read: the files that PHP names, whatever their size, and those that tell WordPress of callbacks for their filters."""
    if not any(each.name == "wordpress" for each in found.evidence.applications):
        return []
    logged, known = _texts(found.evidence), {script.absolute for script in scripts}
    texts = [text for text in logged if hooks.is_of_nothing(text)][:_MOST_LINES]
    if not texts and any(hooks.is_endless(text) and _OF_CORE in text for text in logged[:_MOST_LINES]):
        return [part for part in _read(found, _parts(found)) if part.absolute not in known and hooks.may_go_round(part.content)]
    if not texts:
        return []
    named = [each for text in texts for each in _named(found, text)]
    asked = {hook for text in texts for hook in hooks.asked_in(text)}
    asked |= {each.hook for script in named for each in hooks.applied(script.content)}
    parts = list(_read(found, _parts(found)))
    telling = [part for part in parts if any(hooks.fits(hook, wanted) for hook, _name in hooks.told(part.content) for wanted in asked)]
    names = {name for part in telling for _hook, name in hooks.told(part.content) if name}
    holding = [
        part for part in parts if part not in telling and any(re.search(rb"function\s+&?%s\b" % name, part.content) for name in names)
    ]
    return [script for script in (*named, *telling, *holding) if script.absolute not in known]


def _texts(evidence: Evidence) -> list[str]:
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    telling = [line for line in lines if is_telling(line.text)]
    newest = sorted(telling, key=lambda line: (not line.paired, -(line.at.timestamp() if line.at else 0)))
    return [line.text.replace("\\n", "\n") for line in newest[:12]]


def _named(found: PhpFiles, text: str) -> Iterator[Script]:
    """The innermost files of the way to the error."""
    paths = dict.fromkeys(path for logged in _PLACE.findall(text[:6000]) if (path := found.here(logged)))
    for path in list(paths)[:_MOST_PLACES]:
        content = found.files.content(path) or found.files.head(path, _LARGEST).encode()
        if content:
            yield Script(shown(path, found.docroot), path, content, found.entries[path].mtime, "named", len(content))


def _parts(found: PhpFiles) -> list[str]:
    mains = [path for each in found.evidence.applications for part in each.components for path in _mains(part)]
    late = [entry for entry in found.entries.values() if _OF_PARTS.search(entry.path)]
    late.sort(key=lambda entry: (_BY_NAME.search(entry.path) is None, -entry.mtime))
    half = (_MOST - _MOST_MAINS) // 2
    newest = sorted(late, key=lambda entry: -entry.mtime)[:half]
    return [*dict.fromkeys([*mains[:_MOST_MAINS], *(entry.absolute for entry in (*newest, *late))])][:_MOST]


def _mains(part: Component) -> Iterator[str]:
    if part.kind == "theme":
        yield f"{part.absolute}/functions.php"
    else:
        yield f"{part.absolute}/{part.slug}.php" if part.is_folder else part.absolute


def _read(found: PhpFiles, paths: list[str]) -> Iterator[Script]:
    there = [path for path in paths if path in found.entries]
    found.files.fetch(there)
    for path in there:
        content = found.files.content(path) if time.monotonic() < found.deadline else None
        if content is not None:
            yield Script(shown(path, found.docroot), path, content, found.entries[path].mtime, "part", len(content))
