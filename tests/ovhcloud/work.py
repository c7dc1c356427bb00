"""The clock of the simulation, and the tasks that go on by it: todo, then doing, then done with its effect, then told of no more."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .schema import unknown_object, valid


@dataclass
class Clock:
    """Seconds that pass for tasks: by themselves, and by `forward`."""

    ahead: float = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def forward(self, seconds: float) -> None:
        self.ahead += seconds

    def moment(self, seconds_ago: float = 0.0) -> str:
        return datetime.fromtimestamp(self.now() - seconds_ago, UTC).isoformat()


@dataclass
class Task:
    """One thing that is done. `effect` happens in the moment of its end; `given_up` where it is cancelled."""

    id: int
    function: str
    about: str
    begun: float
    effect: Callable[[], None]
    given_up: Callable[[], None]
    status: str = "todo"
    ends: str = "done"  # or "cancelled", "vanished", "stuck"


@dataclass
class Work:
    """All tasks of a hosting. Times in seconds: waiting, in work, and told of after their end."""

    clock: Clock = field(default_factory=Clock)
    tasks: list[Task] = field(default_factory=list)
    ends: str = "done"  # of those that are begun from now on
    waits_s: float = 5.0
    works_s: float = 20.0
    told_s: float = 30.0
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1001, 9999)))

    def start(
        self, function: str, about: str = "", effect: Callable[[], None] = lambda: None, given_up: Callable[[], None] = lambda: None
    ) -> Task:
        task = Task(next(self.numbers), function, about, self.clock.now(), effect, given_up, ends=self.ends)
        self.tasks.append(task)
        return task

    def run(self) -> None:
        """Brings every task to where it is by the clock; what ends has its effect in that moment."""
        for task in list(self.tasks):
            age = self.clock.now() - task.begun
            if task.status == "todo" and age >= self.waits_s:
                task.status = "doing"
            if task.status == "doing" and age >= self.waits_s + self.works_s and task.ends != "stuck":
                task.status = "cancelled" if task.ends == "cancelled" else "done"
                (task.effect if task.status == "done" else task.given_up)()
            over = 0.0 if task.ends == "vanished" else self.told_s
            if task.status in ("done", "cancelled") and age >= self.waits_s + self.works_s + over:
                self.tasks.remove(task)

    def listed(self, status: str | None, function: str | None) -> list[int]:
        """Their numbers, in no order. `function`: a part of its word."""
        shuffled = sorted(self.tasks, key=lambda task: hashlib.sha1(str(task.id).encode()).digest())
        return [task.id for task in shuffled if status in (None, task.status) and (function or "") in task.function]

    def told(self, number: str) -> dict[str, Any]:
        task = next((each for each in self.tasks if str(each.id) == number), None)
        if task is None:
            raise unknown_object("id")
        return self.as_told(task)

    def as_told(self, task: Task) -> dict[str, Any]:
        begun = datetime.fromtimestamp(task.begun, UTC).isoformat()
        found = {"id": task.id, "function": task.function, "status": task.status, "objectType": None, "objectId": task.about or None,
                 "startDate": begun, "lastUpdate": self.clock.moment(), "doneDate": None}  # fmt: skip
        return valid("task", found)
