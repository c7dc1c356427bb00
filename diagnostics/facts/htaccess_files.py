"""The `.htaccess` files that can touch the site: from the login's home down to the docroot, and those inside it."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from diagnostics.evidence import TextFile, TreeEntry, Unreadable
from diagnostics.facts.paths import shown
from diagnostics.transports.base import FileKind, NotFound, Reader, Stat, TransportError, Unsupported

LIMIT = 256 * 1024
MOST_FILES = 100


@dataclass(frozen=True, slots=True)
class RawHtaccess:
    files: tuple[tuple[str, Stat, bytes], ...]
    failed: tuple[tuple[str, str], ...] = ()  # path, why


def chain(docroot: str, home: str) -> list[str]:
    """The folders whose `.htaccess` Apache reads for the docroot, as far as this login can see: outermost first."""
    folders = [docroot.rstrip("/") or "/"]
    top = home.rstrip("/") or "/"
    while folders[0] not in (top, "/") and len(folders) < 12:
        parent = posixpath.dirname(folders[0])
        if parent in ("/", "/home", "/var", "/srv", "/var/www") and parent != top:
            break
        folders.insert(0, parent)
        if not docroot.startswith(top.rstrip("/") + "/"):
            break  # the docroot lies outside the home: one folder above it is looked at, no more
    return folders


def read(reader: Reader, docroot: str, entries: tuple[TreeEntry, ...] = ()) -> RawHtaccess:
    """Never follows a link. `entries` is the tree, from which those in sub-folders are taken."""
    paths = [posixpath.join(folder, ".htaccess") for folder in chain(docroot, reader.home())]
    inside = sorted(
        (entry.absolute for entry in entries if entry.kind == "file" and posixpath.basename(entry.path) == ".htaccess"),
        key=lambda path: (path.count("/"), path),
    )
    files: list[tuple[str, Stat, bytes]] = []
    failed: list[tuple[str, str]] = []
    for path in list(dict.fromkeys(paths + inside))[:MOST_FILES]:
        try:
            stat = reader.stat(path)
            if stat.kind is FileKind.FILE:
                files.append((path, stat, reader.read(path, LIMIT)))
        except NotFound:
            continue
        except Unsupported:
            failed.append((path, "it is larger than 256 KB"))
        except TransportError as error:
            failed.append((path, error.message))
    return RawHtaccess(tuple(files), tuple(failed))


def parse(raw: RawHtaccess, docroot: str) -> tuple[TextFile, ...] | Unreadable:
    if not raw.files and raw.failed:
        path, why = raw.failed[0]
        return Unreadable("the .htaccess files", f"{shown(path, docroot)}: {why}")
    return tuple(TextFile(shown(path, docroot), path, content, stat.mode, stat.mtime) for path, stat, content in raw.files)
