"""Plans the kills from a seed, and carries them out on several accounts side by side."""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import connections

from config.celery import app as _tasks_are_sent_by  # noqa: F401 - as the product's own processes send them
from diagnostics.models import Step
from tests.config.running import Up
from tests.kills.bakery import TRANSPORTS, bakery_on
from tests.kills.judging import judged
from tests.kills.kinds import KINDS, Kind
from tests.kills.lane import Lane, is_settled, seeded
from tests.kills.moments import Moment, lasting, phases_of, standing
from tests.kills.targets import OF_ALL, OF_ONE, Killer


@dataclass(frozen=True)
class Wanted:
    """One kill. `number` names its random numbers."""

    number: int
    kind: Kind
    target: str
    moment: Moment


def planned(kills: int, seed: str) -> list[Wanted]:
    """Kinds, phases and targets in equal parts, mixed anew. Of 16 kills three are of processes that serve all sites: they take longest."""
    rng = seeded(seed)
    by_kind = {kind: itertools.cycle(rng.sample(phases_of(kind), len(phases_of(kind)))) for kind in KINDS}
    kinds = [kind for _round in range(-(-kills // len(KINDS))) for kind in rng.sample(KINDS, len(KINDS))][:kills]
    of_all, of_one = itertools.cycle((*OF_ALL, "")), itertools.cycle(OF_ONE)
    made = []
    for number, kind in enumerate(kinds):
        target = (next(of_all) if number % 4 == 3 else "") or next(of_one)
        phase, change = next(by_kind[kind])
        if target in ("connection", "worker's process") and phase in ("asked", "ended"):
            phase, change = ("reading", 0) if phase == "asked" else ("made", kind.changes)  # before and after, there is neither
        made.append(Wanted(number, kind, target, Moment(phase, change, rng.uniform(0, lasting(phase)))))
    return made


class Rounds:
    """`failed` counts the kills after which something was wrong, and what could not be carried out."""

    def __init__(self, up: Up, folder: Path, kills: int, seed: str, rested_s: float) -> None:
        self.up, self.folder, self.seed = up, folder, seed
        self.killer = Killer(up, rested_s=rested_s)
        self.failed = 0
        self._waiting = planned(kills, seed)
        self._lock = threading.Lock()

    def run(self) -> None:
        with contextlib.ExitStack() as stack:
            lanes = [Lane(stack.enter_context(bakery_on(transport, self.folder)), self.up.port) for transport in TRANSPORTS]
            threads = [threading.Thread(target=self._work, args=(lane,)) for lane in lanes]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _work(self, lane: Lane) -> None:
        try:
            lane.register()
            while wanted := self._next():
                if not isinstance(wanted, Wanted):
                    time.sleep(0.5)
                    continue
                self._tell(self._killed(lane, wanted))
        except Exception:  # noqa: BLE001 - whatever it was ends this account's work, is told, and fails the run
            self.failed += 1
            traceback.print_exc()
        finally:
            connections.close_all()

    def _next(self) -> Wanted | bool:
        """The first that may be made now; True: later, False: all are made."""
        with self._lock:
            for wanted in self._waiting:
                if self.killer.may(wanted.target):
                    self._waiting.remove(wanted)
                    return wanted
            return bool(self._waiting)

    def _tell(self, row: dict[str, object]) -> None:
        with self._lock:
            self.failed += bool(row["wrong"])
            print(json.dumps(row), flush=True)

    def _killed(self, lane: Lane, wanted: Wanted) -> dict[str, object]:
        """Again, and earlier, where what was to be killed had ended by then, as a connection has when its work is done."""
        row = self._interrupted(lane, wanted)
        for _attempt in range(4):
            if row["killed"] or row["wrong"]:
                break
            wanted = replace(wanted, moment=Moment("reading", 0, 0.0))
            row = self._interrupted(lane, wanted)
        return row if row["killed"] else {**row, "wrong": [*row["wrong"], "nothing was killed"]}

    def _interrupted(self, lane: Lane, wanted: Wanted) -> dict[str, object]:
        """One repair, killed once."""
        kind, began = wanted.kind, time.monotonic()
        lane.break_for(kind)
        broken = lane.bakery.tree()
        step = self._applied(lane, kind) if kind.is_undo else None
        if kind.is_undo and (step is None or step.state != Step.State.DONE_VERIFIED):
            return self._row(
                lane, wanted, began, killed=False, wrong=["before the undo: " + (f"{step.state} {step.message}" if step else "nothing")]
            )
        before = lane.bakery.tree()
        newest = Step.objects.filter(case=lane.case).order_by("-pk").values_list("pk", flat=True).first() or 0

        begun: list[int] = [step.pk] if step else []

        def found() -> int | None:
            if not begun:
                begun.extend(self._begun(lane, newest))
            return begun[0] if begun else None

        clicking = threading.Thread(target=self._click, args=(lane, wanted, step, found))
        clicking.start()
        wanted.moment.wait(lambda: standing(found(), kind), kind)
        rng = seeded(self.seed, wanted.number)
        login_s = 0.7 if wanted.moment.after else 0.0
        login_s /= 5 if kind.is_undo else 1  # nothing but what was changed is looked at
        killed = self.killer.kill(wanted.target, lane.host, lane.bakery, rng, lambda: bool(found()) and is_settled(found()), login_s)
        left = standing(found(), kind).words
        clicking.join()
        settled = lane.settle(found())
        ended = Step.objects.filter(pk=found()).first() if found() else None
        if ended is None and not wanted.target.startswith("web"):
            return self._row(lane, wanted, began, killed=bool(killed), wrong=[f"it could not be begun: {lane.page('read-log')[:600]}"])
        outcome = judged(lane, kind, ended, before, broken)
        told = {"killed": bool(killed), "left": left, "which": outcome.which, "state": outcome.state, "message": outcome.message}
        return self._row(lane, wanted, began, wrong=[*([] if settled else ["it does not come to an end"]), *outcome.wrong], **told)

    def _begun(self, lane: Lane, newest: int) -> list[int]:
        """The step that was stored since the click."""
        return list(Step.objects.filter(case=lane.case, pk__gt=newest).order_by("pk").values_list("pk", flat=True)[:1])

    def _row(self, lane: Lane, wanted: Wanted, began: float, **told: object) -> dict[str, object]:
        named = {"number": wanted.number, "transport": lane.bakery.transport, "kind": wanted.kind.name, "target": wanted.target}
        return {**named, "moment": wanted.moment.words, **told, "seconds": round(time.monotonic() - began, 1)}

    def _click(self, lane: Lane, wanted: Wanted, step: Step | None, found: Callable[[], int | None]) -> None:
        """Once, as a person does; again where the web process was killed for another site's sake, not for this very click."""
        try:
            lost = wanted.target.startswith("web") and wanted.moment.phase == "asked"
            for _attempt in range(30):
                if (lane.click_undo(step) if step else lane.click(wanted.kind)) or lost:
                    return
                if found() if step is None else standing(step.pk, wanted.kind).state != "done-verified":
                    return
                time.sleep(0.5)
        finally:
            connections.close_all()

    def _applied(self, lane: Lane, kind: Kind) -> Step | None:
        """What is then undone: made in peace, as far as the others' kills let it."""
        newest = None
        for _attempt in range(4):
            plain = Kind(kind.name, kind.fault, kind.repair, kind.changes)
            lane.click(plain)
            newest = Step.objects.filter(case=lane.case, action="repair").order_by("-pk").first()
            if newest is None:
                time.sleep(1)
                continue
            lane.settle(newest.pk)
            newest.refresh_from_db()
            if newest.state == Step.State.DONE_VERIFIED:
                break
            lane.break_for(kind)
        return newest
