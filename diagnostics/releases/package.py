"""Reads a published package (a zip file) that somebody else made: nothing is unpacked to disk, and nothing in it is believed unseen.

Left out are names that lead out of its folder, links, encrypted files and whatever is larger than a repair writes; what is read is
read no further than the size that the list of contents tells (a bomb ends there), and has the checksum of the zip itself.
"""

from __future__ import annotations

import posixpath
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from .published import Digests, Release, is_as_listed

LARGEST = 4 * 1024 * 1024  # bytes of one file, as the executor writes them
MOST_FILES = 20_000
MOST_BYTES = 400 * 1024 * 1024  # unpacked
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\\:]{1,400}")
_BROKEN = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_KNOWN = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class PackageUnreadable(Exception):
    """It is no package of that release."""


class Package:
    """One package, open for reading. `checksums`: what was published of its files, and then nothing else is in it; else empty."""

    def __init__(self, release: Release, path: Path, checksums: Mapping[str, Digests]) -> None:
        """Raises PackageUnreadable."""
        self.release, self.checksums = release, checksums
        try:
            self._zip = zipfile.ZipFile(path)
            found = _listed(self._zip, f"{release.folder}/")
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError, UnicodeError) as error:
            raise PackageUnreadable(str(error)) from error
        self._files = {name: info for name, info in found.items() if not checksums or checksums.get(name)}
        if not self._files:
            self.close()
            raise PackageUnreadable("it holds no files of this release")

    def __enter__(self) -> Package:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._zip.close()

    @property
    def names(self) -> frozenset[str]:
        """Its files, relative to the release's own folder."""
        return frozenset(self._files)

    def size(self, name: str) -> int | None:
        """The size of a file as it was published; None where the release has none of that name."""
        found = self._files.get(name)
        return found.file_size if found else None

    def is_proven(self, name: str) -> bool:
        """Whether a checksum was published of this file."""
        return bool(self.checksums.get(name))

    def is_whole(self) -> bool:
        """Whether every file in it has the checksum that the package itself has of it."""
        try:
            return self._zip.testzip() is None
        except _BROKEN:
            return False

    def content(self, name: str) -> bytes | None:
        """A file as it was published; None where there is none, or where it is not what the checksums say."""
        info = self._files.get(name)
        if info is None:
            return None
        try:
            with self._zip.open(info) as stream:
                content = stream.read(info.file_size + 1)  # to its end: the zip's own checksum is looked at there
        except _BROKEN:
            return None
        digests = self.checksums.get(name)
        if len(content) != info.file_size or (digests and not is_as_listed(content, digests)):
            return None
        return content


def _listed(archive: zipfile.ZipFile, top: str) -> dict[str, zipfile.ZipInfo]:
    """Raises ValueError where it is more than any release is."""
    infos = archive.infolist()
    if len(infos) > MOST_FILES or sum(info.file_size for info in infos) > MOST_BYTES:
        raise ValueError("more than any release holds")
    return {info.filename[len(top) :]: info for info in infos if info.filename.startswith(top) and _is_plain(info)}


def _is_plain(info: zipfile.ZipInfo) -> bool:
    name, mode = info.filename, info.external_attr >> 16
    is_file = not info.is_dir() and (stat.S_IFMT(mode) in (0, stat.S_IFREG))
    is_inside = bool(_PLAIN.fullmatch(name)) and posixpath.normpath(name) == name and not name.startswith(("/", "../"))
    return is_file and is_inside and not info.flag_bits & 0x1 and info.file_size <= LARGEST and info.compress_type in _KNOWN
