"""A person takes back finished steps: in any order, also while the site is down, needing only the transport and our own bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.connections import connecting, purposes
from diagnostics.connections.locking import HostBusy, LockLost, held
from diagnostics.models import Step
from diagnostics.repairing import RepairRefused
from diagnostics.transports.base import TransportError
from sites import queueing, read_only
from sites.credentials import SecretUnreadable
from sites.models import Site

from . import journal, recovering, through_panel, versions
from .executor import Executor

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

ASKED = "undo_asked"  # in a step's result: when somebody asked for it, so that a broker that is away forgets nothing
REFUSED = steps.UNDO_REFUSED
ASKED_BY = "undo_asked_by"  # the id of that person


@dataclass(slots=True)
class UndoReport:
    """What became of undoing several steps."""

    undone: list[int] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self, site: Site) -> dict[str, Any]:
        """`identical`: everything that was asked for is again as it was: names, content, modes, owners, times of files."""
        return {"site": site.name, "undone": self.undone, "refused": self.refused, "identical": not self.refused}


def request(step: Step, user: AbstractBaseUser | None, *, enqueue: bool = True) -> None:
    """Asks a worker to undo a step. Raises RepairRefused where there is nothing to undo. `enqueue`: by a task of its own."""
    _require_applied(step)
    step.result = {**_without_request(step.result), ASKED: timezone.now().isoformat(), ASKED_BY: user.pk if user else None}
    step.save(update_fields=["result"])
    if enqueue:
        queueing.enqueue_on_commit("diagnostics.tasks.undo_step", step.pk, user.pk if user else None)


def _require_applied(step: Step) -> None:
    if step.state == Step.State.UNDONE:
        raise RepairRefused(_("This step is undone already."))
    if step.state == Step.State.KEPT:
        raise RepairRefused(_("This step is closed: somebody chose to leave the file as it is."))
    if step.undo_ended:
        raise RepairRefused(_("This step can no longer be undone from here. %(why)s") % {"why": step.undo_ended})
    if not step.may_be_undone:
        raise RepairRefused(_("There is nothing to undo in this step."))
    if step.case.site.deleted_at:
        raise RepairRefused(_("The site is in the bin. Bring it back, then undo."))
    if step.case.site.host is None:
        raise RepairRefused(_("The site has no connection any more. Give it its hosting account back, then undo."))
    if why := read_only.words(step.case.site):
        raise RepairRefused(_("%(why)s Undo writes too: switch read-only mode off first.") % {"why": why})


def undo(step: Step, user: AbstractBaseUser | None = None, *, wait: bool = True) -> Step:
    """Takes one applied step back, byte for byte. Raises RepairRefused with the reason; what stands then stays as it is.

    `wait`: until it is done, also where a host's panel takes minutes for it.
    """
    step = Step.objects.select_related("case__site__host").get(pk=step.pk)
    _require_applied(step)
    if through_panel.is_one(step.pk):
        return _undo_through_panel(step, user, wait=wait)
    host = step.case.site.host
    try:
        with (
            purposes.doing("undo", site=step.case.site, step_id=step.pk, user=user),
            held(host) as lock,
            Executor(lambda: connecting.writer_for(host), lock) as executor,
        ):
            recovering.recover_host(executor, host)
            return _undo(step, user, executor)
    except (HostBusy, LockLost, SecretUnreadable) as error:
        raise RepairRefused(str(error)) from error
    except TransportError as error:
        raise RepairRefused(f"{error.message} {error.hint}".strip()) from error


def _undo_through_panel(step: Step, user: AbstractBaseUser | None, *, wait: bool) -> Step:
    step.result = _without_request(step.result)
    try:
        with purposes.doing("undo", site=step.case.site, step_id=step.pk, user=user):
            through_panel.begin_undo(step, user)
    except through_panel.UndoRefused as refusal:
        raise RepairRefused(str(refusal)) from refusal
    if wait and through_panel.wait_for(step).state != Step.State.UNDONE:
        raise RepairRefused(step.message)
    return step


def _undo(step: Step, user: AbstractBaseUser | None, executor: Executor) -> Step:
    before = step.state
    if not steps.claim(step, since=(before,), undone_by=user, result=_without_request(step.result) | {"undoing": before}):
        raise RepairRefused(_("Somebody else is undoing this step just now."))
    back = executor.take_back(step)
    if back.complete:
        steps.conclude_undone(step, _("Undone: everything is as it was before this step."))
        _probe_soon(step.case.site)
        return step
    if back.retry or back.done:
        steps.conclude(step, Step.State.NEEDS_ATTENTION, recovering.attention(back), retry=back.retry, undoing=before)
    else:
        step.undone_by = None
        steps.conclude(step, before, _("It was not undone. %(why)s") % {"why": back.why()})
    raise RepairRefused(f"{back.why()} {_first_undo(step)}".strip())


def _first_undo(step: Step) -> str:
    """Names the later change of the same files that stands in the way, if one does."""
    own = set(journal.changed_paths(step))
    for later in steps.applied(step.case.site_id).filter(pk__gt=step.pk):
        if own & set(journal.changed_paths(later)):
            return _("First undo the later step “%(title)s”.") % {"title": later.title}
    return ""


def _probe_soon(site: Site) -> None:
    site.pages.filter(due_at__gt=timezone.now()).update(due_at=timezone.now())


def undo_steps(chosen: list[Step], user: AbstractBaseUser | None = None) -> UndoReport:
    """Takes back these steps in this order; goes on with the next where one is refused."""
    report = UndoReport()
    for step in chosen:
        try:
            undo(step, user)
        except RepairRefused as refusal:
            report.refused.append({"step": step.pk, "why": str(refusal), **_what_can_be_chosen(step)})
        else:
            report.undone.append(step.pk)
    return report


def _what_can_be_chosen(step: Step) -> dict[str, Any]:
    """Where the files have changed since: what to do about each, and the page that shows it."""
    try:
        found = versions.of_step(step)
    except SecretUnreadable:
        return {}
    if not found:
        return {}
    page = f"{settings.SITEMEND_BASE_URL}{reverse('diagnostics:versions', args=[step.pk])}"
    return {"choices": {each.path: [choice.id for choice in each.choices] for each in found}, "page": page}


def asked_for() -> list[tuple[int, int | None]]:
    """Steps whose undo was asked for and not yet made, each with the id of who asked."""
    rows = Step.objects.filter(result__has_key=ASKED, state__in=(*Step.APPLIED, Step.State.NEEDS_ATTENTION))
    return [(step.pk, step.result.get(ASKED_BY)) for step in rows]


def _without_request(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name not in (ASKED, ASKED_BY, REFUSED)}


def note_refused(step_id: int, why: str) -> None:
    """Says on the step why it was not undone, and stops asking."""
    step = Step.objects.get(pk=step_id)
    step.result = _without_request(step.result)
    if step.may_be_undone:
        step.result[REFUSED] = True
        step.message = _("It was not undone. %(why)s") % {"why": why}
    step.save(update_fields=["result", "message"])
