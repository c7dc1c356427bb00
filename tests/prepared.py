"""What many tests need alike and is costly to make: made once for all processes of a run, and copied from there."""

from __future__ import annotations

import atexit
import fcntl
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = "TESTS_PREPARED_FOLDER"


@functools.cache
def folder() -> Path:
    """Where it lies: named by the process that started the others, which also removes it; else of this process alone."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = tempfile.mkdtemp(prefix="sitemend-prepared-")
        atexit.register(shutil.rmtree, os.environ[VARIABLE], ignore_errors=True)
    return Path(os.environ[VARIABLE])


def once(name: str, make: Callable[[Path], None]) -> Path:
    """The file or folder of this name; the first who asks makes it, the others wait."""
    path, unfinished = folder() / name, folder() / f"{name}.unfinished"
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            make(unfinished)
            unfinished.rename(path)
    return path


def migrate(state_folder: Path, url: str = "") -> None:
    """Brings a new database up to date, in a process of its own. `url`: as DATABASE_URL, else SQLite in this state folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SITEMEND_")}
    environment |= {"SITEMEND_VAR_DIR": str(state_folder), "SITEMEND_ENV_FILE": os.devnull, "DATABASE_URL": url, "REDIS_URL": ""}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)


def database() -> Path:
    """An SQLite file with nothing in it but what the migrations make."""
    return once("migrated", migrate) / "db.sqlite3"


def installation(state_folder: Path) -> None:
    """A state folder whose database needs no migration any more, which takes seconds."""
    state_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy(database(), state_folder / "db.sqlite3")
