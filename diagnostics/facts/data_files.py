"""Files of data that the scripts of a failure read: those that no longer read well. Their contents are judged here and not kept."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator

from diagnostics.evidence import Evidence
from diagnostics.facts.paths import above, shown
from diagnostics.facts.small_files import SmallFiles
from diagnostics.php import data_files
from diagnostics.php.data_files import Asked
from diagnostics.php.seen import BrokenData, Script

MOST_READ = 8
_ROLES = ("named", "entry", "included")
_LEVELS = 3  # folders above the script's own that its words may begin at


def read(files: SmallFiles, evidence: Evidence, scripts: Iterable[Script], entries: Collection[str]) -> tuple[BrokenData, ...]:
    """Never raises. `entries`: the absolute paths of all files that are known to be there."""
    wanted: dict[str, tuple[Script, Asked]] = {}
    inside = f"{evidence.docroot.rstrip('/')}/"
    for script in scripts:
        for asked in data_files.asked_in(script.content) if script.role in _ROLES else ():
            places = list(_places(asked.name, script, evidence.docroot))
            path = next((path for path in places if path in entries), "")
            if not path and not places[0].startswith(inside) and files.exists(places[0]):
                path = places[0]  # beside the docroot only what was asked for is known
            if path and len(wanted) < MOST_READ:
                wanted.setdefault(path, (script, asked))
    files.fetch(wanted)
    found = []
    for path, (script, asked) in wanted.items():
        content = files.content(path)
        fault = data_files.fault_of(asked.kind, content) if content is not None else None
        if fault is not None:
            found.append(BrokenData(shown(path, evidence.docroot), fault.line, fault.why, script.path, asked.line))
    return tuple(found)


def _places(name: str, script: Script, docroot: str) -> Iterator[str]:
    """Where the end of a path may begin: at the script's own folder, those above it, and the docroot."""
    folder = posixpath.dirname(script.absolute)
    for _level in range(_LEVELS):
        yield posixpath.normpath(f"{folder}/{name}")
        folder = above(folder)
    yield posixpath.normpath(f"{docroot.rstrip('/')}/{name}")
