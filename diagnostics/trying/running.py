"""Runs one trial, and makes what it showed a finding of the site's newest diagnosis."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import diagnosing, examining, steps
from diagnostics.changes.changing import Seen
from diagnostics.changes.executor import Executor
from diagnostics.examining import Examination
from diagnostics.models import Diagnosis, Step
from diagnostics.transports.base import TransportError
from diagnostics.trying import by_policy
from diagnostics.trying.bench import Bench, Ended
from diagnostics.trying.kinds import KINDS
from sites import scheduling


def run(step: Step, executor: Executor, examination: Examination, before: Seen) -> Step:
    """The caller holds the host's lock. A site that is well is left alone. Raises LockLost."""
    kind = KINDS[step.repair_id]
    if before.is_well:
        message = _("Every page answers as expected now, so nothing was tried.")
        return steps.conclude(step, Step.State.DONE, message, pages_before=list(before.pages), pages_after=list(before.pages))
    if why := kind.why_not(examination):
        return steps.conclude(step, Step.State.FAILED, why)
    bench = Bench(step, executor, before, result_known=lambda: _diagnose(step, executor, before))
    try:
        return kind.run(bench, examination)
    except Ended:
        return step
    finally:
        scheduling.release(step.case.site)


def _diagnose(step: Step, executor: Executor, before: Seen) -> None:
    """With the same connection, before the step ends: who waits for it sees both at once."""
    if step.trial_run is not None:
        by_policy.note(step.trial_run)  # before the cause is told: the mail about it says what was tried
    if "tried" not in step.result:
        return
    try:
        examination = examining.examine(step.case.site, executor.reader, before.view)
    except TransportError:
        return  # the next diagnosis tells it: what was tried is kept with the step
    now = timezone.now()
    incident = step.case.site.incidents.filter(resolved_at=None).first()
    values = {"incident": incident, "requested_by": step.created_by, "requested_at": now, "started_at": now}
    diagnosis = Diagnosis.objects.create(site=step.case.site, state=Diagnosis.State.RUNNING, **values)
    diagnosing.store(diagnosis, examination)
