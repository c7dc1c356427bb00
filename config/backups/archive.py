"""Makes and opens backup files: a sealed tar with a manifest, the keys, the rows and the folders of the state folder."""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.conf import settings

from config.backups import rows
from config.backups.sealing import SealBroken, SealedReader, SealedWriter

FORMAT = 1
FOLDERS = ("mail", "evidence", "files", "practice")
_MANIFEST, _ROWS, _CREDENTIALS, _DJANGO = "manifest.json", "rows.jsonl", "keys/credentials", "keys/django"


@dataclass(frozen=True)
class Opened:
    """A backup that has been read to its end and found intact, unpacked into `folder` (private to us)."""

    folder: Path
    made_at: str
    counts: dict[str, int]
    migrations: list[str]
    credentials_keys: tuple[str, ...]
    django_key: str

    @property
    def rows(self) -> Path:
        """The rows, as lines of JSON."""
        return self.folder / _ROWS


def write(path: Path, passphrase: str) -> dict[str, int]:
    """Makes the backup file `path` (mode 600), complete or not at all; answers the number of rows by model.

    Raises `OSError`, `FileExistsError` among them.
    """
    draft = path.with_name(f".{path.name}.part")
    if path.exists():
        raise FileExistsError(17, "there is such a file already", str(path))
    draft.unlink(missing_ok=True)
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            sealed = SealedWriter(target, passphrase)
            with tarfile.open(fileobj=sealed, mode="w|", bufsize=64 * 1024) as tar:  # type: ignore[call-overload]
                counts = _fill(tar)
            sealed.finish()
            target.flush()
            os.fsync(target.fileno())
        os.link(draft, path)  # unlike a rename it never overwrites
    finally:
        draft.unlink(missing_ok=True)
    return counts


def _fill(tar: tarfile.TarFile) -> dict[str, int]:
    with tempfile.TemporaryFile("w+", encoding="utf-8", dir=settings.SITEMEND_VAR_DIR) as lines:
        with rows.one_moment():
            counts = rows.write_rows(lines)
        manifest = {
            "format": FORMAT,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "migrations": rows.migrations_of_code(),
            "counts": counts,
        }
        _add_bytes(tar, _MANIFEST, json.dumps(manifest).encode())
        _add_bytes(tar, _CREDENTIALS, ",".join(settings.SITEMEND_CREDENTIALS_KEYS).encode())
        _add_bytes(tar, _DJANGO, settings.SECRET_KEY.encode())
        lines.flush()
        _add_file(tar, _ROWS, lines.buffer)  # type: ignore[attr-defined]
    for name, path in _files():
        with path.open("rb") as file:
            _add_file(tar, name, file)
    return counts


def _files() -> Iterator[tuple[str, Path]]:
    """Regular files of the kept folders; links are left out, so that nothing from elsewhere gets in."""
    for folder in FOLDERS:
        for parent, _folders, names in os.walk(settings.SITEMEND_VAR_DIR / folder, followlinks=False):
            for name in sorted(names):
                path = Path(parent) / name
                if path.is_file() and not path.is_symlink():
                    yield path.relative_to(settings.SITEMEND_VAR_DIR).as_posix(), path


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    _add_file(tar, name, io.BytesIO(data))


def _add_file(tar: tarfile.TarFile, name: str, file: IO[bytes]) -> None:
    info = tarfile.TarInfo(name)
    info.size = file.seek(0, os.SEEK_END)
    info.mode = 0o600
    if isinstance(file, io.BufferedReader):
        found = os.fstat(file.fileno())
        info.mtime, info.mode = int(found.st_mtime), found.st_mode & 0o777
    file.seek(0)
    tar.addfile(info, file)


def open_into(path: Path, passphrase: str, folder: Path) -> Opened:
    """Reads all of `path`, verifies it and unpacks it into `folder`, an empty private folder. Raises `SealBroken`, `OSError`."""
    with path.open("rb") as source:
        sealed = SealedReader(source, passphrase)
        try:
            with tarfile.open(fileobj=sealed, mode="r|", bufsize=64 * 1024) as tar:  # type: ignore[call-overload]
                for member in tar:
                    _unpack(tar, member, folder)
        except tarfile.TarError:
            raise SealBroken("The file is damaged.") from None
        sealed.finish()
    try:
        manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise SealBroken("The backup was made by another version of Sitemend, whose files this one does not know.")
        return Opened(
            folder=folder,
            made_at=manifest["made_at"],
            counts=manifest["counts"],
            migrations=manifest["migrations"],
            credentials_keys=tuple((folder / _CREDENTIALS).read_text(encoding="ascii").split(",")),
            django_key=(folder / _DJANGO).read_text(encoding="utf-8"),
        )
    except (KeyError, TypeError, ValueError, FileNotFoundError):
        raise SealBroken("The backup is not complete.") from None


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """One regular file below `folder`; anything else does not come from us."""
    name = PurePosixPath(member.name)
    if not member.isreg() or name.is_absolute() or ".." in name.parts:
        raise SealBroken("The backup holds something that does not belong there.")
    path = folder / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = tar.extractfile(member)
    assert content is not None
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, member.mode & 0o777 | 0o600), "wb") as target:
        while piece := content.read(1024 * 1024):
            target.write(piece)
    os.utime(path, (member.mtime, member.mtime))
