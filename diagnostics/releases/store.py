"""Packages that were fetched, kept in the state folder of this machine: each release once, for all sites that run it.

They are no state: what is lost is fetched again, so a backup leaves them out, and those not used for longest go first.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from .package import Package, PackageUnreadable
from .published import Digests, Release, read_checksums

ABSENT_FOR_S = 24 * 3600.0  # what the directory does not have
AWAY_FOR_S = 600.0  # what could not be fetched, and everything else meanwhile
_AWAY = "away"
_ZIP, _LIST, _PART, _NONE, _LOCK = ".zip", ".json", ".part", ".none", ".lock"


def folder() -> Path:
    """Made when it is first asked for."""
    path = Path(settings.SITEMEND_RELEASES_DIR)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def limit() -> int:
    """Bytes that may be kept."""
    return int(settings.SITEMEND_RELEASES_MB) * 1024 * 1024


def path_of(release: Release) -> Path:
    return folder() / f"{release.key}{_ZIP}"


def part_of(release: Release) -> Path:
    """Where a package grows while it is fetched."""
    return folder() / f"{release.key}{_PART}"


def opened(release: Release) -> Package | None:
    """The package if it is here. One that cannot be read, or whose list is gone, is thrown away."""
    path = path_of(release)
    if not path.is_file():
        return None
    try:
        package = Package(release, path, _checksums(release))
        os.utime(path)  # of what is used last the newest is kept
    except (PackageUnreadable, OSError, ValueError):
        remove(release)
        return None
    return package


def _checksums(release: Release) -> dict[str, Digests]:
    """Raises OSError, ValueError where there should be a list and is none."""
    return read_checksums(path_of(release).with_suffix(_LIST).read_bytes()) if release.checksums else {}


def keep(release: Release, checksums: bytes, *, is_joined: bool = False) -> None:
    """Puts what was fetched into its place: the list first, so that a package is never without it. Raises OSError, PackageUnreadable.

    `is_joined`: it came in parts, between which another may have been published.
    """
    part = part_of(release)
    try:
        with Package(release, part, {}) as package:
            if is_joined and not package.is_whole():
                raise PackageUnreadable("its parts do not fit together")
    except PackageUnreadable:
        part.unlink(missing_ok=True)
        raise
    if release.checksums:
        _write(path_of(release).with_suffix(_LIST), checksums)
    part.replace(path_of(release))
    make_room()


def remove(release: Release) -> None:
    for ending in (_ZIP, _LIST, _PART):
        path_of(release).with_suffix(ending).unlink(missing_ok=True)


def make_room() -> int:
    """Lets go of what was not used for longest where it is too much, and of what nobody went on with. Returns how many."""
    gone, room, now = 0, limit(), time.time()
    packages = sorted(folder().glob(f"*{_ZIP}"), key=lambda path: -path.stat().st_mtime)
    for number, path in enumerate(packages):
        room -= path.stat().st_size
        if room < 0 and number:  # the one at hand stays
            path.unlink(missing_ok=True)
            path.with_suffix(_LIST).unlink(missing_ok=True)
            gone += 1
    for path in (*folder().glob(f"*{_PART}"), *folder().glob(f"*{_NONE}"), *folder().glob(f"*{_LOCK}")):
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime > 2 * ABSENT_FOR_S:
                path.unlink()
    return gone


# --- what is not asked for again at once ------------------------------------------------------------
def note_absent(release: Release) -> None:
    """The directory has no such release."""
    _write(path_of(release).with_suffix(_NONE), b"{}")


def note_away(why: str) -> None:
    """The directory could not be reached: nothing is asked of it for a while."""
    _write(folder() / f"{_AWAY}{_NONE}", json.dumps({"why": why}).encode())


def note_reached() -> None:
    (folder() / f"{_AWAY}{_NONE}").unlink(missing_ok=True)


def is_absent(release: Release) -> bool:
    return _is_fresh(path_of(release).with_suffix(_NONE), ABSENT_FOR_S)


def is_away() -> bool:
    return _is_fresh(folder() / f"{_AWAY}{_NONE}", AWAY_FOR_S)


def _is_fresh(path: Path, for_s: float) -> bool:
    try:
        return 0 <= time.time() - path.stat().st_mtime < for_s
    except OSError:
        return False


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    draft.write_bytes(content)
    draft.replace(path)


@contextlib.contextmanager
def held(release: Release, patience_s: float) -> Iterator[bool]:
    """One process at a time fetches a release. False where another still does when the patience is over."""
    with (folder() / f"{release.key}{_LOCK}").open("ab") as file:
        until = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    yield False
                    return
                time.sleep(0.05)
        yield True
