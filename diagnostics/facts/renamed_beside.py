"""What lies beside the docroot under another name than the program asks for: there only what is looked for is known."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator

from diagnostics.evidence import TreeEntry
from diagnostics.facts.other_names import START_PAGES, is_other_name
from diagnostics.facts.small_files import SmallFiles
from diagnostics.facts.tree import entry_of
from diagnostics.transports.base import Entry, FileKind, Reader, TransportError

_MOST_FOLDERS, _MOST_ALIKE, _MOST_INSIDE = 4, 6, 4


def read(files: SmallFiles, wanted: Collection[str], missing: Iterable[str], docroot: str) -> tuple[TreeEntry, ...]:
    """Of the names that are missing, absolute, what bears them with something added, and what is asked for below it. Raises TransportError.

    Only folders that are read here anyhow are listed: those in which a name is missing that a program asks for.
    """
    paths: list[str] = []
    for lost in list(dict.fromkeys(missing))[:_MOST_FOLDERS]:
        inside = [path[len(lost) + 1 :] for path in wanted if path.startswith(f"{lost}/")][:_MOST_INSIDE]
        for entry in _alike(files.reader, lost):
            paths += [entry.path, *(posixpath.join(entry.path, name) for name in inside if entry.stat.kind is FileKind.FOLDER)]
    return tuple(entry_of(path, stat, docroot) for path, stat in files.stats(list(dict.fromkeys(paths))).items())


def docroots(reader: Reader, listed: Iterable[Entry], docroot: str) -> Iterator[TreeEntry]:
    """Of the folders beside a docroot that is not there those that bear its name with something added, and their start pages."""
    name = posixpath.basename(docroot.rstrip("/"))
    folders = (entry for entry in listed if entry.stat.kind is FileKind.FOLDER)
    alike = [each for each in folders if is_other_name(posixpath.basename(each.path), name, is_folder=True)]
    for folder in alike[:_MOST_ALIKE]:
        yield entry_of(folder.path, folder.stat, docroot)
        try:
            inside = reader.list(folder.path)
        except TransportError:
            continue
        yield from (entry_of(each.path, each.stat, docroot) for each in inside if posixpath.basename(each.path) in START_PAGES)


def _alike(reader: Reader, lost: str) -> list[Entry]:
    folder, name = posixpath.split(lost)
    try:
        listed = reader.list(folder)
    except TransportError:
        return []
    kinds = (FileKind.FILE, FileKind.FOLDER)
    found = [each for each in listed if each.stat.kind in kinds
             and is_other_name(posixpath.basename(each.path), name, is_folder=each.stat.kind is FileKind.FOLDER)]  # fmt: skip
    return found[:_MOST_ALIKE]
