"""A fresh site at one place of the lab: its files are written, changed and broken here, as its owner would."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random

from tests.lab.stack.blog import Database, Databases
from tests.lab.stack.front import Rule
from tests.lab.stack.web import Place

_DAY = 86_400.0


class Scene:
    """Paths are relative to the account's home, which is the folder above the docroot ("www/index.html")."""

    def __init__(self, place: Place, databases: Databases, rng: Random) -> None:
        self.place, self.databases, self.rng = place, databases, rng
        self.pages: list[str] = ["/"]  # that are registered
        self.database: Database | None = None
        self.breaks_now = False  # what is written without an age was not written some minutes ago, but is now
        self._closing = ExitStack()

    @property
    def www(self) -> str:
        return self.place.setup.docroot

    def at(self, name: str) -> str:
        """A path below the docroot."""
        return f"{self.www}/{name}"

    def path(self, name: str) -> Path:
        return self.place.home / name

    def clear(self) -> None:
        """Nothing lies in the home but empty logs and a folder for temporary files."""
        home = self.place.home
        home.chmod(self.place.setup.folder_mode)
        remembered = (self.path(self.at(".user.ini"))).exists()
        logs = {self.path(name) for name in (self.place.setup.error_log, self.place.setup.access_log) if name}
        for entry in home.iterdir():
            if entry.is_symlink() or not entry.is_dir():
                entry.unlink()
            elif entry not in {log.parent for log in logs}:
                shutil.rmtree(entry)
        for folder in {log.parent for log in logs}:
            for log in folder.iterdir():
                os.truncate(log, 0) if log in logs else log.unlink()
        if remembered:
            time.sleep(1.1)  # PHP remembers these settings for a second
        self.folder("tmp", 0o700)
        self.folder(self.www)
        self.pages = ["/"]

    def close(self) -> None:
        """Takes away what lies outside the home."""
        self._closing.close()
        if self.database:
            self.databases.drop(self.database)

    def write(self, name: str, content: str | bytes, mode: int | None = None, *, days: float | None = None) -> None:
        """Writes a file anew. `days`: how old it is; None: some minutes, as what was changed last."""
        target = self.path(name)
        self.folder(os.path.dirname(name))
        target.unlink(missing_ok=True)
        target.write_bytes(content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content)
        target.chmod(self.place.setup.file_mode if mode is None else mode)
        self.place.account.own(target)
        minutes = self.rng.uniform(2, 40)
        if days is not None or not self.breaks_now:
            self.age(name, days if days is not None else minutes / 1440)

    def keep(self, name: str, content: str | bytes, mode: int | None = None) -> None:
        """Writes a file that has been there for long."""
        self.write(name, content, mode, days=self.rng.uniform(30, 700))

    def age(self, name: str, days: float) -> None:
        moment = time.time() - days * _DAY
        os.utime(self.path(name), (moment, moment), follow_symlinks=False)

    def folder(self, name: str, mode: int | None = None) -> None:
        """Makes a folder and those above it, where they are not there yet."""
        if not name or self.path(name).is_dir():
            return
        self.folder(os.path.dirname(name))
        self.path(name).mkdir()
        self.path(name).chmod(self.place.setup.folder_mode if mode is None else mode)
        self.place.account.own(self.path(name))

    def read(self, name: str) -> bytes:
        return self.path(name).read_bytes()

    def chmod(self, name: str, mode: int) -> None:
        self.path(name).chmod(mode)

    def remove(self, name: str) -> None:
        target = self.path(name)
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    def copy(self, source: Path, name: str) -> None:
        """A whole folder of other people's software, given to the account; old, as it was uploaded."""
        self.folder(name)
        subprocess.run(["cp", "-r", "--preserve=timestamps", f"{source}/.", self.path(name)], check=True)
        who = self.place.account
        subprocess.run(["chown", "-R", f"{who.uid}:{who.gid}", self.path(name)], check=True)
        if (self.place.setup.folder_mode, self.place.setup.file_mode) != (0o755, 0o644):
            modes = f"u=rwX,g=,o={'rX' if self.place.setup.folder_mode & 1 else ''}"
            subprocess.run(["chmod", "-R", modes, self.path(name)], check=True)

    def afterwards(self, undo: Callable[..., object], *arguments: object) -> None:
        """What is called when the scene is closed."""
        self._closing.callback(undo, *arguments)

    def front(self, rule: Rule) -> None:
        """What stands before the web server answers by this rule until the scene is closed."""
        front = self.place.front
        assert front is not None
        front.rule = rule
        self.afterwards(setattr, front, "rule", None)

    def small_disk(self, name: str, kilobytes: int, *, files: int = 0) -> bool:
        """A disk of its own at this folder, for so many files, until the scene is closed; False where mounting is not allowed."""
        self.folder(name)
        who = self.place.account
        options = f"size={kilobytes}k,mode=755,uid={who.uid},gid={who.gid}" + (f",nr_inodes={files}" if files else "")
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.path(name))]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            return False
        self._closing.callback(subprocess.run, ["umount", "-l", str(self.path(name))], check=True)
        return True

    def line_of(self, name: str, words: str | bytes) -> int:
        """The number of the first line that holds these words."""
        wanted = words.encode() if isinstance(words, str) else words
        return next(number for number, line in enumerate(self.read(name).split(b"\n"), 1) if wanted in line)

    def make_database(self, theme: str) -> Database:
        """A database with WordPress's tables."""
        rng = self.rng
        tail = f"{rng.randrange(16**6):06x}"
        prefix = rng.choice(("wp_", "wp_", f"w{rng.randint(1, 99)}_", "site_"))
        made = Database(f"db_{tail}", f"user_{tail}", f"{rng.randrange(16**12):012x}!", prefix)
        self.databases.drop(made)
        self.databases.make(made, self.place.url, theme)
        self.database = made
        return made

    def old_lines(self, lines: list[str]) -> None:
        """What the error log has held for long. Nothing where the account sees no log."""
        log = self.path(self.place.setup.error_log) if self.place.setup.error_log else self.place.logs[0]
        with log.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
