"""How a change through a host's panel is started: one at a time per hosting, written down before anybody acts on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.models import HostPanel, PanelChange, RepairCase, Step
from sites import queueing, read_only

from . import connecting, stopping
from .base import Ability

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

TASK = "diagnostics.tasks.run_step"


class Refused(Exception):
    """A change cannot be started; the message says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change as it is stored. `action`: "repair", or "look" where nothing of the site is changed."""

    kind: PanelChange.Kind
    guide_step: str
    repair_id: str
    title: str
    before: dict[str, Any]
    after: dict[str, Any]
    digest: str = ""
    diff: str = ""
    action: str = "repair"
    result: dict[str, Any] = field(default_factory=dict)


def panel_for(case: RepairCase, ability: Ability, lacking: str) -> HostPanel:
    """The panel, where it may be asked for this now. `lacking`: what is said where the right was not given. Raises Refused."""
    panel = connecting.working(case.site.host)
    if panel is None or ability not in connecting.abilities(panel):
        raise Refused(lacking)
    if why := read_only.words(case.site) or stopping.why(connecting.from_json(panel.seen)):
        raise Refused(why)
    return panel


def new_step(case: RepairCase, panel: HostPanel, wanted: Wanted, user: AbstractBaseUser | None) -> Step:
    """The step, waiting for its first look. Raises Refused."""
    now = timezone.now()
    with transaction.atomic():
        # Two repairs of one hosting are not started at one moment, nor is its panel forgotten meanwhile.
        if not HostPanel.objects.select_for_update().filter(pk=panel.pk).exists():
            raise Refused(_("The panel is not connected any more. Nothing was changed."))
        case = RepairCase.objects.select_for_update().get(pk=case.pk)
        if case.closed_at is not None or case.steps.filter(state__in=(Step.State.PLANNED, Step.State.QUEUED, *steps.UNFINISHED)).exists():
            raise Refused(_("The repair is closed, or another step of it is being worked on. Wait for it to end."))
        if PanelChange.objects.filter(step__case__site__host=panel.host_id, next_look_at__isnull=False).exists():
            raise Refused(_("Another change of this hosting is being made through the panel. Wait for it to end."))
        step = Step.objects.create(
            case=case, guide_step=wanted.guide_step, action=wanted.action, repair_id=wanted.repair_id, title=wanted.title[:300],
            state=Step.State.QUEUED, plan_digest=wanted.digest, diff=wanted.diff, result=wanted.result, created_by=user, created_at=now,
        )  # fmt: skip
        values = {"before": wanted.before, "after": wanted.after, "recorded_at": now, "next_look_at": now}
        PanelChange.objects.create(step=step, service=panel.service, kind=wanted.kind, **values)
        queueing.enqueue_on_commit(TASK, step.pk)
    return step
