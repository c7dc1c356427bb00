"""What `killing` has a site hold before an attempt, and keeps of it to go back to."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

OLD = 1_600_000_000
LARGE = b"RewritEngine On\r\n\xff\n" * 5000  # several packets


class Files:
    """The docroot as this machine has it, and what it holds before."""

    def __init__(self, real: str, uid: int, gid: int) -> None:
        self.real, self.uid, self.gid = Path(real), uid, gid

    def empty(self) -> None:
        for path in self.real.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def own(self) -> None:
        for path in [*self.real.rglob("*")]:
            if os.geteuid() == 0:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def prepare(self) -> None:
        self.empty()
        (self.real / "inner").mkdir()
        (self.real / "plugin/lib").mkdir(parents=True)
        for number, (name, content, mode) in enumerate(
            [
                (".htaccess", LARGE, 0o604),
                ("page.php", b"<?php", 0o666),
                ("a b'.txt", b"old name", 0o640),
                ("inner/gone.txt", b"to be removed\n", 0o600),
                ("plugin/main.php", b"<?php\n", 0o644),
                ("plugin/lib/one.php", b"<?php\n", 0o640),
            ]
        ):
            path = self.real / name
            path.write_bytes(content)
            path.chmod(mode)
            os.utime(path, (OLD + number, OLD + number))
        for number, (name, target) in enumerate((("current", "../releases/gone"), ("start.html", "start.html"))):
            (self.real / name).symlink_to(target)
            os.utime(self.real / name, (OLD + 10 + number, OLD + 10 + number), follow_symlinks=False)
        self.own()

    def tree(self) -> dict[str, tuple[Any, ...]]:
        found = {}
        for path in sorted(self.real.rglob("*")):
            stat, is_link = path.lstat(), path.is_symlink()
            content = os.readlink(path).encode() if is_link else path.read_bytes() if path.is_file() else b""
            has_time = is_link or path.is_file()
            found[str(path.relative_to(self.real))] = (
                content, stat.st_mode, int(stat.st_mtime) if has_time else 0, stat.st_uid, stat.st_gid,
            )  # fmt: skip
        return found

    def without_times(self) -> dict[str, tuple[Any, ...]]:
        return {name: (row[0], row[1], row[3], row[4]) for name, row in self.tree().items()}


class Kept:
    """Database (SQLite) and docroot at one moment, to go back to."""

    def __init__(self, files: Files) -> None:
        from django.conf import settings

        self.files = files
        self.database = Path(settings.DATABASES["default"]["NAME"])
        self._folder = tempfile.TemporaryDirectory(prefix="sitemend-kept-")
        self.copy = Path(self._folder.name)
        self._close()
        shutil.copy(self.database, self.copy / "database")
        shutil.copytree(files.real, self.copy / "files", symlinks=True)

    def put_back(self) -> None:
        self._close()
        shutil.copy(self.copy / "database", self.database)
        self.files.empty()
        shutil.copytree(self.copy / "files", self.files.real, dirs_exist_ok=True, symlinks=True)
        self.files.own()

    def _close(self) -> None:
        """The last one to close it brings everything into the file itself."""
        from django.db import connection

        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            assert cursor.fetchone()[0] == 0, "somebody else has the database open"
        connection.close()
        for ending in ("-wal", "-shm"):
            self.database.with_name(self.database.name + ending).unlink(missing_ok=True)
