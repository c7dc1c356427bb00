"""A change made, probed and always taken back: what would the site do without its .htaccess?"""

from __future__ import annotations

from django.utils.translation import gettext as _

from . import examining, steps
from .changes import changing
from .changes.ways import BROWSERS
from .connections.telling import clean
from .examining import Examination
from .findings import Finding, Severity
from .models import Step
from .repairs.plan import Plan
from .trying.bench import Bench

TRIAL_REPAIR = "rename-htaccess"
TRIAL_CHECK = changing.TRIAL_CHECK


def finding_of(examination: Examination) -> Finding | None:
    """What a trial that helped has shown: the .htaccess of the docroot is to blame. None without such a file."""
    files = examination.evidence.htaccess if isinstance(examination.evidence.htaccess, tuple) else ()
    place = f"{examination.evidence.docroot.rstrip('/')}/.htaccess"
    file = next((file for file in files if file.absolute == place), None)
    if file is None:
        return None
    summary = _("A trial showed it: without this file the site answers well.")
    return Finding(TRIAL_CHECK, "htaccess-bad-argument", Severity.NOTE, 0.95, summary, path=file.path, repairs=(TRIAL_REPAIR,))


def plan_of(examination: Examination) -> Plan | None:
    """The change that a trial makes: the .htaccess of the docroot under another name. None without such a file."""
    finding = finding_of(examination)
    return examining.plan_for(examination, finding, TRIAL_REPAIR) if finding else None


def why_not(examination: Examination) -> str:
    """Why a trial is not offered; empty when it is."""
    if examination.evidence.connection == "none":
        return _("There is no connection to the files of this site.")
    if not isinstance(examination.evidence.htaccess, tuple):
        return _("The .htaccess files could not be read: %(why)s") % {"why": examination.evidence.htaccess.why}
    plan = plan_of(examination)
    if plan is None:
        return _("The site has no .htaccess in its main folder.")
    if plan.takes_away_protection:
        return _("This .htaccess keeps visitors out of something, so it is never taken away, not even for seconds.")
    return ""


def run(bench: Bench, examination: Examination) -> Step:
    """Makes the change, probes, and puts everything back whatever was seen. Raises Ended, LockLost."""
    plan = plan_of(examination)
    if plan is None:
        return steps.conclude(bench.step, Step.State.FAILED, why_not(examination))
    bench.step.diff = clean(plan.diff())
    bench.step.save(update_fields=["diff"])
    during = bench.without(plan, BROWSERS)
    if during.is_well:
        message = _("Without .htaccess the site answers well: the fault is in that file.")
    else:
        message = _("Without .htaccess the site fails all the same: the fault is elsewhere.")
    return bench.conclude(message, pages_after=list(during.pages), helped=during.is_well)
