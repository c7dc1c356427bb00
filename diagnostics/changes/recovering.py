"""Finds what a crash left half done and takes it back. What the host looks like decides, never what was remembered of it."""

from __future__ import annotations

import logging

from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.connections import connecting, purposes
from diagnostics.connections.locking import LockLost, try_acquire
from diagnostics.models import Step
from diagnostics.transports.base import TransportError
from sites.credentials import SecretUnreadable
from sites.models import Host

from . import late
from .executor import Executor, TakenBack

log = logging.getLogger(__name__)


def recover(host: Host | None = None) -> list[int]:
    """Takes back every unfinished step whose host nobody works on. Returns the ids of the steps that are settled now."""
    hosts = {step.case.site.host_id: step.case.site.host for step in steps.left_behind(host)}
    settled: list[int] = []
    for each in hosts.values():
        try:
            settled += _recover_alone(each)
        except LockLost:
            log.warning("lock on host %s lost while recovering; the next run goes on", each.pk)
        except Exception:  # whatever is wrong with one host must not keep the others from being recovered
            log.exception("recovering host %s failed; the next run tries again", each.pk)
    late.look_again(host)
    return settled


def _recover_alone(host: Host) -> list[int]:
    lock = try_acquire(host)
    if lock is None:
        return []  # whoever holds it is at work, or dead for less than its lease
    try:
        with purposes.doing("recovery"), Executor(lambda: connecting.writer_for(host), lock) as executor:
            return recover_host(executor, host)
    finally:
        lock.release()


def recover_host(executor: Executor, host: Host) -> list[int]:
    """The same for one host whose lock is held: what is unfinished there belongs to a worker that is dead."""
    settled = []
    for step in steps.left_behind(host):
        with purposes.doing("recovery"):
            _remove_leftovers(executor, step)  # first: what the host may still carry out of a lost line has nothing left to put in place
            back = executor.take_back(step, line_broke=True)
            if back.complete:
                _remove_leftovers(executor, step)
        _settle(step, back)
        if back.complete:
            settled.append(step.pk)
    return settled


def _remove_leftovers(executor: Executor, step: Step) -> None:
    try:
        executor.remove_leftovers(step)
    except (TransportError, SecretUnreadable) as error:
        log.warning("temporary files of step %s stay on the host: %s", step.pk, error)


def _settle(step: Step, back: TakenBack) -> None:
    undoing = step.result.get("undoing")
    if back.complete and undoing:
        steps.conclude_undone(step, _("Undone. It was interrupted and has been finished now."))
    elif back.complete:
        steps.conclude(step, Step.State.TAKEN_BACK, _("It was interrupted, so everything it had changed was taken back."))
    elif undoing and not back.done and not back.retry:
        refused, step.undone_by = {steps.UNDO_REFUSED: True}, None
        steps.conclude(step, undoing, _("It was not undone. %(why)s") % {"why": back.why()}, **refused)
    else:
        keep = {"undoing": undoing} if undoing else {}
        steps.conclude(step, Step.State.NEEDS_ATTENTION, attention(back), retry=back.retry, **keep)


def attention(back: TakenBack) -> str:
    """What could not be taken back, and what a person should do."""
    what = _("Not everything could be taken back. %(why)s") % {"why": back.why()}
    if back.retry:
        return f"{what} " + _("It is tried again by itself as soon as the host can be reached.")
    return f"{what} " + _("Look at the three versions of it, then choose what to do.")
