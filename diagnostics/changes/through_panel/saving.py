"""A copy of what a database holds now, made by its host: asked for, waited for, and seen finished, before anything else is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.models import PanelChange, Step
from diagnostics.panels import databases
from diagnostics.panels.base import DumpSeen, PanelError
from diagnostics.panels.ovhcloud import OvhCloud

from . import asking, endings, noting, pace
from .deeds import Deed, UndoRefused
from .verifying import Outcome

Phase = PanelChange.Phase
FUNCTION = "dump/create"
_KNOWN, _TIMES = "known_dumps", "asked_to_save"  # in a change's notes
ANEW: dict[str, Any] = {_KNOWN: None, _TIMES: 0}  # what notes must say for another copy to be made
Then = Callable[[PanelChange, OvhCloud, DumpSeen], None]


def begin(change: PanelChange, panel: OvhCloud, phase: Phase, asked: Phase) -> None:
    """Asks for a copy, or finds the one that was asked for and whose answer nobody heard."""
    database = change.before["database"]
    if change.notes.get(_KNOWN) is None:
        if not panel.database(database).is_settled:
            noting.busy(change, pace.BUSY_APART)
            return
        known = sorted(panel.dump_numbers(database))
        change.notes = {**change.notes, _KNOWN: known, _TIMES: change.notes.get(_TIMES, 0) + 1}
        asking.write_down(change, panel, phase, FUNCTION)
        _ask(change, panel, asked)
        return
    task = asking.found_again(change, panel, FUNCTION, database)
    if task is not None:
        noting.asked(change, asked, task, _words())
    elif _new(change, panel):
        noting.write_down(change, asked)
    elif timezone.now() - change.recorded_at < pace.UNHEARD:
        noting.say(change, _("It is not clear yet whether the host has begun. It is looked at again."), pace.APART)
    else:
        _again(change, phase)


def _ask(change: PanelChange, panel: OvhCloud, asked: Phase) -> None:
    database = change.before["database"]
    what = _("copy the database %(name)s as it is now") % {"name": database}
    try:
        asking.ask(change, what, lambda: panel.save_database(database), asked, _words())
    except PanelError as error:
        if not asking.is_a_no(error):
            raise
        change.notes = {**change.notes, _KNOWN: None}  # it is certainly not being made
        change.save(update_fields=["notes"])
        raise


def _words() -> str:
    return _("The host makes a copy of the database as it is now.")


def _new(change: PanelChange, panel: OvhCloud) -> list[int]:
    return sorted(panel.dump_numbers(change.before["database"]) - set(change.notes.get(_KNOWN) or ()))


def wait(then: Then, phase: Phase) -> Callable[[PanelChange, OvhCloud], None]:
    """Looks whether the copy is finished, and goes on with `then`; one that was given up is asked for anew, in `phase`."""

    def look(change: PanelChange, panel: OvhCloud) -> None:
        database = change.before["database"]
        if change.task_id is not None and panel.task(change.task_id).state.is_open:
            noting.not_yet(change)
            return
        dumps = [dump for number in _new(change, panel) if (dump := panel.dump(database, number)) is not None and dump.kind == "now"]
        ready = next((dump for dump in reversed(dumps) if dump.is_ready), None)
        if ready is not None and panel.database(database).is_settled:
            then(change, panel, ready)
        elif dumps:
            noting.not_yet(change)
        else:
            _again(change, phase)

    return look


def _again(change: PanelChange, phase: Phase) -> None:
    """The host did not make the copy: it is asked some times more, for nothing is changed by it."""
    if change.notes.get(_TIMES, 0) < pace.MOST_ASKED:
        noting.write_down(change, phase, **{_KNOWN: None})
        noting.say(change, _("The host did not make the copy. It is asked again."), pace.BUSY_APART)
    elif phase == Phase.SAVING:
        noting.not_made(change, _("The host made no copy of the database, though it was asked several times."))
    else:
        words = _("The host made no copy of the database as it is now, so the earlier copy was not put back.")
        noting.needs_person(change, words + " " + _("Look into its panel."))


# --- by itself ------------------------------------------------------------------------------------
def _first(change: PanelChange, panel: OvhCloud) -> None:
    if not endings.may_not_begin(change, panel):
        begin(change, panel, Phase.SAVING, Phase.SAVE_ASKED)


def _there(change: PanelChange, panel: OvhCloud, dump: DumpSeen) -> None:
    words = _("There is a copy of the database %(name)s as it is now. The host keeps it.") % {"name": change.before["database"]}
    told = databases.as_told(panel)
    change.notes = {**change.notes, "saved": databases.dump_json(dump)}
    change.save(update_fields=["notes"])
    noting.end(change, Phase.MADE, Step.State.DONE, words, databases=told)


def _nothing(change: PanelChange, _outcome: Outcome) -> None:
    """A copy changes nothing of the site."""


def _no_undo(change: PanelChange, _panel: OvhCloud) -> None:
    raise UndoRefused(_("A copy changes nothing: there is nothing to undo."))


DEED = Deed(
    "database",
    {
        Phase.REFRESHING: _first,
        Phase.SAVING: lambda change, panel: begin(change, panel, Phase.SAVING, Phase.SAVE_ASKED),
        Phase.SAVE_ASKED: wait(_there, Phase.SAVING),
    },
    _nothing,
    _no_undo,
)
