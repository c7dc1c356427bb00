"""What blind damage needs: which files a page loads, what is said about it afterwards, and everything as it was before."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.scene import Scene

_NOTED = "tmp/loaded"
_FATAL = re.compile(r"(?:Fatal|Parse|Recoverable) error|Uncaught|CRITICAL|ERROR|error -->|\[error\]|:alert\]|:error\]")
_PLACE = re.compile(r"(/[^\s:'\"()<>]+\.\w+)(?:\((\d+)\)|:(\d+)| on line (\d+)| line (\d+)| (\d+)$)", re.MULTILINE)
_ENDS = re.compile(rb"<b>(?:Fatal|Parse) error")
_SHORT = {"APPPATH/": "app/", "ROOTPATH/": "", "SYSTEMPATH/": "vendor/codeigniter4/framework/system/"}


@dataclass(frozen=True)
class Damage:
    """`path`: what was damaged; `lines`: where; `paths`: others as right; `names`: words of a message that lead there."""

    path: str
    undo: Callable[[], object]
    lines: tuple[int, ...] = ()
    paths: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What a page answered while all was damaged, and what was written about it. `said` is (path, line) as the message names it."""

    status: int
    body: bytes
    text: str
    said: tuple[str, int] | None

    @property
    def fails(self) -> bool:
        return self.status >= 400 or self.status == 0 or (self.status == 200 and bool(not self.body.strip() or _ENDS.search(self.body)))


def loaded(scene: Scene, page: str = "/") -> list[str]:
    """The files that PHP loads for the page, the first one first."""
    start, noted = scene.path(scene.at("index.php")), scene.path(_NOTED)
    source, facts = start.read_bytes(), start.stat()
    note = f"register_shutdown_function(function () {{ file_put_contents('{noted}', implode(\"\\n\", get_included_files())); }});"
    try:
        start.write_bytes(source.replace(b"<?php", f"<?php {note}".encode(), 1))
        scene.place.get(page)
        found = noted.read_text().splitlines()
    finally:
        _put_back(start, source, facts)
        noted.unlink(missing_ok=True)
    inside = [os.path.relpath(name, scene.place.home) for name in found]
    return [name for name in inside if not name.startswith("..")]


def _put_back(path: Path, content: bytes, facts: os.stat_result) -> None:
    path.chmod(0o644)
    path.write_bytes(content)
    os.chown(path, facts.st_uid, facts.st_gid)
    path.chmod(facts.st_mode & 0o7777)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def changed(scene: Scene, name: str, content: bytes) -> Callable[[], None]:
    """Writes this in the place of what was there; what is returned takes it back."""
    path = scene.path(name)
    before, facts = path.read_bytes(), path.stat()
    _put_back(path, content, facts)
    if not scene.breaks_now:
        scene.age(name, scene.rng.uniform(2, 40) / 1440)
    else:
        os.utime(path)
    return lambda: _put_back(path, before, facts)


def lost(scene: Scene, name: str) -> Callable[[], None]:
    path = scene.path(name)
    before, facts = path.read_bytes(), path.stat()
    path.unlink()
    return lambda: _put_back_new(path, before, facts)


def _put_back_new(path: Path, content: bytes, facts: os.stat_result) -> None:
    path.touch()
    _put_back(path, content, facts)


def shut(scene: Scene, name: str, mode: int, *, by_another: bool) -> Callable[[], None]:
    path = scene.path(name)
    facts = path.stat()
    if by_another:
        os.chown(path, 0, 0)
    path.chmod(mode)

    def undo() -> None:
        os.chown(path, facts.st_uid, facts.st_gid)
        path.chmod(facts.st_mode & 0o7777)

    return undo


def renamed(scene: Scene, name: str, new: str) -> Callable[[], None]:
    os.rename(scene.path(name), scene.path(new))
    return lambda: os.rename(scene.path(new), scene.path(name))


class Watch:
    """All that is written into files while a page fails; `forget` makes them as they were."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.before = self._sizes()

    def _sizes(self) -> dict[Path, int]:
        tops = (self.scene.place.home, self.scene.place.hidden)
        found = [Path(folder) / name for top in tops for folder, _, names in os.walk(top) for name in names if "log" in folder + name]
        return {path: path.lstat().st_size for path in found}

    def seen(self, page: str) -> Seen:
        """Asks for the page."""
        status, body = self.scene.place.get(page)
        text = ""
        for path, size in self._sizes().items():
            if size > self.before.get(path, 0):
                with path.open("rb") as file:
                    file.seek(self.before.get(path, 0))
                    text += file.read(200_000).decode("utf-8", "replace") + "\n"
        if self.scene.place.setup.shows_errors:
            text += re.sub(r"<[^>]*>", "", body.decode("utf-8", "replace"))
        return Seen(status, body, text, self._said(text))

    def _said(self, text: str) -> tuple[str, int] | None:
        """The first place that a fatal message names, without the trace."""
        base = getattr(self.scene, "framework_base", None) or ""
        for short, folder in _SHORT.items():
            text = text.replace(short, f"{self.scene.place.home}/{base}{folder}")
        text = text.replace("[ROOT]", str(self.scene.place.docroot))
        fatal = _FATAL.search(text)
        for start in (fatal.start() if fatal else 0, 0):
            for match in _PLACE.finditer(text, start):
                name = os.path.relpath(match[1], self.scene.place.home)
                if not name.startswith("..") and not name.endswith(("log", "_log")):
                    return name, int(next(filter(None, match.groups()[1:])))
        return None

    def forget(self) -> None:
        for path, size in self._sizes().items():
            if path not in self.before:
                path.unlink()
            elif size > self.before[path]:
                os.truncate(path, self.before[path])
