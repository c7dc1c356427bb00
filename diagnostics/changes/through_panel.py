"""The executor's hand at a host's panel: the only one that starts a change there, looks whether it helped, and takes it back.

A panel carries out what it is asked for later, by itself. So a change goes on in short looks, each from what is stored and from what the
panel tells; a worker that dies in between is followed by the next look. What nobody heard the answer to is looked for, never sent again.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.connections import purposes
from diagnostics.connections.telling import clean
from diagnostics.models import PanelChange, Step
from diagnostics.panels import connecting, php
from diagnostics.panels.base import PanelError, PanelTask, PhpConfig
from diagnostics.panels.ovhcloud import OvhCloud
from sites import incident_endings, queueing, read_only
from sites.judging import Verdict
from sites.models import Site

from . import changing

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

Phase = PanelChange.Phase
HELD = timedelta(seconds=180)  # by one worker for one look, which may probe a site several times
APART = timedelta(seconds=5)
_BUSY_APART = timedelta(seconds=15)
UNHEARD = timedelta(seconds=30)  # what was asked for and is not there by then, was not heard
LONGEST = timedelta(minutes=60)
_CHANGES = "ovhConfig/"
_MOST_OTHERS = 20
_WELL = "others_well"  # in a step's result: their keys


class UndoRefused(Exception):
    """It cannot be taken back now; the message says why. What stands stays as it is."""


def is_one(step_id: int) -> bool:
    """Whether a step is a change through a panel."""
    return PanelChange.objects.filter(step_id=step_id).exists()


def dispatch() -> int:
    """Hands over the changes that are to be looked at. Returns how many."""
    now = timezone.now()
    due = PanelChange.objects.filter(next_look_at__lte=now).filter(Q(held_until=None) | Q(held_until__lt=now))
    keys = list(due.values_list("step", flat=True)[:100])
    for step_id in keys:
        queueing.enqueue(php.TASK, step_id, expires=30.0)
    return len(keys)


def advance(step_id: int) -> Step:
    """One look at a change: what the panel tells decides what comes next. Harmless when run twice."""
    now = timezone.now()
    rows = PanelChange.objects.filter(step=step_id, next_look_at__lte=now).filter(Q(held_until=None) | Q(held_until__lt=now))
    is_mine = rows.update(held_until=now + HELD)
    change = PanelChange.objects.select_related("step__case__site__host", "step__created_by").get(step=step_id)
    if not is_mine:
        return change.step
    step = change.step
    person = step.undone_by if step.result.get("undoing") else step.created_by
    try:
        with purposes.doing("undo" if step.result.get("undoing") else "repair", site=step.case.site, step_id=step.pk, user=person):
            _advance(change)
    finally:
        PanelChange.objects.filter(pk=change.pk).update(held_until=None)
    return step


def _advance(change: PanelChange) -> None:
    step = change.step
    if step.state == Step.State.QUEUED and not steps.claim(step):
        return
    if change.phase == Phase.MADE and step.state == Step.State.VERIFYING:
        _verify(change)
        return
    panel = connecting.working(step.case.site.host)
    if panel is None or panel.service != change.service:
        _cannot_ask(change, PanelError("refused", _("The panel is no longer connected, or refuses the keys."), _("Connect it anew.")))
        return
    try:
        with connecting.opened(panel, what="PHP") as found:
            _LOOKS[Phase(change.phase)](change, found)
    except PanelError as error:
        if error.code == "conflict":
            _is_taken(change)
        else:
            connecting.noted(panel, error)
            _cannot_ask(change, error)


# --- there --------------------------------------------------------------------------------------
def _refresh(change: PanelChange, panel: OvhCloud) -> None:
    """What the panel knows may be older than the file: it reads it anew before anything is changed."""
    if why := read_only.words(change.step.case.site):
        _end(change, Phase.NOT_MADE, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": why})
        return
    if change.task_id is None:
        with connecting.asking(change.step.case.site.host, _("read the PHP configuration anew")):
            task = panel.refresh_php()
        _asked(change, Phase.REFRESHING, task, _("The host reads its PHP configuration anew."))
        return
    now = _settled(change, panel)
    if now is None:
        return
    if now.values() != change.before:
        words = _("The configuration is no longer as it was shown: somebody changed it since. Nothing was changed. Read it again.")
        _end(change, Phase.NOT_MADE, Step.State.STALE, words)
        return
    _note_well(change.step)
    _write_down(change, Phase.RECORDED)
    _ask(change, panel, now)


def _note_well(step: Step) -> None:
    """Which other sites of the account were well before: afterwards their own probes may have told already that they are not."""
    others = Site.objects.filter(host=step.case.site.host_id, deleted_at=None, verdict=Verdict.UP).exclude(pk=step.case.site_id)
    step.result = {**step.result, _WELL: list(others.order_by("name").values_list("pk", flat=True)[:_MOST_OTHERS])}
    step.save(update_fields=["result"])


def _ask(change: PanelChange, panel: OvhCloud, now: PhpConfig) -> None:
    with connecting.asking(change.step.case.site.host, f"PHP {now.version} → {change.after['version']}"):
        task = panel.change_php(now, now.with_values(change.after))
    _asked(change, Phase.ASKED, task, _("The host carries out the change. That mostly takes a minute or two."))


def _find(change: PanelChange, panel: OvhCloud) -> None:
    """It was written down, and nobody heard whether it was asked for: what the panel tells decides."""
    now = panel.php()
    running = [task for task in panel.tasks() if task.function.startswith(_CHANGES)]
    if now.values() == change.after:
        _made(change)
    elif running:
        _asked(change, Phase.ASKED, running[-1], _("The host carries out the change."))
    elif now.status != "created" or timezone.now() - change.recorded_at < UNHEARD:
        _say(change, _("It is not clear yet whether the host has begun. It is looked at again."), APART)
    elif now.values() == change.before:
        _end(change, Phase.NOT_MADE, Step.State.FAILED, _("The host did not hear of the change. Nothing was changed."))
    else:
        _needs_person(change)


def _wait(change: PanelChange, panel: OvhCloud) -> None:
    now = _settled(change, panel)
    if now is None:
        return
    if now.values() == change.after:
        _made(change)
    elif now.values() == change.before:
        _end(change, Phase.NOT_MADE, Step.State.FAILED, _("The host did not carry out the change. Nothing was changed."))
    else:
        _needs_person(change)


def _made(change: PanelChange) -> None:
    with transaction.atomic():
        _write_down(change, Phase.MADE)
        steps.verifying(change.step)
    _verify(change)


def _verify(change: PanelChange) -> None:
    """Kept only where every page answers as expected, several times: else it is taken back."""
    step = change.step
    site = step.case.site
    after = _look_at(site, change)
    for _more in range((changing.LOOKS_WHEN_INTERMITTENT if site.pattern == "intermittent" else changing.LOOKS_WHEN_WELL) - 1):
        if after.is_well:
            time.sleep(changing.SPACING_S)
            after = _look_at(site, change)
    step.result = {**step.result, "pages_after": list(after.pages)}
    worse = _others_worse(change) if after.is_well else ""
    if after.is_well and not worse:
        _end(change, Phase.MADE, Step.State.DONE_VERIFIED, _("Every page answers as expected again."))
        for incident in site.incidents.filter(resolved_at=None):
            incident_endings.resolve_by_repair(incident, step.created_by)
        return
    change.why = _("Another site of the account answers worse: %(site)s.") % {"site": worse} if worse else _("It did not help.")
    with transaction.atomic():
        step.save(update_fields=["result"])
        _write_down(change, Phase.BACK_RECORDED)
    _say(change, _("%(why)s It is taken back.") % {"why": change.why}, timedelta(0))


def _look_at(site: Site, change: PanelChange) -> changing.Seen:
    """Many sites may take longer than one worker is given: it says each time that it is still at it."""
    PanelChange.objects.filter(pk=change.pk).update(held_until=timezone.now() + HELD)
    return changing.look(site, as_answered=True)


def _others_worse(change: PanelChange) -> str:
    """The name of another site of the account that was well before and is not now: PHP was changed for it, too."""
    others = Site.objects.filter(pk__in=change.step.result.get(_WELL, ()), deleted_at=None).order_by("name")
    return next((other.name for other in others if not _look_at(other, change).is_well), "")


# --- and back -----------------------------------------------------------------------------------
def _back(change: PanelChange, panel: OvhCloud) -> None:
    """Asks to go back. Asking twice does no harm: it is to one and the same configuration."""
    now = panel.php()
    running = [task for task in panel.tasks() if task.function.startswith(_CHANGES)]
    if running or now.status != "created":
        _busy(change, APART)
    elif now.values() == change.before:
        _is_back(change)
    elif now.values() != change.after:
        _needs_person(change)
    else:
        with connecting.asking(change.step.case.site.host, f"PHP {now.version} → {change.before['version']}"):
            task = panel.change_php(now, now.with_values(change.before), back=True)
        _asked(change, Phase.BACK_ASKED, task, _("The host goes back to the earlier configuration."))


def _wait_back(change: PanelChange, panel: OvhCloud) -> None:
    now = _settled(change, panel)
    if now is None:
        return
    if now.values() == change.before:
        _is_back(change)
    elif now.values() == change.after and timezone.now() - change.recorded_at < LONGEST:
        _write_down(change, Phase.BACK_RECORDED)  # it was cancelled there: asked for anew
        _say(change, _("The host did not carry it out. It is asked again."), _BUSY_APART)
    else:
        _needs_person(change)


def _is_back(change: PanelChange) -> None:
    step = change.step
    if step.result.get("undoing"):
        with transaction.atomic():
            _write_down(change, Phase.BACK_MADE)
            steps.conclude_undone(step, _("Undone: PHP is configured as it was before this step."))
        pages = step.case.site.pages.filter(due_at__gt=timezone.now())
        pages.update(due_at=timezone.now())
        return
    _end(change, Phase.BACK_MADE, Step.State.TAKEN_BACK, _("%(why)s PHP is configured as it was before.") % {"why": change.why})


_LOOKS = {
    Phase.REFRESHING: _refresh,
    Phase.RECORDED: _find,
    Phase.ASKED: _wait,
    Phase.BACK_RECORDED: _back,
    Phase.BACK_ASKED: _wait_back,
}


# --- a person takes it back ---------------------------------------------------------------------
def begin_undo(step: Step, user: AbstractBaseUser | None) -> None:
    """Has the panel go back to how it was; `advance` goes on with it. Raises UndoRefused."""
    change = PanelChange.objects.select_related("step__case__site__host").get(step=step.pk)
    panel = connecting.working(change.step.case.site.host)
    if panel is None or panel.service != change.service:
        raise UndoRefused(_("The panel is not connected. Connect it again, then undo."))
    try:
        with connecting.opened(panel, what="PHP") as found:
            now = found.php()
    except PanelError as error:
        raise UndoRefused(str(error)) from error
    if now.values() not in (change.after, change.before):
        raise UndoRefused(_("The PHP configuration was changed since, so it is left as it is. Change it in the panel by hand."))
    before = step.state
    with transaction.atomic():
        if not steps.claim(step, since=(before,), undone_by=user, result={**step.result, "undoing": before}):
            raise UndoRefused(_("Somebody else is undoing this step just now."))
        change.step = step
        _write_down(change, Phase.BACK_RECORDED)


def wait_for(step: Step, longest_s: float = 600.0) -> Step:
    """Goes on with a change until it has ended, in this very process: for the command line, which may be alone."""
    until = time.monotonic() + longest_s
    while time.monotonic() < until and PanelChange.objects.filter(step=step.pk, next_look_at__isnull=False).exists():
        advance(step.pk)
        time.sleep(1.0)
    step.refresh_from_db()
    return step


# --- what is stored -----------------------------------------------------------------------------
def _settled(change: PanelChange, panel: OvhCloud) -> PhpConfig | None:
    """The configuration once nothing changes it any more; None while something does. A task that is told of no more has ended."""
    if change.task_id is not None and panel.task(change.task_id).state.is_open:
        return _not_yet(change)
    now = panel.php()
    return now if now.status == "created" else _not_yet(change)


def _not_yet(change: PanelChange) -> None:
    if timezone.now() - change.recorded_at > LONGEST:
        _needs_person(change)
    else:
        _say(change, change.step.message, APART)


def _write_down(change: PanelChange, phase: Phase, task_id: int | None = None) -> None:
    """On the disk before anything is asked for."""
    change.phase, change.task_id, change.recorded_at = phase, task_id, timezone.now()
    change.next_look_at = None if phase == Phase.BACK_MADE else change.recorded_at
    change.save(update_fields=["phase", "task_id", "recorded_at", "next_look_at", "why"])


def _asked(change: PanelChange, phase: Phase, task: PanelTask, words: str) -> None:
    _write_down(change, phase, task.id)
    _say(change, words, APART)


def _say(change: PanelChange, words: str, after: timedelta) -> None:
    change.step.message, change.next_look_at = words, timezone.now() + after
    change.step.save(update_fields=["message"])
    change.save(update_fields=["next_look_at"])


def _end(change: PanelChange, phase: Phase, state: str, words: str) -> None:
    with transaction.atomic():
        change.phase, change.next_look_at = phase, None
        change.save(update_fields=["phase", "next_look_at"])
        steps.conclude(change.step, state, words)


def _needs_person(change: PanelChange) -> None:
    words = _("PHP is now configured in a way that nobody here asked for, or the host does not come to an end. Look into its panel.")
    _end(change, Phase(change.phase), Step.State.NEEDS_ATTENTION, words)


def _cannot_ask(change: PanelChange, error: PanelError) -> None:
    """Before anything was asked for it ends here; afterwards it is tried until the panel answers, for it may have been carried out."""
    is_over = timezone.now() - change.recorded_at > LONGEST
    never_asked = change.phase == Phase.REFRESHING and (is_over or not error.may_be_carried_out)
    if never_asked or (change.phase == Phase.RECORDED and error.code == "bad-request"):
        _end(change, Phase.NOT_MADE, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": error})
    elif is_over:
        _needs_person(change)
    else:
        _say(change, clean(_("%(why)s It goes on as soon as the panel answers.") % {"why": error}), timedelta(seconds=30))


def _is_taken(change: PanelChange) -> None:
    """The host is at it with something else, and has told so: what was asked for is not made."""
    if change.phase == Phase.RECORDED:
        _write_down(change, Phase.REFRESHING)
    if timezone.now() - (change.step.started_at or change.recorded_at) > LONGEST and change.phase == Phase.REFRESHING:
        words = _("The host has been doing something else with it for an hour. Nothing was changed.")
        _end(change, Phase.NOT_MADE, Step.State.FAILED, words)
    else:
        _busy(change, _BUSY_APART)


def _busy(change: PanelChange, apart: timedelta) -> None:
    if timezone.now() - change.recorded_at > LONGEST:
        _needs_person(change)
    else:
        _say(change, _("The host is doing something else with it. It goes on when that has ended."), apart)
