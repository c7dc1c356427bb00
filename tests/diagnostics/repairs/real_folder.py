"""A real folder with a site in it, read by the product, changed by its executor, and compared whole."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.utils import timezone

from diagnostics import at_hand
from diagnostics.changes import undoing
from diagnostics.evidence import Evidence
from diagnostics.facts.gather import SitePaths, gather
from diagnostics.findings import Finding, Severity
from diagnostics.repairs import try_plan
from diagnostics.repairs.plan import Plan
from diagnostics.transports.local import LocalReader
from sites.models import Site
from tests.diagnostics.changes_made import OLD, applied, site_in
from tests.diagnostics.evidences import site as seen_site


def fill(home: Path, files: dict[str, bytes], modes: dict[str, int] | None = None) -> None:
    """Writes files, old ones, each below `home`; then the modes of some names."""
    for name, content in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o604)
        os.utime(path, (OLD, OLD))
    for name, mode in (modes or {}).items():
        (home / name).chmod(mode)


def tree(home: Path) -> dict[str, tuple[Any, ...]]:
    """Names, kinds, modes, contents and times of everything."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in sorted(home.rglob("*")):
        stat = path.lstat()
        content = (path.read_bytes(), int(stat.st_mtime)) if path.is_file() else ()
        found[str(path.relative_to(home))] = (stat.st_mode, stat.st_uid, *content)
    return found


def read(docroot: Path, *findings: Finding, page: str = "/") -> Evidence:
    """What a diagnosis reads of this folder, and what repairs of the findings would change."""
    reader = LocalReader((docroot.parent,))
    evidence = gather(reader, seen_site(500, page), SitePaths(str(docroot)), "apache-755", timezone.now())
    return replace(evidence, at_hand=at_hand.read(reader, evidence, findings))


def finding(cause: str, path: str, repair: str, line: int | None = None, check: str = "t", **data: str) -> Finding:
    return Finding(check, cause, Severity.CRITICAL, 0.97, "s", path=path, line=line, repairs=(repair,), data=tuple(data.items()))


def planned(docroot: Path, found: Finding, page: str = "/") -> Plan:
    """The plan of the finding's only repair, which can be made again just so. Raises AssertionError where there is none."""
    plan = try_plan(found.repairs[0], read(docroot, found, page=page), found)
    assert isinstance(plan, Plan), plan
    again = try_plan(found.repairs[0], read(docroot, found, page=page), found)
    assert isinstance(again, Plan) and again.digest() == plan.digest()
    return plan


def carried_out(site: Site, plan: Plan) -> Any:
    """The step, applied by the executor."""
    return applied(site, *plan.changes, title=plan.title[:200])


def undone(step: Any) -> None:
    undoing.undo(step)


def steady(docroot: Path, settings: object, plan: Plan) -> None:
    """Carried out, then undone: the folder is as it was."""
    before = tree(docroot.parent)
    site = site_in(docroot, settings)
    settings.SITEMEND_LOCAL_ROOTS = (docroot.parent,)  # type: ignore[attr-defined]
    step = carried_out(site, plan)
    assert tree(docroot.parent) != before
    undone(step)
    assert tree(docroot.parent) == before
