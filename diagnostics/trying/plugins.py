"""Which plugin of WordPress is to blame: halves of them are set aside by renaming, the site is looked at, and they are put back.

WordPress passes over a plugin whose file is not there (wp-includes/load.php, wp_get_active_and_valid_plugins); nothing is written to
its database. Only its own page of plugins strikes such a plugin off (validate_active_plugins), which is why people are told not to open it.
"""

from __future__ import annotations

import math
import posixpath
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from diagnostics.changes.changing import Seen
from diagnostics.changes.executor import Executor
from diagnostics.changes.journal import printable, sha256
from diagnostics.checks.common import failing_pages
from diagnostics.evidence import Evidence
from diagnostics.examining import Examination
from diagnostics.installed import Component, DatabaseTrial
from diagnostics.models import Step
from diagnostics.repairs.guards import guards
from diagnostics.repairs.plan import Change, Plan, RenameFile, RenameFolder
from diagnostics.trying.bench import Bench, OutOfTime
from diagnostics.trying.minimal import Search

ID = "bisect-plugins"
_STAGES = (("plugin",), ("mu-plugin", "drop-in"))


def parts_of(evidence: Evidence) -> tuple[Component, ...]:
    """What can be set aside of the WordPress that answers the failing pages: plugins first."""
    failing = {page.path for page in failing_pages(evidence.site)}
    found = [
        part
        for application in evidence.applications
        if application.name == "wordpress" and failing & set(application.serves)
        for part in application.components
        if part.kind in ("plugin", "mu-plugin", "drop-in") and not part.real and not guards(part) and _is_active(part, evidence)
    ]
    return tuple(sorted(found, key=lambda part: (part.kind not in _STAGES[0], part.path)))


def _is_active(part: Component, evidence: Evidence) -> bool:
    database = evidence.database
    if part.kind != "plugin" or not isinstance(database, DatabaseTrial) or database.plugins is None:
        return True
    return any(file == part.slug or file.startswith((f"{part.slug}/", f"{part.slug}.php")) for file in database.plugins)


def why_not(examination: Examination) -> str:
    """Why it is not offered; empty when it is."""
    evidence = examination.evidence
    if evidence.connection == "none":
        return _("There is no connection to the files of this site.")
    if not any(application.name == "wordpress" for application in evidence.applications):
        return _("No WordPress was found in the files of this site.")
    return "" if parts_of(evidence) else _("This WordPress has no plugin that may be set aside.")


def about(examination: Examination) -> int:
    """So many looks are expected."""
    return math.ceil(math.log2(max(len(parts_of(examination.evidence)), 1))) + 2


def run(bench: Bench, examination: Examination) -> Step:
    """Raises Ended, LockLost."""
    return _Run(bench, parts_of(examination.evidence)).run()


@dataclass(slots=True)
class _Run:
    bench: Bench
    parts: tuple[Component, ...]
    wanted: frozenset[str] = frozenset()
    best: frozenset[Component] = frozenset()
    best_seen: Seen | None = None
    is_over: bool = field(default=False)

    def run(self) -> Step:
        self.bench.about = math.ceil(math.log2(max(len(self.parts), 1))) + 2
        search = Search[Component](self._answers)
        try:
            for stage in (*_STAGES, tuple(kind for kinds in _STAGES for kind in kinds)):
                chosen = [part for part in self.parts if part.kind in stage]
                if chosen and search.is_well(frozenset(chosen)):
                    self.best = frozenset(search.minimal(chosen)) or self.best
                    break
            self.is_over = True
        except OutOfTime:
            pass  # what was found so far is told
        return self._tell()

    def _answers(self, out: frozenset[Component]) -> bool:
        seen = self.bench.without(plan_of(out, self.bench.executor))
        answered = self.bench.answered(seen)
        self.wanted = self.wanted or answered
        well = bool(self.wanted) and self.wanted <= answered
        if well and (not self.best or len(out) <= len(self.best)):
            self.best, self.best_seen = out, seen
        return well

    def _tell(self) -> Step:
        names = ", ".join(sorted(printable(part.named) for part in self.best))
        if not self.best:
            message = _("Without any of the %(count)d plugins that may be set aside, the site fails all the same.") % {
                "count": len(self.parts)
            }
        elif self.is_over:
            message = _("Found: with %(names)s the pages fail, without they answer.") % {"names": names}
        else:
            message = _("The search was ended before it was down to one. The fault is in one of these: %(names)s.") % {"names": names}
        rows = [
            {"kind": part.kind, "slug": printable(part.slug), "path": printable(part.path), "named": printable(part.named)}
            for part in sorted(self.best, key=lambda part: part.path)
        ]
        tried = {"looks": self.bench.looks, "parts": rows, "is_least": self.is_over}
        pages = list(self.best_seen.pages) if self.best_seen else []
        return self.bench.conclude(message, helped=bool(self.best), pages_after=pages, tried=tried)


def plan_of(out: Sequence[Component] | frozenset[Component], executor: Executor) -> Plan:
    """Each under another name in its own folder. No visitor can guess it: a file without .php at its end is shown as text."""
    token = secrets.token_hex(8)
    changes: list[Change] = []
    for part in sorted(out, key=lambda part: part.path):
        target, shown = f"{part.absolute}.set-aside-{token}", f"{part.path}.set-aside-{token}"
        if part.is_folder:
            changes.append(RenameFolder(part.absolute, part.path, target, shown))
        else:
            content = executor.content(part.absolute)
            changes.append(RenameFile(part.absolute, part.path, target, shown, sha256(content or b"")))
    names = ", ".join(posixpath.basename(part.path) for part in out)
    return Plan(ID, "", _("Set plugins aside for a moment"), names, tuple(changes))
