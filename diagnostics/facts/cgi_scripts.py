"""The beginnings of the scripts in cgi-bin folders, and whether the programs they name are there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from diagnostics.evidence import LogLine, SiteSeen, TextFile, TreeEntry
from diagnostics.transports.base import FileKind, NotFound, PermissionRefused, Reader, TransportError

MOST_SCRIPTS = 6
LIMIT = 64 * 1024
_LOGGED = re.compile(
    r"(?:End of script output before headers|Premature end of script headers): (\S+)|malformed header from script '([^']+)'"
    r"|exec of '([^']+)' failed"
)
PROGRAM_FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin")  # in which web servers let `env` look (suEXEC: AP_SAFE_PATH)
_BY_ENV = re.compile(rb"^#!\s*\S*/env[ \t]+(?:-\S+[ \t]+|\w+=\S*[ \t]+)*([\w.+-]+)")
_SHEBANG = re.compile(rb"^#!\s*(\S+)")
_HEAD = 64  # bytes of a program in which its format shows
_BINARY = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f-\xff]")


def is_cgi(entry: TreeEntry) -> bool:
    """Whether this file is run by the web server as a program of its own."""
    name = entry.path.rsplit("/", 1)[-1]
    return (
        entry.kind in ("file", "link") and ("/cgi-bin/" in "/" + entry.path or name.endswith((".cgi", ".pl"))) and not name.startswith(".")
    )


def wanted(entries: tuple[TreeEntry, ...], site: SiteSeen, lines: tuple[LogLine, ...]) -> list[TreeEntry]:
    """The scripts that failing pages are addresses of, and those that the log names."""
    paths = [page.path.split("?")[0] for page in site.pages if page.status != 200 and page.path.strip("/")]
    logged = {name.rsplit("/", 1)[-1] for line in lines for match in _LOGGED.finditer(line.text) for name in match.groups() if name}
    files = [entry for entry in entries if entry.kind == "file" and entry.size <= LIMIT]
    asked = [entry for entry in files if is_cgi(entry) and any(("/" + entry.path).endswith(path) for path in paths)]
    named = [entry for entry in files if entry.path.rsplit("/", 1)[-1] in logged and not entry.path.endswith(".php")]
    return list(dict.fromkeys((*asked, *named)))[:MOST_SCRIPTS]


def read(reader: Reader, entries: Sequence[TreeEntry]) -> tuple[TextFile, ...]:
    """Scripts of up to 64 KB; one that cannot be read is passed over, the check of its mode tells of it."""
    found = []
    for entry in entries:
        try:
            found.append(TextFile(entry.path, entry.absolute, reader.read(entry.absolute, LIMIT), entry.mode, entry.mtime))
        except TransportError:
            continue
    return tuple(found)


def of_env(content: bytes) -> str:
    """The program that `env` is to find for the script, "" where the first line does not ask it."""
    match = _BY_ENV.match(content)
    return match.group(1).decode("utf-8", "replace") if match else ""


def programs(content: bytes) -> list[str]:
    """The paths that show whether the script's program is there: its own, or those at which `env` would find it."""
    own = of_env(content)
    return [posixpath.join(folder, own) for folder in PROGRAM_FOLDERS] if own else [interpreter(content)]


def interpreter(content: bytes) -> str:
    """The program of the first line, "" when there is none."""
    match = _SHEBANG.match(content)
    return match.group(1).decode("utf-8", "replace").rstrip("\r") if match else ""


def look_up(reader: Reader, paths: list[str]) -> tuple[tuple[str, bool], ...]:
    """Which of these paths are programs. Only for transports that see the whole machine; others find nothing outside their root."""
    if reader.protocol not in ("ssh", "local"):
        return ()
    found: list[tuple[str, bool]] = []
    for path in dict.fromkeys(paths):
        try:
            found.append((path, _is_program(reader, path)))
        except NotFound:
            found.append((path, False))
        except TransportError:
            continue
    return tuple(found)


def _is_program(reader: Reader, path: str) -> bool:
    """Whether execve(2) would run it: a file that may be run, with a binary format or a first line of its own. Raises TransportError."""
    stat = reader.stat(path)
    if stat.kind is FileKind.LINK:
        path = reader.real_path(path)
        stat = reader.stat(path)
    if stat.kind is not FileKind.FILE or not stat.mode & 0o111:
        return False
    try:
        head = reader.read_part(path, 0, _HEAD)
    except PermissionRefused:
        return True  # a program may be run by those who may not read it
    return head.startswith(b"#!") or _BINARY.search(head) is not None
