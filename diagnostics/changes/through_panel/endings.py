"""How a change through a panel ends well, or begins to be taken back."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.changes import changing
from diagnostics.models import PanelChange, Step
from diagnostics.panels import stopping
from diagnostics.panels.base import PanelError
from diagnostics.panels.ovhcloud import OvhCloud
from sites import incident_endings, read_only

from . import noting
from .verifying import Outcome

Phase = PanelChange.Phase


def may_not_begin(change: PanelChange, panel: OvhCloud) -> bool:
    """Whether it ends before anything was asked for: by a choice of people here, or because the host has stopped the hosting."""
    why = read_only.words(change.step.case.site) or stopping.why(panel.service())
    if why:
        noting.not_made(change, why)
    return bool(why)


def made(change: PanelChange, **notes: object) -> None:
    """The host has carried it out; from now on it is looked at whether that helped."""
    with transaction.atomic():
        noting.write_down(change, Phase.MADE, **notes)
        steps.verifying(change.step)


def well(change: PanelChange, outcome: Outcome, **result: object) -> None:
    """The step stands before its incidents end: a crash in between must not leave them resolved by what is then taken back.

    Where luck is not ruled out they end when the probes say so.
    """
    if outcome.unproven:
        noting.end(change, Phase.MADE, Step.State.DONE_NOT_CURED, outcome.words, **{changing.UNPROVEN: True}, **result)
        return
    noting.end(change, Phase.MADE, Step.State.DONE_VERIFIED, outcome.words, **result)
    resolve(change.step)


def resolve(step: Step) -> None:
    for incident in step.case.site.incidents.filter(resolved_at=None):
        incident_endings.resolve_by_repair(incident, step.created_by)


def take_back(change: PanelChange, phase: Phase, why: str, **notes: object) -> None:
    change.why = why
    noting.write_down(change, phase, **notes)
    noting.say(change, _("%(why)s It is taken back.") % {"why": why}, timedelta(0))


def is_back(change: PanelChange, undone: str, taken_back: str) -> None:
    """All is as it was. `undone`: what a person who asked for it is told; `taken_back`: follows why it was."""
    step = change.step
    if step.result.get("undoing"):
        with transaction.atomic():
            noting.write_down(change, Phase.BACK_MADE)
            steps.conclude_undone(step, undone)
        step.case.site.pages.filter(due_at__gt=timezone.now()).update(due_at=timezone.now())
        return
    noting.end(change, Phase.BACK_MADE, Step.State.TAKEN_BACK, f"{change.why} {taken_back}")


def cannot_go_back(change: PanelChange, error: PanelError, words: str) -> None:
    """The host will not take it back: a person has to."""
    noting.needs_person(change, f"{error} {words}")
