"""All files of a hosting are put back by its host as on an earlier day. There is no way back: it is refused where it may end badly."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.models import PanelChange, Step
from diagnostics.panels import storage
from diagnostics.panels.base import PanelError, TaskState
from diagnostics.panels.ovhcloud import OvhCloud
from diagnostics.transports.base import TransportError

from . import asking, endings, noting, pace, verifying
from .deeds import Deed, UndoRefused

Phase = PanelChange.Phase
FUNCTION = "web/restoreSnapshot"
_PRINT = "files_before"  # in a change's notes: what the files looked like


def _begin(change: PanelChange, panel: OvhCloud) -> None:
    """Everything that the host asks for is looked at now, not only when the page was shown."""
    if endings.may_not_begin(change, panel):
        return
    host = change.step.case.site.host
    try:
        root_mode, files = storage.look(change.step.case.site)
    except TransportError as error:
        noting.not_made(change, f"{error.message} {error.hint}".strip())
        return
    reasons = storage.obstacles(panel.service(), panel.tasks(), root_mode)
    if reasons:
        noting.not_made(change, " ".join(reasons))
    elif storage.concerned(host, panel.domains()) != change.before["concerned"]:
        words = _("Other sites lie on this hosting than were shown. Nothing was changed. Read it again.")
        noting.end(change, Phase.NOT_MADE, Step.State.STALE, words)
    else:
        verifying.note_well(change.step)
        change.notes = {**change.notes, _PRINT: files}
        asking.write_down(change, panel, Phase.RECORDED, FUNCTION)
        _ask(change, panel)


def _ask(change: PanelChange, panel: OvhCloud) -> None:
    backup = change.after["backup"]
    what = _("put all files back: %(backup)s") % {"backup": backup}
    words = _("The host puts all files back. That takes minutes to hours; nobody can stop it any more.")
    try:
        asking.ask(change, what, lambda: panel.restore_storage(backup), Phase.ASKED, words)
    except PanelError as error:
        if not asking.is_a_no(error):
            raise
        noting.not_made(change, error)


def _find(change: PanelChange, panel: OvhCloud) -> None:
    """Nobody heard whether it was asked for: the panel tells, or the files do."""
    task = asking.found_again(change, panel, FUNCTION)
    if task is not None:
        noting.asked(change, Phase.ASKED, task, _("The host puts all files back. That takes minutes to hours."))
    elif timezone.now() - change.recorded_at < pace.UNHEARD:
        noting.say(change, _("It is not clear yet whether the host has begun. It is looked at again."), pace.APART)
    else:
        _judge_by_files(change, _("The host did not hear of it."), made=True)


def _wait(change: PanelChange, panel: OvhCloud) -> None:
    state = panel.task(change.task_id).state if change.task_id is not None else TaskState.VANISHED
    if state.is_open or panel.tasks():
        noting.not_yet(change)
    elif state == TaskState.FAILED:
        _judge_by_files(change, _("The host gave it up."), made=False)
    else:
        endings.made(change)


def _judge_by_files(change: PanelChange, why: str, *, made: bool) -> None:
    """Files that are as they were were not put back. `made`: else they were, as far as anybody can tell."""
    try:
        _mode, files = storage.look(change.step.case.site)
    except TransportError as error:
        words = _("It is not known whether the host put the files back, and they cannot be read: %(why)s") % {"why": error.message}
        noting.needs_person(change, words) if noting.is_over(change) else noting.say(change, words, pace.AWAY_APART)
        return
    if files == change.notes.get(_PRINT):
        noting.not_made(change, why)
    elif made:
        endings.made(change)
    else:
        words = _("The host broke off while it put the files back: some may be of the earlier day, some not. Ask its support.")
        noting.needs_person(change, words)


def _verified(change: PanelChange, outcome: verifying.Outcome) -> None:
    never = {Step.UNDO_ENDED: _("Putting all files back cannot be undone.")}
    if outcome.is_well and not outcome.worse:
        endings.well(change, outcome, **never)
        return
    words = _("All files are as they were on the day that was chosen. %(why)s") % {"why": outcome.why if outcome.worse else _not_well()}
    noting.end(change, Phase.MADE, Step.State.DONE_NOT_CURED, words, **never)


def _not_well() -> str:
    return _("The site is not well yet.")


def _no_undo(_change: PanelChange, _panel: OvhCloud) -> None:
    raise UndoRefused(_("Putting all files back cannot be undone."))


DEED = Deed("storage", {Phase.REFRESHING: _begin, Phase.RECORDED: _find, Phase.ASKED: _wait}, _verified, _no_undo)
