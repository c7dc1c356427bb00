"""The files of WordPress itself beside those of another copy of the same release on the same account, where there is one.

Sizes are compared folder by folder, contents only of files that a log names. Nothing is fetched from elsewhere.
"""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Iterable, Iterator

from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts.paths import above, shown
from diagnostics.facts.small_files import SmallFiles
from diagnostics.facts.software import SOFTWARE, version_in
from diagnostics.installed import Application, Differing
from diagnostics.transports.base import FileKind, TransportError
from sites.texts import mark as _

MOST_COPIES = 6  # folders that are asked for their release
_MOST_FOLDERS = 5  # of the copy that are listed
_MOST_NAMED = 4  # files whose content is compared
MOST_TOLD = 20  # more that differ are another release, not damage
_LEAST_TIME_S = 4.0
_VERSION = next(each for each in SOFTWARE if each.name == "wordpress").versions[0][1]
_OWN = re.compile(r"(?:wp-config(?:-sample)?|wp-includes/version)\.php\Z")  # these differ from site to site, and by language
_AT_TOP = re.compile(r"(?:wp-[a-z-]+|xmlrpc|index)\.php\Z")
_NAMED = re.compile(r"/((?:wp-includes|wp-admin)/[\w./-]{1,160}\.php)")


def read(files: SmallFiles, evidence: Evidence, neighbours: Iterable[str], deadline: float) -> tuple[Differing, ...]:
    """What of the WordPress that fails is not as in its copy; nothing where no other copy of its release is seen. Never raises."""
    application = next((each for each in evidence.applications if each.name == "wordpress" and each.core and each.version), None)
    if application is None or evidence.tree_truncated or time.monotonic() > deadline - _LEAST_TIME_S:
        return ()
    try:
        copy = copy_of(files, application, evidence, neighbours)
        return tuple(_compared(files, application, copy, evidence)) if copy else ()
    except TransportError:
        return ()


def is_of_release(name: str) -> bool:
    """Whether this file, relative to WordPress's folder, is the same in every copy of one release."""
    return (name.startswith(("wp-includes/", "wp-admin/")) or bool(_AT_TOP.match(name))) and not _OWN.search(name)


def copy_of(files: SmallFiles, application: Application, evidence: Evidence, neighbours: Iterable[str]) -> str:
    """The folder of another copy of the same release: in the site, in another of the account, or beside the docroot. "": none is seen."""
    inside = (entry.absolute.removesuffix("/wp-includes/version.php") for entry in _entries(evidence)
              if entry.absolute.endswith("/wp-includes/version.php"))  # fmt: skip
    known = list(dict.fromkeys(folder.rstrip("/") for folder in (*inside, *neighbours) if folder.rstrip("/") != application.core))
    if len(known) < MOST_COPIES and (top := above(evidence.docroot)) != "/":
        beside = [entry.path for entry in files.reader.list(top)[:200] if entry.stat.kind is FileKind.FOLDER]
        known += [path for path in sorted(beside) if path not in known and not application.core.startswith(f"{path}/")]
    known = [folder for folder in known if folder != application.core][:MOST_COPIES]
    names = {folder: f"{folder}/wp-includes/version.php" for folder in known}
    files.fetch(names.values())
    for folder, path in names.items():
        if version_in(files.text(path) or "", _VERSION) == application.version:
            return folder
    return ""


def _compared(files: SmallFiles, application: Application, copy: str, evidence: Evidence) -> Iterator[Differing]:
    named = _named(evidence)
    folders = dict.fromkeys(["", "wp-includes", *(posixpath.dirname(each) for each in named)])
    theirs = {name: size for folder in list(folders)[:_MOST_FOLDERS] for name, size in _listed(files, copy, folder)}
    ours = {entry.absolute.removeprefix(f"{application.core}/"): entry for entry in _entries(evidence)
            if entry.kind == "file" and entry.absolute.startswith(f"{application.core}/")}  # fmt: skip
    lost = [name for name in theirs if name not in ours and f"{application.core}/{name}" not in _folders(evidence)]
    other = [name for name, size in theirs.items() if name in ours and ours[name].size not in (0, size)]
    place, release = shown(copy, evidence.docroot), f"WordPress {application.version}"
    if len(lost) + len(other) > MOST_TOLD:
        why = _("{n} of its files differ from those of the same release ({release}) in {place}: an update or upload was not finished")
        path = shown(f"{application.core}/wp-includes", evidence.docroot)
        yield Differing("core", release, path, why.format(n=len(lost) + len(other), release=release, place=place))
        return
    for name in lost:
        why = _("it is not there; the same release ({release}) in {place} has it").format(release=release, place=place)
        yield Differing("core", release, shown(f"{application.core}/{name}", evidence.docroot), why, is_missing=True)
    for name in other:
        why = _("it has {size} bytes; in the same release ({release}) in {place} it has {wanted}")
        said = why.format(size=ours[name].size, release=release, place=place, wanted=theirs[name])
        yield Differing("core", release, ours[name].path, said, is_named=name in named)
    yield from _by_content(files, application, copy, [ours[name] for name in named if name in ours and name not in other], evidence)


def _by_content(
    files: SmallFiles, application: Application, copy: str, entries: list[TreeEntry], evidence: Evidence
) -> Iterator[Differing]:
    """Files that a log names and that have the size of the copy's."""
    pairs = {entry: f"{copy}/{entry.absolute.removeprefix(f'{application.core}/')}" for entry in entries[:_MOST_NAMED]}
    files.fetch([path for entry, other in pairs.items() for path in (entry.absolute, other)])
    for entry, other in pairs.items():
        mine, theirs = files.content(entry.absolute), files.content(other)
        if mine is not None and theirs is not None and mine != theirs:
            line = next((n for n, (a, b) in enumerate(zip(mine.split(b"\n"), theirs.split(b"\n"), strict=False), 1) if a != b), None)
            why = _("it differs from the same release’s file in {place}").format(place=shown(copy, evidence.docroot))
            yield Differing("core", f"WordPress {application.version}", entry.path, why, line, is_named=True)


def _listed(files: SmallFiles, copy: str, folder: str) -> Iterator[tuple[str, int]]:
    for entry in files.reader.list(posixpath.join(copy, folder).rstrip("/")):
        name = posixpath.join(folder, posixpath.basename(entry.path))
        is_ours = bool(folder) or _AT_TOP.match(name)
        if entry.stat.kind is FileKind.FILE and name.endswith(".php") and is_ours and not _OWN.search(name):
            yield name, entry.stat.size


def _named(evidence: Evidence) -> list[str]:
    """Files of WordPress itself that the log names, relative to it."""
    lines = evidence.error_log if isinstance(evidence.error_log, tuple) else ()
    found = (match[1] for line in lines[-50:] for match in _NAMED.finditer(line.text))
    return [name for name in dict.fromkeys(found) if ".." not in name][:_MOST_NAMED]


def _entries(evidence: Evidence) -> tuple[TreeEntry, ...]:
    return evidence.tree if isinstance(evidence.tree, tuple) else ()


def _folders(evidence: Evidence) -> set[str]:
    """Folders of this name are told by others; and what lies in one that was not read is not known to be missing."""
    return {entry.absolute for entry in _entries(evidence) if entry.kind != "file"}
