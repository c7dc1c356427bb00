"""What became of a repair that was interrupted: either all is as before, or the site is well; and the page says which of the two."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.changes import journal
from diagnostics.models import JournalEntry, Step
from tests.kills.bakery import Tree
from tests.kills.kinds import Kind
from tests.kills.lane import Lane

AS_BEFORE = ("taken-back", "failed", "stale", "done")
WORDS = {
    "taken-back": "Taken back",
    "failed": "Could not be done: nothing was changed",
    "stale": "Stale: nothing was written",
    "done": "Everything was put back as it was.",
    "undone": "Undone",
    "done-verified": "Done, verified",
}


@dataclass(frozen=True)
class Outcome:
    """`which`: "as before", "cured", "undone" or "still applied"; `wrong`: what is not as it should be, nothing where all is."""

    which: str
    state: str
    message: str
    wrong: tuple[str, ...]


def judged(lane: Lane, kind: Kind, step: Step | None, before: Tree, broken: Tree) -> Outcome:
    """`before`: the files when the repair, or the undo, was asked for; `broken`: those without any repair."""
    now = lane.bakery.tree()
    state = step.state if step else ""
    wrong: list[str] = []
    if kind.is_undo and state == "undone":
        which, wrong = "undone", _differing(broken, now)
    elif kind.is_undo:
        which, wrong = "still applied", _differing(before, now)
    elif state == "done-verified":
        which, wrong = "cured", _not_as_planned(step, before, now)
    else:
        which, wrong = "as before", _differing(before, now)
    if which in ("cured", "still applied") and not lane.bakery.is_well():
        wrong.append("a page does not answer well")
    wrong += _journal(step, which)
    wrong += _page(lane, step, which)
    return Outcome(which, state, step.message if step else "", tuple(wrong))


def _differing(before: Tree, now: Tree) -> list[str]:
    names = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    return [f"{name}: {_short(before.get(name))} -> {_short(now.get(name))}" for name in names]


def _short(row: tuple[object, ...] | None) -> str:
    return "nothing" if row is None else f"{row[0]!r:.60} {row[1]:o} {row[2:]}"


def _not_as_planned(step: Step, before: Tree, now: Tree) -> list[str]:
    """Each change that the journal tells was made, and nothing else."""
    wrong: list[str] = []
    expected = dict(before)
    for entry in step.journal.order_by("position"):
        name = entry.shown
        if entry.change == "rename":
            target = _shown_target(entry)
            for each in [each for each in expected if each == name or each.startswith(f"{name}/")]:
                expected[target + each[len(name) :]] = expected.pop(each)
        elif entry.change == "mode":
            row = expected[name]
            expected[name] = (row[0], row[1] & ~0o7777 | int(entry.after_mode or 0), *row[2:])
        else:
            found = now.get(name)
            if found is None or journal.sha256(found[0]) != entry.after_sha256:
                wrong.append(f"{name} does not hold what was planned")
            elif name in before and found[1:4] != before[name][1:4]:
                wrong.append(f"{name} has another mode or owner")
            expected[name] = found or ()
    return wrong + _differing(expected, now)


def _shown_target(entry: JournalEntry) -> str:
    return f"{entry.shown.rpartition('/')[0]}/{entry.target.rpartition('/')[2]}"


def _journal(step: Step | None, which: str) -> list[str]:
    states = set(step.journal.values_list("state", flat=True)) if step else set()
    allowed = {"applied"} if which in ("cured", "still applied") else {"taken-back"}
    return [] if states <= allowed else [f"the journal says {sorted(states)} where the site is {which}"]


def _page(lane: Lane, step: Step | None, which: str) -> list[str]:
    text = lane.page(step.guide_step if step else "read-log")
    stands = which in ("cured", "still applied")
    lead = "One change was made. It can be undone." if stands else "Nothing is changed on the host."
    wanted = [lead, *([WORDS.get(step.state, "?")] if step else [])]
    if which == "as before" and step and step.state not in AS_BEFORE:
        return [f"it ended as {step.state}: {step.message}"]
    return [f"the page does not say {words!r}" for words in wanted if words not in text] + (
        ["the page says that work goes on"] if "Working on it." in text else []
    )
