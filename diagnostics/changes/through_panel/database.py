"""A copy of a database is put back by its host. Before every such step what the database holds is copied, so that it can be taken back."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.models import PanelChange, Step
from diagnostics.panels import databases
from diagnostics.panels.base import DumpSeen, PanelError, TaskState
from diagnostics.panels.ovhcloud import OvhCloud

from . import asking, endings, noting, pace, saving, verifying
from .deeds import Deed, UndoRefused

Phase = PanelChange.Phase
FUNCTION = "database/restore"
SAVED, SAVED_AGAIN = "saved", "saved_again"  # in a change's notes: the copies of before, and of before it was taken back
_BACK = "asked_back"


def _name(change: PanelChange) -> str:
    return str(change.before["database"])


def _begin(change: PanelChange, panel: OvhCloud) -> None:
    """Nothing is asked for where the host or the database cannot bear it, or the copy is not what was shown."""
    if endings.may_not_begin(change, panel):
        return
    database, dump = panel.database(_name(change)), panel.dump(_name(change), change.after["dump"])
    if database.state == "close":
        noting.not_made(change, _("The host has closed this database."))
    elif dump is None or not dump.is_ready or databases.dump_json(dump)["at"] != change.after["at"]:
        words = _("This copy is no longer there as it was shown. Nothing was changed. Read the databases again.")
        noting.end(change, Phase.NOT_MADE, Step.State.STALE, words)
    else:
        verifying.note_well(change.step)
        saving.begin(change, panel, Phase.SAVING, Phase.SAVE_ASKED)


def _saved(change: PanelChange, panel: OvhCloud, dump: DumpSeen) -> None:
    """What is there now is safe: the earlier copy may be put back."""
    change.notes = {**change.notes, SAVED: databases.dump_json(dump)}
    asking.write_down(change, panel, Phase.RECORDED, FUNCTION)
    words = _("What the database held is copied. The host puts the earlier copy back.")
    try:
        _ask(change, panel, change.after["dump"], Phase.ASKED, words)
    except PanelError as error:
        if error.code == "conflict":  # somebody else works on it: what they do is to be in the copy as well
            noting.write_down(change, Phase.REFRESHING, **saving.ANEW)
        elif error.is_a_no:
            noting.not_made(change, error)
            return
        raise


def _ask(change: PanelChange, panel: OvhCloud, dump_id: int, phase: Phase, words: str) -> None:
    what = _("put copy %(dump)s of the database %(name)s back") % {"dump": dump_id, "name": _name(change)}
    asking.ask(change, what, lambda: panel.restore_database(_name(change), dump_id), phase, words)


def _find(change: PanelChange, panel: OvhCloud) -> None:
    """Nobody heard whether it was asked for. Where the panel tells nothing either, it counts as done: taking it back leads to what was."""
    task = asking.found_again(change, panel, FUNCTION, _name(change))
    if task is not None:
        noting.asked(change, Phase.ASKED, task, _("The host puts the earlier copy back."))
    elif not panel.database(_name(change)).is_settled:
        noting.not_yet(change)
    elif timezone.now() - change.recorded_at < pace.UNHEARD:
        noting.say(change, _("It is not clear yet whether the host has begun. It is looked at again."), pace.APART)
    else:
        endings.made(change, unheard=True)


def _wait(change: PanelChange, panel: OvhCloud) -> None:
    ended = _ended(change, panel)
    if ended is None:
        return
    if ended == TaskState.FAILED:
        _take_back(change, _("The host broke off while it put the copy back."))
    else:
        endings.made(change)


def _ended(change: PanelChange, panel: OvhCloud) -> TaskState | None:
    """How its task ended; None while it is at work, or the database is in use."""
    state = panel.task(change.task_id).state if change.task_id is not None else TaskState.VANISHED
    if state.is_open or not panel.database(_name(change)).is_settled:
        return noting.not_yet(change)
    return state


def _verified(change: PanelChange, outcome: verifying.Outcome) -> None:
    if outcome.is_well and not outcome.worse:
        endings.well(change, outcome, **{databases.KEPT_UNTIL: change.notes[SAVED]["gone"]})
        return
    heard = _("It is not known whether the host put the copy back.") + " " if change.notes.get("unheard") else ""
    _take_back(change, heard + outcome.why)


def _take_back(change: PanelChange, why: str) -> None:
    steps.verifying(change.step)
    endings.take_back(change, Phase.BACK_SAVING, why, **back_anew())


# --- and back -------------------------------------------------------------------------------------
def back_anew() -> dict[str, Any]:
    """What a change's notes say when it begins to be taken back."""
    return {**saving.ANEW, _BACK: 0, SAVED_AGAIN: None}


