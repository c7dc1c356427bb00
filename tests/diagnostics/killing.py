"""Kills the product with SIGKILL at one step after another: `python -m tests.diagnostics.killing`, with a `Job` as JSON on stdin.

Each attempt is a process of its own, forked from one that has everything loaded. It is watched from outside by a profile hook
that counts what leaves the process: statements that change the database, calls that change files, bytes on a socket. After the chosen
one it kills itself as a kernel would. Then a fresh process recovers, and the files are compared to the byte. What led to the state
in which a worker is killed is carried out once; database and files are put back to it before each attempt. Where a kill left exactly
what an earlier one left (most of what is sent only looks), the recovery from there is known already.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import itertools
import json
import math
import os
import re
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.diagnostics.killed_files import LARGE, OLD, Files, Kept

STEPS = frozenset(
    ("execute", "commit", "rename", "replace", "link", "unlink", "remove", "chmod", "fchmod", "chown", "fchown", "utime")
    + ("write", "fsync", "send", "sendall", "open", "mkdir", "rmdir", "symlink", "truncate", "ftruncate")
)  # fmt: skip
IN_MEMORY = (str, bytes, bytearray, io.BytesIO, io.StringIO, set, list, deque, datetime)  # have methods of such names too: nothing leaves


def forked(work: Callable[[], None]) -> int:
    """Runs in a process of its own; the signal that ended it, or 0. Raises when it failed by itself."""
    from django.db import connections

    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            work()
            connections.close_all()
            os._exit(0)
        except BaseException:  # noqa: BLE001 (whatever it was is told, and ends this process alone)
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    _pid, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    if os.WEXITSTATUS(status):
        raise RuntimeError("the attempt failed by itself")
    return 0


def leaves(frame: Any, called: Any) -> bool:
    """Whether a call changes anything outside of this process."""
    return not isinstance(getattr(called, "__self__", None), IN_MEMORY) and not str(frame.f_locals.get("query", "")).startswith("SELECT")


def watched(work: Callable[[], None], kill_after: int, told: int | None = None) -> Callable[[], None]:
    """The work, killed after its step number `kill_after`. `told`: a pipe that gets the number of all steps at the end."""
    count = itertools.count(1)
    reached = [0]

    def watch(frame: Any, event: str, called: Any) -> None:
        if event == "c_return" and called.__name__ in STEPS and leaves(frame, called):
            reached[0] = next(count)
            if reached[0] == kill_after:
                os.kill(os.getpid(), signal.SIGKILL)

    def run() -> None:
        sys.setprofile(watch)
        try:
            work()
        finally:
            sys.setprofile(None)
        if told is not None:
            os.write(told, str(reached[0]).encode())

    return run


class Killer:
    """One host, one site, and the three roads on which a worker can be killed."""

    def __init__(self, job: dict[str, Any]) -> None:
        from sites.credentials import set_host_secrets
        from sites.models import Host, Site, Team

        self.files = Files(job["real"], job["uid"], job["gid"])
        self.is_served = job["host"]["protocol"] != "local"
        self.docroot = job["docroot"]
        self.links = job["links"]
        team = Team.objects.create(name="t")
        host = Host(team=team, name="h", **job["host"])
        set_host_secrets(host, **job["secrets"])
        host.save()
        Site.objects.create(team=team, name="shop", url="http://shop.example/", host=host, docroot=self.docroot)
        self.after: dict[str, tuple[Any, ...]] = {}
        self.known: dict[str, tuple[str, str]] = {}  # by what a kill left: the state of the step after its recovery, and what is wrong

    def warm_up(self) -> None:
        """What a worker loads on its way is loaded here, so that no attempt must do it again."""
        self.prepare("apply")
        with tempfile.NamedTemporaryFile("r") as told:

            def run() -> None:
                self.apply()
                Path(told.name).write_text("\n".join(sys.modules))

            forked(run)
            for name in told.read().splitlines():
                with contextlib.suppress(ImportError):
                    importlib.import_module(name)
        self.until_sessions_end()

    # --- the roads: what is prepared, and what is killed ---
    def prepare(self, road: str) -> None:
        from django.utils import timezone

        from diagnostics.models import HostLock, RepairCase, Step
        from sites.models import Site

        RepairCase.objects.all().delete()
        HostLock.objects.update(lease_until=None)
        self.files.prepare()
        case = RepairCase.objects.create(site=Site.objects.get(), opened_at=timezone.now())
        Step.objects.create(case=case, guide_step="htaccess", action="repair", title="x", state="queued", created_at=timezone.now())
        self.before = self.files.tree()
        if road != "apply":
            forked(lambda: self.apply(whole=road == "undo"))
            self.after = self.files.without_times()
            HostLock.objects.update(lease_until=None)
        self.kept, self.known = Kept(self.files), {}

    def apply(self, *, whole: bool = True) -> None:
        from diagnostics import steps
        from diagnostics.changes.executor import Executor
        from diagnostics.connections import connecting
        from diagnostics.connections.locking import held
        from diagnostics.models import Step

        step = Step.objects.select_related("case__site__host").get()
        host = step.case.site.host
        with held(host) as lock, Executor(lambda: connecting.writer_for(host), lock) as executor:
            steps.claim(step)
            executor.apply(step, self.plan())
            steps.verifying(step)
            if whole:
                steps.conclude(step, Step.State.DONE_VERIFIED, "Every page answers as expected again.")

    def undo(self) -> None:
        from diagnostics.changes import undoing
        from diagnostics.models import Step

        undoing.undo(Step.objects.get())

    def recover(self) -> None:
        from diagnostics.changes import recovering

        recovering.recover()

    def plan(self) -> Any:
        from diagnostics.changes.journal import sha256
        from diagnostics.repairs.plan import (
            Change,
            ChangeMode,
            CreateFile,
            CreateFolder,
            LeadLink,
            Plan,
            RemoveFile,
            RenameFile,
            RenameFolder,
            RenameLink,
            WriteFile,
        )

        def at(name: str) -> str:
            return f"{self.docroot}/{name}"

        changes = (
            WriteFile(at(".htaccess"), ".htaccess", LARGE, LARGE.replace(b"RewritEngine", b"RewriteEngine"), 0o604),
            ChangeMode(at("page.php"), "page.php", "file", 0o666, 0o604),
            RenameFile(at("a b'.txt"), "a b'.txt", at("a b'.txt.old"), "a b'.txt.old", sha256(b"old name")),
            CreateFile(at("inner/new.txt"), "inner/new.txt", b"new\n", 0o644, float(OLD)),
            RemoveFile(at("inner/gone.txt"), "inner/gone.txt", b"to be removed\n", 0o600),
            RenameFolder(at("plugin"), "plugin", at("plugin.off"), "plugin.off"),
            CreateFolder(at("made"), "made", 0o755),
            CreateFolder(at("made/below"), "made/below", 0o750),
        )
        of_links: dict[str, tuple[Change, ...]] = {
            "lead": (LeadLink(at("current"), "current", "../releases/gone", "../releases/new one"),),
            "rename": (
                RenameLink(at("start.html"), "start.html", at("start.html.off"), "start.html.off", "start.html"),
                CreateFile(at("start.html"), "start.html", b"<h1>", 0o644, float(OLD)),
            ),
        }
        return Plan("r", "c", "t", "w", (*changes, *(change for each in self.links for change in of_links[each])))

    # --- one attempt ---
    def steps_of(self, road: str) -> int:
        self.prepare(road)
        ours, theirs = os.pipe()
        forked(watched(getattr(self, road), 0, theirs))
        self.until_sessions_end()
        if road == "apply":
            self.after = self.files.without_times()
        os.close(theirs)
        with os.fdopen(ours) as told:
            return int(told.read())

    def attempt(self, road: str, kill_after: int) -> dict[str, Any]:
        """Killed there, recovered by a fresh process: what is wrong then, and how far it had come."""
        from diagnostics.models import Step

        self.kept.put_back()
        killed = forked(watched(getattr(self, road), kill_after)) == signal.SIGKILL
        self.until_sessions_end()
        left, standing = Step.objects.get().state, self.standing()
        new = standing not in self.known
        if new:
            self.known[standing] = self.recovered()
        state, wrong = self.known[standing]
        return {"road": road, "step": kill_after, "killed": killed, "left": left, "state": state, "wrong": wrong, "recovered": new}

    def standing(self) -> str:
        """Everything by which a recovery can tell one state from another: the files, and the database without its times."""
        from django.apps import apps

        from diagnostics.models import HostLock, JournalEntry, Step

        step = Step.objects.get()
        rows = [
            (step.state, step.message, step.result, step.undone_by_id, bool(step.finished_at), bool(step.undone_at)),
            *((each.position, each.change, each.state, each.note, bool(each.applied_at)) for each in JournalEntry.objects.order_by("pk")),
            *(bool(lock.lease_until) for lock in HostLock.objects.all()),
            *((model.__name__, model._default_manager.count()) for model in apps.get_models()),
        ]
        tree = [
            (re.sub(r"\.sitemend-[0-9a-f]+", ".sitemend-", name), content, mode, at if at < OLD + 100 else "now", *owner)
            for name, (content, mode, at, *owner) in self.files.tree().items()
        ]
        return hashlib.sha256(repr((rows, sorted(tree))).encode()).hexdigest()

    def recovered(self) -> tuple[str, str]:
        """By a fresh process: the state of the step then, and what is wrong."""
        from diagnostics.models import HostLock, JournalEntry, Step

        HostLock.objects.update(lease_until=None)
        forked(self.recover)
        step = Step.objects.get()
        entries = set(JournalEntry.objects.values_list("state", flat=True))
        now = self.files.tree()
        if step.state == "done-verified":
            wrong = "" if self.files.without_times() == self.after and entries == {"applied"} else "not complete"
        elif step.state in ("queued", "taken-back", "undone"):
            wrong = "" if now == self.before and entries <= {"taken-back"} else f"not as before: {difference(self.before, now)}"
        else:
            wrong = f"in between: {step.state} {step.message}"
        return step.state, wrong

    def until_sessions_end(self) -> None:
        """What the dead had sent is still carried out by the host: it ends with the connection."""
        if not self.is_served:
            return
        if self.files.uid == os.getuid():
            time.sleep(0.2)
            return
        deadline = time.monotonic() + 10
        while any(_works_for(self.files.uid, entry) for entry in Path("/proc").iterdir()):
            assert time.monotonic() < deadline, "a session of the host does not end"
            time.sleep(0.005)


def _works_for(uid: int, entry: Path) -> bool:
    """Whether this is a process of that account that can still do anything: who waits to be buried cannot."""
    try:
        return entry.name.isdigit() and entry.stat().st_uid == uid and (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def difference(before: dict[str, tuple[Any, ...]], now: dict[str, tuple[Any, ...]]) -> str:
    names = [name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]
    return "; ".join(f"{name}: {_short(before.get(name))} / {_short(now.get(name))}" for name in names)


def _short(row: tuple[Any, ...] | None) -> str:
    return "nothing" if row is None else f"{len(row[0])} bytes {row[0][:20]!r} {row[1]:o} {row[2:]}"


def chosen(total: int, wanted: Iterable[float] | None) -> list[int]:
    return list(range(1, total + 1)) if wanted is None else [math.ceil(total * share) for share in wanted]


def main() -> None:
    import django

    django.setup()
    job = json.load(sys.stdin)
    killer = Killer(job)
    killer.warm_up()
    for road, wanted in job["roads"].items():
        total = killer.steps_of(road)
        for number in chosen(total, wanted):
            print(json.dumps({**killer.attempt(road, number), "of": total}), flush=True)


if __name__ == "__main__":
    main()
