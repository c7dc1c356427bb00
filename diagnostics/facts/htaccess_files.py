"""The `.htaccess` files that can touch the site: from the login's home down to the docroot, and those inside it."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from urllib.parse import unquote

from diagnostics.evidence import PageSeen, TextFile, TreeEntry, Unreadable
from diagnostics.facts.paths import shown
from diagnostics.facts.small_files import LIMIT, SmallFiles

MOST_INSIDE = 24
NAME = ".htaccess"


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


def read_chain(files: SmallFiles, docroot: str) -> tuple[TextFile, ...]:
    """Those from the login's home down to the docroot. Links are never followed."""
    paths = [posixpath.join(folder, NAME) for folder in chain(docroot, files.reader.home())]
    files.fetch(paths)
    contents = {path: content for path in paths if (content := files.content(path)) is not None}
    stats = files.stats(contents)
    return tuple(
        TextFile(shown(path, docroot), path, content, stats[path].mode, stats[path].mtime)
        for path, content in contents.items()
        if path in stats
    )


def read_inside(
    files: SmallFiles, entries: tuple[TreeEntry, ...], pages: Sequence[PageSeen], known: tuple[TextFile, ...], docroot: str
) -> tuple[TextFile, ...] | Unreadable:
    """With those in sub-folders, as the tree names them: those on the way to failing pages first, then the others, outermost first.

    Unreadable where there is one in the docroot and none at all could be read.
    """
    have = {file.absolute for file in known}
    inside = [entry for entry in entries if entry.kind == "file" and posixpath.basename(entry.path) == NAME and entry.absolute not in have]
    prefixes = [docroot.rstrip("/") + unquote(page.path.split("?")[0]).rstrip("/") + "/" for page in pages if page.status != 200]
    inside.sort(key=lambda entry: (not _is_met(entry, prefixes), entry.path.count("/"), entry.path))
    wanted = [entry for entry in inside if entry.size <= LIMIT][:MOST_INSIDE]
    files.fetch(entry.absolute for entry in wanted)
    read = [(entry, files.content(entry.absolute)) for entry in wanted]
    found = [TextFile(entry.path, entry.absolute, content, entry.mode, entry.mtime) for entry, content in read if content is not None]
    own = posixpath.join(docroot.rstrip("/"), NAME)
    if not known and not found and any(entry.absolute == own for entry in inside):
        return Unreadable("the .htaccess files", f"{shown(own, docroot)} cannot be read by this login, or is larger than 256 KB")
    return (*known, *sorted(found, key=lambda file: (file.path.count("/"), file.path)))


def _is_met(entry: TreeEntry, prefixes: list[str]) -> bool:
    return any(prefix.startswith(posixpath.dirname(entry.absolute) + "/") for prefix in prefixes)
