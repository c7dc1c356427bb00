"""A trial that nobody said yes to at the moment, since the site's settings allow it: whether they still do, and what is told of it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from diagnostics.changes.journal import changed_paths
from diagnostics.models import JournalEntry, Step, TrialRun
from sites import read_only, trial_policy
from sites.models import Incident, Site

PURPOSE = "policy-trial"
_MOST_NAMED = 6  # files and folders in one sentence


def no_longer(step: Step) -> str:
    """Why a trial that waited is not made any more; empty when it is. Asked with the host's lock held, just before it begins."""
    run = step.trial_run
    if run is None:
        return ""
    site = Site.objects.select_related("host").get(pk=step.case.site_id)
    incident = Incident.objects.get(pk=run.incident_id)
    if step.repair_id not in trial_policy.of(site):
        return _("The site's settings no longer allow this trial.")
    if not incident.is_open:
        return _("The incident is over.")
    if incident.acknowledged_by_id is not None:
        return _("Somebody has taken the incident.")
    return read_only.words(site)


def note(run: TrialRun) -> str:
    """Keeps with the incident what was tried so far, as its page and its mails tell it."""
    text = words(list(run.steps.order_by("pk")))
    trial_policy.note(run.incident, text)
    return text


def words(steps: Sequence[Step]) -> str:
    """One line for each trial: what it was, what it changed, what came of it, and that it was put back."""
    return "\n".join(line for step in steps if (line := _line(step)))


def _line(step: Step) -> str:
    title = str(step.title)
    if not step.journal.exists():
        return _("“%(trial)s”: %(why)s") % {"trial": title, "why": step.message} if step.message else ""
    line = _("“%(trial)s” changed for some seconds: %(what)s.") % {"trial": title, "what": _changed(step)}
    says_itself = step.state in (Step.State.DONE, Step.State.TAKEN_BACK)  # that it was put back
    return f"{line} {step.message if says_itself else f'{_put_back(step)} {step.message}'}".strip()


def _changed(step: Step) -> str:
    paths = list(dict.fromkeys(changed_paths(step)))
    named = ", ".join(paths[:_MOST_NAMED])
    more = len(paths) - _MOST_NAMED
    return named + (" " + ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more} if more > 0 else "")


def _put_back(step: Step) -> str:
    left = step.journal.exclude(state=JournalEntry.State.TAKEN_BACK).count()
    if not left:
        return _("All of it was put back as it was.")
    return ngettext("%(n)d change is not put back yet.", "%(n)d changes are not put back yet.", left) % {"n": left}
