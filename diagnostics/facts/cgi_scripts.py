"""The beginnings of the scripts in cgi-bin folders, and whether the programs they name are there."""

from __future__ import annotations

import re

from diagnostics.evidence import TextFile, TreeEntry
from diagnostics.transports.base import NotFound, Reader, TransportError

MOST_SCRIPTS = 30
LIMIT = 64 * 1024
_SHEBANG = re.compile(rb"^#!\s*(\S+)")


def is_cgi(entry: TreeEntry) -> bool:
    """Whether this file is run by the web server as a program of its own."""
    name = entry.path.rsplit("/", 1)[-1]
    return entry.kind == "file" and ("/cgi-bin/" in "/" + entry.path or name.endswith((".cgi", ".pl"))) and not name.startswith(".")


def read(reader: Reader, entries: tuple[TreeEntry, ...]) -> tuple[TextFile, ...]:
    """Scripts of up to 64 KB; one that cannot be read is passed over, the check of its mode tells of it."""
    found = []
    for entry in [entry for entry in entries if is_cgi(entry) and entry.size <= LIMIT][:MOST_SCRIPTS]:
        try:
            found.append(TextFile(entry.path, entry.absolute, reader.read(entry.absolute, LIMIT), entry.mode, entry.mtime))
        except TransportError:
            continue
    return tuple(found)


def interpreter(content: bytes) -> str:
    """The program of the first line, "" when there is none."""
    match = _SHEBANG.match(content)
    return match.group(1).decode("utf-8", "replace").rstrip("\r") if match else ""


def look_up(reader: Reader, paths: list[str]) -> tuple[tuple[str, bool], ...]:
    """Which of these paths exist. Only for transports that see the whole machine; others would find nothing that is outside their root."""
    if reader.protocol not in ("ssh", "local"):
        return ()
    found: list[tuple[str, bool]] = []
    for path in dict.fromkeys(paths):
        try:
            reader.stat(path)
            found.append((path, True))
        except NotFound:
            found.append((path, False))
        except TransportError:
            continue
    return tuple(found)
