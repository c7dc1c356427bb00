"""What a person chooses where an undo was refused: put back all the same, only our change, or keep what is there now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import repairing, steps
from diagnostics.connections import purposes
from diagnostics.connections.locking import HostBusy, LockLost
from diagnostics.connections.telling import clean
from diagnostics.models import FoundFile, JournalEntry, RepairCase, Step
from diagnostics.repairing import RepairRefused
from diagnostics.transports.base import TransportError
from sites import queueing, read_only
from sites.credentials import SecretUnreadable

from . import changing, journal, versions
from .executor import Executor
from .versions import REPAIR, Choice, Versions

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def choose(step: Step, entry_id: int, choice_id: str, digest: str, user: AbstractBaseUser | None) -> Step | None:
    """Does what was chosen, exactly as it was shown: `digest` is that of the choice on the page. Raises RepairRefused.

    Gives the new step that will write, which can be undone like any other; None where nothing is to be written.
    """
    with transaction.atomic():
        RepairCase.objects.select_for_update().get(pk=step.case_id)
        # Whoever undoes it at this moment claims it before or after this, never in between.
        step = Step.objects.select_for_update(of=("self",)).select_related("case__site__host").get(pk=step.pk)
        shown, choice = _chosen(step, entry_id, choice_id)
        if choice.digest != digest:
            raise RepairRefused(_("What is there now is not what this page showed. Nothing was written. Look again."))
        if step.case.steps.filter(state__in=repairing.IN_WORK).exists():
            raise RepairRefused(_("Another step of this repair is being worked on. Wait for it to end."))
        if choice.plan is None:
            _keep(step, shown.entry, user)
            return None
        if step.case.site.host is None:
            raise RepairRefused(_("The site has no connection any more. Give it its hosting account back, then undo."))
        if why := read_only.words(step.case.site):
            raise RepairRefused(_("%(why)s Undo writes too: switch read-only mode off first.") % {"why": why})
        return _new_step(step, shown.entry, choice, user)


def _chosen(step: Step, entry_id: int, choice_id: str) -> tuple[Versions, Choice]:
    try:
        found = [] if step.state in steps.UNFINISHED else versions.of_step(step)
    except SecretUnreadable as error:
        raise RepairRefused(str(error)) from error
    for each in found:
        for choice in each.choices:
            if (each.entry.pk, choice.id) == (entry_id, choice_id):
                return each, choice
    raise RepairRefused(_("This can no longer be chosen. Nothing was written. Look again."))


def _keep(step: Step, entry: JournalEntry, user: AbstractBaseUser | None) -> None:
    journal.mark_kept(entry, _("%(who)s chose on %(day)s to keep what was there.") % _who_and_when(user))
    entry.found.all().delete()
    _close_if_settled(step, user)


def _who_and_when(user: AbstractBaseUser | None) -> dict[str, str]:
    return {"who": str(user) if user else _("Somebody at the shell"), "day": timezone.now().strftime("%Y-%m-%d %H:%M UTC")}


def _new_step(step: Step, entry: JournalEntry, choice: Choice, user: AbstractBaseUser | None) -> Step:
    made = Step.objects.create(
        case=step.case,
        guide_step=step.guide_step,
        action="repair",
        repair_id=REPAIR,
        title=clean(choice.plan.title if choice.plan else choice.title)[:300],
        state=Step.State.QUEUED,
        plan_digest=choice.digest,
        answers=[["step", step.pk], ["entry", entry.pk], ["choice", choice.id]],
        diff=choice.diff,
        created_by=user,
        created_at=timezone.now(),
    )
    queueing.enqueue_on_commit("diagnostics.tasks.run_step", made.pk)
    return made


def is_one(step_id: int) -> bool:
    """Whether this step carries out such a choice."""
    return Step.objects.filter(pk=step_id, repair_id=REPAIR).exists()


def run_step(step_id: int) -> Step:
    """Carries out a choice that waits; harmless when run twice. While the host is busy it goes on waiting."""
    step = Step.objects.select_related("case__site__host", "created_by").get(pk=step_id)
    if step.state != Step.State.QUEUED:
        return step
    try:
        with purposes.doing("undo", site=step.case.site, step_id=step.pk, user=step.created_by):
            return repairing.under_lock(step.case.site, lambda executor: _run(step, executor))
    except HostBusy:
        return step
    except LockLost as error:
        step.message = str(error)  # its state is left as it is: whoever holds the lock now takes it back
        step.save(update_fields=["message"])
        return step
    except TransportError as error:
        return repairing.give_up(step, error)


def _run(step: Step, executor: Executor) -> Step:
    if not steps.claim(step):
        return step
    answers = dict(step.answers)
    earlier = Step.objects.select_related("case__site__host").get(pk=answers["step"])
    try:
        shown, choice = _chosen(earlier, answers["entry"], answers["choice"])
    except RepairRefused as refusal:
        return steps.conclude(step, Step.State.STALE, str(refusal))
    if choice.plan is None or choice.digest != step.plan_digest or not changing.apply(step, executor, choice.plan):
        _look_again(earlier, executor)
        if step.state == Step.State.APPLYING:
            steps.conclude(step, Step.State.STALE, _("What is there now is not what was shown. Nothing was written. Look again."))
        return step
    return _conclude(step, earlier, shown.entry)


def _look_again(earlier: Step, executor: Executor) -> None:
    try:
        versions.note(earlier, executor)
    except TransportError:
        pass  # the page goes on showing what was seen before; it is compared again before anything is written


def _conclude(step: Step, earlier: Step, entry: JournalEntry) -> Step:
    """The choice stands and the earlier change is closed, in one moment: a crash leaves both or neither."""
    settled = {"step": earlier.pk, "step_state": earlier.state, "entry": entry.pk, "entry_state": entry.state}
    with transaction.atomic():
        journal.mark_taken_back(entry, _("By step %(step)s.") % {"step": step.pk})
        FoundFile.objects.filter(entry=entry).delete()
        _close_if_settled(earlier, step.created_by)
        steps.conclude(step, Step.State.DONE_AS_ASKED, _("Done as chosen. It can be undone."), settled=settled)
    step.case.site.pages.filter(due_at__gt=timezone.now()).update(due_at=timezone.now())
    return step


def _close_if_settled(step: Step, user: AbstractBaseUser | None) -> None:
    """Ends a step none of whose changes waits any more."""
    if journal.standing(step):
        return
    step.undone_at, step.undone_by = timezone.now(), user
    if step.journal.filter(state=JournalEntry.State.KEPT).exists():
        message = _("Closed: %(who)s chose on %(day)s to keep what was there.") % _who_and_when(user)
        steps.conclude(step, Step.State.KEPT, message)
    else:
        steps.conclude(step, Step.State.UNDONE, _("Undone, as a person chose."))


def choose_for_all(step: Step, choice_id: str, user: AbstractBaseUser | None = None) -> list[Step]:
    """The same choice about every file of a step that waits for one, made at once. Gives the new steps. Raises RepairRefused."""
    waiting = versions.of_step(step)
    offered = [next((choice for choice in each.choices if choice.id == choice_id), None) for each in waiting]
    if not waiting or None in offered:
        raise RepairRefused(_("This cannot be chosen here: it is not offered for every file. Undo tells what is."))
    made = []
    for each, choice in zip(waiting, offered, strict=True):
        new = choose(step, each.entry.pk, choice_id, choice.digest if choice else "", user)
        if new is not None:
            new = run_step(new.pk)
            made.append(new)
            if not new.stands_applied:
                raise RepairRefused(new.message or str(new.get_state_display()))
    return made
