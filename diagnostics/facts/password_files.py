"""The password files that `.htaccess` files name: whether they are there, and their modes."""

from __future__ import annotations

import posixpath

from diagnostics.evidence import PasswordFile, TextFile
from diagnostics.facts.htaccess_files import chain
from diagnostics.htaccess.parser import parse
from diagnostics.transports.base import FileKind, NotFound, Reader, TransportError

MOST = 3
_KEYS = ("authuserfile", "authgroupfile")


def named(files: tuple[TextFile, ...]) -> list[str]:
    """The paths as they are written, each once."""
    lines = (line for file in files for line in parse(file.content).lines)
    return list(dict.fromkeys(line.words[0] for line in lines if line.key in _KEYS and line.words))[:MOST]


def read(reader: Reader, files: tuple[TextFile, ...], docroot: str) -> tuple[PasswordFile, ...]:
    return tuple(_look(reader, path, docroot) for path in named(files)) if files else ()


def _look(reader: Reader, path: str, docroot: str) -> PasswordFile:
    """By its own name, else where a login with another root would see it."""
    folders, refused = chain(docroot, reader.home()), False
    for candidate in _candidates(path, docroot, folders):
        try:
            stat = reader.stat(candidate)
        except NotFound:
            continue
        except TransportError:
            refused = True
            continue
        found = candidate if stat.kind is FileKind.FILE else ""
        if not path.startswith("/"):  # Apache looks for it in its own folder (AuthUserFile: "relative to the ServerRoot"), not here
            return PasswordFile(path, False, stat.mode, found)
        return PasswordFile(path, None, None, found) if refused else PasswordFile(path, True, stat.mode, found)
    same_root = any(path.startswith(folder.rstrip("/") + "/") for folder in folders if folder != "/")
    is_known = not refused and (same_root or reader.protocol == "local")
    return PasswordFile(path, False if is_known else None, None)


def _candidates(path: str, docroot: str, folders: list[str]) -> list[str]:
    root, parts = docroot.rstrip("/"), path.strip("/").split("/")
    found = [path] if path.startswith("/") else []
    _head, mark, tail = f"/{path}".rpartition(f"/{posixpath.basename(root)}/")
    if mark:
        found.append(f"{root}/{tail}")
    for folder in reversed(folders[:-1]):
        found += [posixpath.join(folder, *parts[-count:]) for count in (1, 2) if count <= len(parts)]
    return list(dict.fromkeys(found))[:6]
