"""What is stored of a change through a panel, before anything is asked for and after every look, and what a person is told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.connections.telling import clean
from diagnostics.models import PanelChange, Step
from diagnostics.panels.base import PanelError, PanelTask

from . import pace

Phase = PanelChange.Phase
_NOTHING_ASKED = (Phase.REFRESHING, Phase.SAVING, Phase.SAVE_ASKED)  # of what changes anything


def write_down(change: PanelChange, phase: Phase, task_id: int | None = None, **notes: Any) -> None:
    """On the disk before anything is asked for."""
    change.phase, change.task_id, change.recorded_at = phase, task_id, timezone.now()
    change.notes = {**change.notes, **notes}
    change.next_look_at = None if phase == Phase.BACK_MADE else change.recorded_at
    change.save(update_fields=["phase", "task_id", "recorded_at", "next_look_at", "why", "notes"])


def asked(change: PanelChange, phase: Phase, task: PanelTask, words: str) -> None:
    write_down(change, phase, task.id)
    say(change, words, pace.APART)


def say(change: PanelChange, words: str, after: timedelta) -> None:
    change.step.message, change.next_look_at = words, timezone.now() + after
    change.step.save(update_fields=["message"])
    change.save(update_fields=["next_look_at"])


def end(change: PanelChange, phase: Phase, state: str, words: str, **result: Any) -> None:
    with transaction.atomic():
        change.phase, change.next_look_at = phase, None
        change.save(update_fields=["phase", "next_look_at"])
        steps.conclude(change.step, state, words, **result)


def not_made(change: PanelChange, why: object, state: str = Step.State.FAILED) -> None:
    """Nothing was changed by it."""
    end(change, Phase.NOT_MADE, state, _("%(why)s Nothing was changed.") % {"why": why})


def needs_person(change: PanelChange, words: str = "") -> None:
    usual = {
        pace.Kind.PHP: _(
            "PHP is now configured in a way that nobody here asked for, or the host does not come to an end. Look into its panel."
        ),
        pace.Kind.DATABASE: _("The host does not come to an end with the database. Look into its panel, or ask its support."),
        pace.Kind.STORAGE: _("The host does not come to an end with the storage. Look into its panel, or ask its support."),
    }
    end(change, Phase(change.phase), Step.State.NEEDS_ATTENTION, words or usual.get(pace.Kind(change.kind), ""))


def is_over(change: PanelChange) -> bool:
    """Whether this phase has taken as long as it may."""
    return timezone.now() - change.recorded_at > pace.longest(change)


def too_long(change: PanelChange) -> None:
    """It ends here: with nothing changed, where nothing was asked for that changes anything."""
    if change.phase in _NOTHING_ASKED:
        not_made(change, _("The host does not come to an end with what it is doing."))
    else:
        needs_person(change)


def not_yet(change: PanelChange) -> None:
    if is_over(change):
        too_long(change)
    else:
        say(change, change.step.message, pace.between_looks(change, timezone.now() - change.recorded_at))


def cannot_ask(change: PanelChange, error: PanelError) -> None:
    """Before anything was asked for it ends here; afterwards it is tried until the panel answers, for it may have been carried out."""
    never_asked = change.phase == Phase.REFRESHING and (is_over(change) or not error.may_be_carried_out)
    said_no = (change.phase == Phase.SAVING and error.is_a_no) or (change.phase == Phase.RECORDED and error.code == "bad-request")
    if never_asked or said_no:
        not_made(change, error)
    elif is_over(change):
        too_long(change)
    else:
        say(change, clean(_("%(why)s It goes on as soon as the panel answers.") % {"why": error}), pace.AWAY_APART)


def is_taken(change: PanelChange) -> None:
    """The host is at it with something else, and has told so: what was asked for is not made."""
    if change.phase == Phase.RECORDED and change.kind == pace.Kind.PHP:
        write_down(change, Phase.REFRESHING)
    began = change.step.started_at or change.recorded_at
    if change.phase == Phase.REFRESHING and timezone.now() - began > pace.longest(change):
        not_made(change, _("The host has been doing something else with it for too long."))
    else:
        busy(change, pace.BUSY_APART)


def busy(change: PanelChange, apart: timedelta) -> None:
    if is_over(change):
        too_long(change)
    else:
        say(change, _("The host is doing something else with it. It goes on when that has ended."), apart)
