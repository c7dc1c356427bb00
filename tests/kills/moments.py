"""When is killed: at a moment of a repair that is chosen beforehand, from the click to after its end, and what was the case then."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from diagnostics.models import JournalEntry, Step
from tests.kills.kinds import Kind

_PATIENCE_S = 45.0
# So much time a phase takes about: the kill comes at a random moment of it.
_LASTS_S = {"asked": 0.06, "reading": 1.0, "recorded": 0.01, "made": 0.02, "verifying": 3.5, "ended": 0.3}
ENDED = tuple(state for state in Step.State.values if state not in ("planned", "queued", "applying", "verifying"))


@dataclass(frozen=True)
class Standing:
    """How far a repair has come. `count`: changes recorded so far; `turned`: those made, or of an undo those taken back."""

    state: str = ""
    count: int = 0
    turned: int = 0

    @property
    def words(self) -> str:
        if not self.state:
            return "nothing stored"
        return f"{self.state}, {self.turned} of {self.count}" if self.count else self.state


def standing(step_id: int | None, kind: Kind) -> Standing:
    """As it stands in the database now."""
    row = Step.objects.filter(pk=step_id).values_list("state", "result").first() if step_id else None
    if row is None:
        return Standing()
    states = Counter(JournalEntry.objects.filter(step=step_id).order_by().values_list("state", flat=True))
    turned = states["taken-back"] if kind.is_undo else states.total() - states["recorded"]
    asked = kind.is_undo and row[0] in Step.APPLIED
    return Standing("undo asked" if asked and "undo_asked" in row[1] else row[0], states.total(), turned)


@dataclass(frozen=True)
class Moment:
    """`after`: so many seconds after the phase has begun; `change`: its number, of the phases in which changes are made."""

    phase: str
    change: int
    after: float

    @property
    def words(self) -> str:
        return f"{self.phase} {self.change}" if self.change else self.phase

    def wait(self, look: Callable[[], Standing], kind: Kind) -> None:
        """Until it has come, or can come no more."""
        until = time.monotonic() + _PATIENCE_S
        while self.phase != "asked" and time.monotonic() < until:
            now = look()
            if self._has_come(now, kind) or _is_over(now, kind):
                break
            time.sleep(0.003 if now.state == "applying" and self.change else 0.02)
        time.sleep(self.after)

    def _has_come(self, now: Standing, kind: Kind) -> bool:
        if self.phase == "reading":
            return now.state == "applying"
        if self.phase == "recorded":
            return now.count >= self.change
        if self.phase == "made":
            return now.turned >= self.change
        if self.phase == "verifying":
            return now.state == "verifying"
        return False


def _is_over(now: Standing, kind: Kind) -> bool:
    return now.state in (("undone",) if kind.is_undo else ENDED)


def phases_of(kind: Kind) -> list[tuple[str, int]]:
    """Every phase of such a repair, each as likely as the others."""
    changes = range(1, kind.changes + 1)
    if kind.is_undo:
        return [("asked", 0), ("reading", 0), *(("made", number) for number in changes), ("ended", 0)]
    between = [(phase, number) for number in changes for phase in ("recorded", "made")]
    return [("asked", 0), ("reading", 0), *between, *([] if kind.is_trial else [("verifying", 0)] * 2), ("ended", 0)]


def lasting(phase: str) -> float:
    """In seconds, about."""
    return _LASTS_S[phase]
