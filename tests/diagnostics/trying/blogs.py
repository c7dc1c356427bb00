"""A real WordPress with eleven plugins, on a place of the lab, reached over one transport."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from random import Random
from typing import Any

from diagnostics import repairing
from diagnostics.models import RepairCase, Step
from sites.probing_now import probe_now
from tests.lab.running import _forget, _register
from tests.lab.scene import Scene
from tests.lab.selecting import prepared
from tests.lab.sites import wordpress_site
from tests.lab.stack import Stack

NAMES = ("album", "basket", "calendar", "drawer", "events", "flyer", "gallery", "hours", "invoice", "jobs", "wordfence")
SILENT = "if (!defined('WP_INSTALLING')) { http_response_code(500); exit; }"  # no line in any log


class Blog:
    """A WordPress with eleven active plugins, reached over one transport."""

    def __init__(self, stack: Stack, transport: str = "ssh") -> None:
        self.scene = Scene(stack.places["own-log"], stack.databases, Random(5))
        self.scene.clear()
        wordpress_site.describe(self.scene).plugins = list(NAMES)
        wordpress_site.fill(self.scene)
        self.site = _register(stack, self.scene, transport)

    def breaks(self, *slugs: str) -> None:
        for slug in slugs:
            name = self.scene.at(f"wp-content/plugins/{slug}/{slug}.php")
            self.scene.keep(name, self.scene.read(name) + f"\n{SILENT}\n".encode())

    def tree(self) -> dict[str, Any]:
        home = self.scene.path(self.scene.www)
        found = {}
        for path in sorted(home.rglob("*")):
            stat = path.lstat()
            found[str(path.relative_to(home))] = (stat.st_mode, stat.st_uid, path.is_file() and (path.read_bytes(), int(stat.st_mtime)))
        return found

    def case(self) -> RepairCase:
        probe_now(self.site)
        case = repairing.open_case(self.site)
        assert repairing.run_step(repairing.look(case, "read-log", None).pk).state == "done"
        return RepairCase.objects.select_related("site__host", "diagnosis").get(pk=case.pk)

    def tried(self, kind: str) -> Step:
        before = self.tree()
        step = repairing.run_step(repairing.start(self.case(), guide_step="x", action="trial", repair_id=kind).pk)
        assert step.state == "done", step.message
        assert self.tree() == before
        return step


@contextlib.contextmanager
def blog_on(stack: Stack, transport: str = "ssh") -> Iterator[Blog]:
    """Until the block ends."""
    with prepared():
        made = Blog(stack, transport)
        try:
            yield made
        finally:
            made.scene.close()
            _forget()
