"""The PHP configuration of a hosting is changed: read anew first, asked for, kept where it helps, else gone back from."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.models import PanelChange, Step
from diagnostics.panels.base import PhpConfig
from diagnostics.panels.ovhcloud import OvhCloud

from . import asking, endings, noting, pace, verifying
from .deeds import Deed, UndoRefused

Phase = PanelChange.Phase
_CHANGES = "ovhConfig/"
_BACK = "asked_back"  # in a change's notes: how often


def _refresh(change: PanelChange, panel: OvhCloud) -> None:
    """What the panel knows may be older than the file: it reads it anew before anything is changed."""
    if change.task_id is None:
        if not endings.may_not_begin(change, panel):
            words = _("The host reads its PHP configuration anew.")
            asking.ask(change, _("read the PHP configuration anew"), panel.refresh_php, Phase.REFRESHING, words)
        return
    now = _settled(change, panel)
    if now is None:
        return
    if now.values() != change.before:
        words = _("The configuration is no longer as it was shown: somebody changed it since. Nothing was changed. Read it again.")
        noting.end(change, Phase.NOT_MADE, Step.State.STALE, words)
        return
    verifying.note_well(change.step)
    noting.write_down(change, Phase.RECORDED)
    what, words = f"PHP {now.version} → {change.after['version']}", _("The host carries out the change. That mostly takes a minute or two.")
    asking.ask(change, what, lambda: panel.change_php(now, now.with_values(change.after)), Phase.ASKED, words)


def _find(change: PanelChange, panel: OvhCloud) -> None:
    """It was written down, and nobody heard whether it was asked for: what the panel tells decides."""
    now = panel.php()
    running = [task for task in panel.tasks() if task.function.startswith(_CHANGES)]
    if now.values() == change.after:
        endings.made(change)
    elif running:
        noting.asked(change, Phase.ASKED, running[-1], _("The host carries out the change."))
    elif now.status != "created" or timezone.now() - change.recorded_at < pace.UNHEARD:
        noting.say(change, _("It is not clear yet whether the host has begun. It is looked at again."), pace.APART)
    elif now.values() == change.before:
        noting.not_made(change, _("The host did not hear of the change."))
    else:
        noting.needs_person(change)


def _wait(change: PanelChange, panel: OvhCloud) -> None:
    now = _settled(change, panel)
    if now is None:
        return
    if now.values() == change.after:
        endings.made(change)
    elif now.values() == change.before:
        noting.not_made(change, _("The host did not carry out the change."))
    else:
        noting.needs_person(change)


def _verified(change: PanelChange, outcome: verifying.Outcome) -> None:
    if outcome.is_well and not outcome.worse:
        endings.well(change, outcome)
    else:
        endings.take_back(change, Phase.BACK_RECORDED, outcome.why, **back_anew())


# --- and back -----------------------------------------------------------------------------------
def _back(change: PanelChange, panel: OvhCloud) -> None:
    """Asks to go back. Asking twice does no harm: it is to one and the same configuration."""
    now = panel.php()
    running = [task for task in panel.tasks() if task.function.startswith(_CHANGES)]
    if running or now.status != "created":
        noting.busy(change, pace.APART)
    elif now.values() == change.before:
        _is_back(change)
    elif now.values() != change.after:
        noting.needs_person(change)
    else:
        what, words = f"PHP {now.version} → {change.before['version']}", _("The host goes back to the earlier configuration.")
        wanted = now.with_values(change.before)
        asking.ask(change, what, lambda: panel.change_php(now, wanted, back=True), Phase.BACK_ASKED, words)


def _wait_back(change: PanelChange, panel: OvhCloud) -> None:
    now = _settled(change, panel)
    if now is None:
        return
    times = change.notes.get(_BACK, 0) + 1
    if now.values() == change.before:
        _is_back(change)
    elif now.values() == change.after and times < pace.MOST_ASKED:
        noting.write_down(change, Phase.BACK_RECORDED, **{_BACK: times})  # it was cancelled there: asked for anew
        noting.say(change, _("The host did not carry it out. It is asked again."), pace.BUSY_APART)
    elif now.values() == change.after:
        words = _("The host was asked %(n)d times to go back to the earlier PHP configuration, and gave it up each time.") % {"n": times}
        noting.needs_person(change, words + " " + _("Go back to PHP %(version)s in its panel.") % {"version": change.before["version"]})
    else:
        noting.needs_person(change)


def _is_back(change: PanelChange) -> None:
    endings.is_back(change, _("Undone: PHP is configured as it was before this step."), _("PHP is configured as it was before."))


def _settled(change: PanelChange, panel: OvhCloud) -> PhpConfig | None:
    """The configuration once nothing changes it any more; None while something does. A task that is told of no more has ended."""
    if change.task_id is not None and panel.task(change.task_id).state.is_open:
        return noting.not_yet(change)
    now = panel.php()
    return now if now.status == "created" else noting.not_yet(change)


def back_anew() -> dict[str, int]:
    """What a change's notes say when it begins to be taken back."""
    return {_BACK: 0}


def _may_undo(change: PanelChange, panel: OvhCloud) -> None:
    if panel.php().values() not in (change.after, change.before):
        raise UndoRefused(_("The PHP configuration was changed since, so it is left as it is. Change it in the panel by hand."))


DEED = Deed(
    "PHP",
    {Phase.REFRESHING: _refresh, Phase.RECORDED: _find, Phase.ASKED: _wait, Phase.BACK_RECORDED: _back, Phase.BACK_ASKED: _wait_back},
    _verified,
    _may_undo,
)