def _saved_again(change: PanelChange, panel: OvhCloud, dump: DumpSeen) -> None:
    change.notes = {**change.notes, SAVED_AGAIN: databases.dump_json(dump)}
    _ask_back(change, panel)


def _ask_back(change: PanelChange, panel: OvhCloud) -> None:
    change.notes = {**change.notes, _BACK: change.notes.get(_BACK, 0) + 1}
    asking.write_down(change, panel, Phase.BACK_RECORDED, FUNCTION)
    try:
        _ask(change, panel, change.notes[SAVED]["id"], Phase.BACK_ASKED, _("The host puts back what the database held before this step."))
    except PanelError as error:
        if not error.is_a_no:
            raise
        endings.cannot_go_back(change, error, _by_hand(change))


def _by_hand(change: PanelChange) -> str:
    at = str(change.notes.get(SAVED, {}).get("at", ""))[:16].replace("T", " ")
    return _("In its panel, put the copy of %(at)s UTC of the database %(name)s back.") % {"at": at, "name": _name(change)}


def _find_back(change: PanelChange, panel: OvhCloud) -> None:
    """Asking twice does no harm here: it is to one and the same copy, and what was written since is copied as well."""
    task = asking.found_again(change, panel, FUNCTION, _name(change))
    if task is not None:
        noting.asked(change, Phase.BACK_ASKED, task, _("The host puts back what the database held before this step."))
    elif not panel.database(_name(change)).is_settled:
        noting.busy(change, pace.BUSY_APART)
    elif timezone.now() - change.recorded_at < pace.UNHEARD:
        noting.say(change, _("It is not clear yet whether the host has begun. It is looked at again."), pace.APART)
    else:
        _once_more(change, panel)


def _once_more(change: PanelChange, panel: OvhCloud) -> None:
    if change.notes.get(_BACK, 0) < pace.MOST_ASKED:
        _ask_back(change, panel)
        return
    times = {"n": change.notes[_BACK]}
    words = _("The host was asked %(n)d times to put back what the database held, and gave it up each time.") % times
    noting.needs_person(change, words + " " + _by_hand(change))


def _wait_back(change: PanelChange, panel: OvhCloud) -> None:
    ended = _ended(change, panel)
    if ended == TaskState.FAILED:
        _once_more(change, panel)
    elif ended is not None:
        undone = _("Undone: the database holds again what it held before this step. What it held until now is kept as a copy, too.")
        endings.is_back(change, undone, _("The database holds again what it held before."))


def _may_undo(change: PanelChange, panel: OvhCloud) -> None:
    saved = change.notes.get(SAVED)
    if not saved:
        raise UndoRefused(_("No copy of what the database held before is known. Look into the host's panel."))
    dump = panel.dump(_name(change), saved["id"])
    if dump is None or not dump.is_ready:
        raise UndoRefused(_("The host no longer keeps the copy of what the database held before this step."))
    later = databases.applied_after(change)
    if later is not None:
        raise UndoRefused(_("A later step put a copy of the same database back. First undo “%(title)s”.") % {"title": later.title})


DEED = Deed(
    "database",
    {
        Phase.REFRESHING: _begin,
        Phase.SAVING: lambda change, panel: saving.begin(change, panel, Phase.SAVING, Phase.SAVE_ASKED),
        Phase.SAVE_ASKED: saving.wait(_saved, Phase.SAVING),
        Phase.RECORDED: _find,
        Phase.ASKED: _wait,
        Phase.BACK_SAVING: lambda change, panel: saving.begin(change, panel, Phase.BACK_SAVING, Phase.BACK_SAVE_ASKED),
        Phase.BACK_SAVE_ASKED: saving.wait(_saved_again, Phase.BACK_SAVING),
        Phase.BACK_RECORDED: _find_back,
        Phase.BACK_ASKED: _wait_back,
    },
    _verified,
    _may_undo,
    Phase.BACK_SAVING,
)
