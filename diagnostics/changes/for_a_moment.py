"""Changes that stand only while one address of the site is asked for: the site itself does then what is wanted. Taken back in every case.

What the site did meanwhile cannot be undone, so a person has said that this is known. A worker that dies in between leaves what
`recovering` takes back.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.connections.locking import LEASE_S
from diagnostics.models import Step
from diagnostics.repairs.plan import Plan
from sites import scheduling
from sites.models import Page
from sites.probing.outcome import Purpose
from sites.recording import probe_pages

from . import changing, recovering
from .executor import Executor

HOLD_S = 20.0  # beside one time limit of the site: so long no regular probe may meet it changed


def run(step: Step, executor: Executor, plan: Plan, before: changing.Seen) -> Step:
    """Carries it out and looks whether it helped. The caller holds the host. Raises LockLost."""
    site = step.case.site
    if before.is_well:
        message = _("Every page answers as expected now, so nothing was changed.")
        return steps.conclude(step, Step.State.FAILED, message, pages_before=list(before.pages))
    scheduling.hold(site, HOLD_S + site.time_limit_s)
    try:
        said = _asked(step, executor, plan)
    finally:
        scheduling.release(site)
    return _judged(step, executor, plan, before, said) if said else step


def _asked(step: Step, executor: Executor, plan: Plan) -> str:
    """What the address answered, in words, once the changes are taken back; empty where the step is concluded."""
    if not changing.apply(step, executor, plan):
        return ""
    site = step.case.site
    try:
        executor.keep(LEASE_S + site.time_limit_s)
        outcome = next(iter(probe_pages([Page(pk=0, site=site, path=plan.asks)], Purpose.CACHE_PROOF)), None)
    finally:
        back = executor.take_back(step)
    if not back.complete:
        steps.conclude(step, Step.State.NEEDS_ATTENTION, recovering.attention(back), retry=back.retry)
        return ""
    if outcome is None or outcome.status is None:
        return _("It did not answer in time, and may still be at work: test again in some minutes.")
    return _("The site answered %(status)s when it was asked to do it.") % {"status": outcome.status}


def _judged(step: Step, executor: Executor, plan: Plan, before: changing.Seen, said: str) -> Step:
    site = step.case.site
    steps.verifying(step)
    after = changing.look(site, as_answered=True, keeping=executor, way=before.way)
    after = changing.look_on(site, after, executor)
    pages: dict[str, object] = {"pages_before": list(before.pages), "pages_after": list(after.pages)}
    if after.is_well:
        ended = {Step.UNDO_ENDED: _(plan.lasting)}
        if before.unmet or after.unmet:
            return changing.not_proven(step, before.unmet, after, **pages, **ended)
        return changing.cured(step, **pages, **ended)
    message = _("It did not help. %(said)s The file was put back as it was.") % {"said": said}
    return steps.conclude(step, Step.State.TAKEN_BACK, message, **pages)
