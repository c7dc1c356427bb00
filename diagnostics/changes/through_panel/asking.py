"""How something is asked for at a panel: written down first, together with what the panel told of until then, so that it is found again."""

from __future__ import annotations

from collections.abc import Callable

from diagnostics.models import PanelChange
from diagnostics.panels import connecting
from diagnostics.panels.base import PanelError, PanelTask
from diagnostics.panels.ovhcloud import OvhCloud

from . import noting

Phase = PanelChange.Phase
_KNOWN = "known_tasks"  # in a change's notes: those of this kind that were there before it was asked for


def write_down(change: PanelChange, panel: OvhCloud, phase: Phase, function: str) -> None:
    """What is asked for next, and which tasks of its kind are not it."""
    noting.write_down(change, phase, **{_KNOWN: sorted(panel.task_numbers(function))})


def ask(change: PanelChange, what: str, call: Callable[[], PanelTask], phase: Phase, words: str) -> None:
    """Asks for what is written down. Raises PanelError, also where nobody heard the answer."""
    with connecting.asking(change.step.case.site.host, what):
        task = call()
    noting.asked(change, phase, task, words)


def found_again(change: PanelChange, panel: OvhCloud, function: str, about: str = "") -> PanelTask | None:
    """The task of what was asked for and whose answer nobody heard; None where the panel tells of none."""
    for number in sorted(panel.task_numbers(function) - set(change.notes.get(_KNOWN, ())), reverse=True):
        task = panel.task(number)
        if not about or task.about in ("", about):
            return task
    return None


def is_a_no(error: PanelError) -> bool:
    """Whether what was asked for is certainly not being done."""
    return error.is_a_no or error.code == "conflict"
