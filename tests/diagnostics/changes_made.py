"""A site whose files lie in a folder of this machine, with changes made there by the product itself."""

from __future__ import annotations

import os
from pathlib import Path

from django.utils import timezone

from diagnostics import steps
from diagnostics.changes import journal
from diagnostics.changes.executor import Executor
from diagnostics.connections import connecting
from diagnostics.connections.locking import held
from diagnostics.models import RepairCase, Step
from diagnostics.repairs.plan import Change, Plan, RenameFile, WriteFile
from sites.models import Host, Site, Team

OLD = 1_600_000_000.0
WROTE = b"one\ntwo\nRewriteEngine On\nfour\nfive\n"
BEFORE = WROTE.replace(b"RewriteEngine", b"RewritEngine")


def site_in(folder: Path, settings: object) -> Site:
    """Registered on a local connection that may use the folder."""
    settings.SITEMEND_LOCAL_ROOTS = (folder,)  # type: ignore[attr-defined]
    team = Team.objects.create(name="t")
    host = Host.objects.create(team=team, name="h", protocol="local", state="works")
    return Site.objects.create(team=team, name="shop", url="http://shop.example/", host=host, docroot=str(folder))


def put(path: Path, content: bytes, mode: int = 0o604) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    os.utime(path, (OLD, OLD))
    return path


def rewrite(path: Path, after: bytes = WROTE) -> WriteFile:
    return WriteFile(str(path), path.name, path.read_bytes(), after, path.stat().st_mode & 0o777)


def renaming(path: Path, target: Path) -> RenameFile:
    return RenameFile(str(path), path.name, str(target), target.name, journal.sha256(path.read_bytes()))


def new_step(site: Site, title: str = "Correct line 3") -> Step:
    case = RepairCase.objects.filter(site=site, closed_at=None).first()
    case = case or RepairCase.objects.create(site=site, opened_at=timezone.now())
    values = {"guide_step": "htaccess", "action": "repair", "title": title, "state": "queued", "created_at": timezone.now()}
    return Step.objects.create(case=case, **values)


def applied(site: Site, *changes: Change, title: str = "Correct line 3") -> Step:
    """A step that made these changes and stands."""
    step = new_step(site, title)
    with held(site.host) as lock, Executor(lambda: connecting.writer_for(site.host), lock) as executor:
        steps.claim(step)
        executor.apply(step, Plan("r", "c", title, "w", changes))
        return steps.conclude(step, Step.State.DONE_VERIFIED, "Every page answers as expected again.")


def tree(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file with content, mode and time."""
    found = {}
    for path in sorted(folder.rglob("*"), key=str):
        stat = path.lstat()
        if path.is_file():
            found[str(path.relative_to(folder))] = (path.read_bytes(), stat.st_mode, int(stat.st_mtime))
    return found
