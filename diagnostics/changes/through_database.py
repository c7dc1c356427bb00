"""Steps of the guided repair that change a database: a dump is put back, after one of what is there now. Kept only where it helps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import examining, repairing, steps
from diagnostics.connections import politeness, purposes
from diagnostics.connections.locking import HostBusy, LockLost
from diagnostics.examining import Examination
from diagnostics.facts.settings.logins import DatabaseLogin
from diagnostics.findings import Severity
from diagnostics.models import DatabaseChange, DatabaseDump, RepairCase, Step
from diagnostics.site_databases import dumping, store
from diagnostics.site_databases.reaching import Unreachable, login_of, why_not_from_here
from diagnostics.transports.base import TransportError
from sites import read_only
from sites.credentials import SecretUnreadable
from sites.models import Site

from . import changing, database_hand, tables_repaired
from .executor import Executor

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

GUIDE_STEP = "database"
RESTORE = "database-restore"
_KEPT_EVERY_S = 15.0
Phase, Kind = DatabaseChange.Phase, DatabaseChange.Kind
_NOT_YET = (Phase.PLANNED, Phase.NOT_MADE)


def is_one(step_id: int) -> bool:
    """Whether a step is a change inside a database."""
    return DatabaseChange.objects.filter(step_id=step_id).exists()


# --- started --------------------------------------------------------------------------------------
def start_restore(case: RepairCase, dump: DatabaseDump, user: AbstractBaseUser | None) -> Step:
    """Starts putting a dump back. Raises RepairRefused."""
    if why := why_not(case.site):
        raise repairing.RepairRefused(why)
    if dump.site_id != case.site_id or dump.state != DatabaseDump.State.KEPT:
        raise repairing.RepairRefused(_("This dump is no longer kept. Nothing was changed."))
    title = _("Put the database back as it was on %(day)s") % {"day": f"{timezone.localtime(dump.began_at):%Y-%m-%d %H:%M}"}
    with transaction.atomic():
        step = repairing.new_step(case, GUIDE_STEP, "repair", title, user, repair_id=RESTORE)
        DatabaseChange.objects.create(step=step, kind=Kind.RESTORE, dump=dump, recorded_at=timezone.now())
    return step


def why_not(site: Site) -> str:
    """Why nothing can be changed in a database of this site from here; empty where it can."""
    if site.host is None:
        return _("There is no connection to the files of this site.")
    return read_only.words(site) or why_not_from_here(site.host)


# --- run ------------------------------------------------------------------------------------------
def run_step(step_id: int) -> Step:
    """Runs a step that waits; harmless when run twice. While the host is busy it goes on waiting."""
    step = Step.objects.select_related("case__site__host", "case__incident", "created_by").get(pk=step_id)
    if step.state != Step.State.QUEUED:
        return step
    try:
        with purposes.doing("repair", site=step.case.site, step_id=step.pk, user=step.created_by):
            return repairing.under_lock(step.case.site, lambda executor: _run(step, executor))
    except HostBusy:
        return step
    except TransportError as error:
        return _lost(step, error)


def _lost(step: Step, error: TransportError) -> Step:
    """Before anything was changed it waits again or ends here; what was begun is left to recovery."""
    if isinstance(error, politeness.ConnectionBusy) and steps.put_back(step, error.message):
        return step
    step.refresh_from_db()
    change = database_hand.of(step)
    if step.state in (Step.State.QUEUED, *steps.UNFINISHED) and change is not None and change.phase in _NOT_YET:
        why = f"{error.message} {error.hint}".strip()
        steps.conclude(step, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": why})
    return step


def _run(step: Step, executor: Executor) -> Step:
    if why := why_not(step.case.site):
        return steps.conclude(step, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": why})
    if not steps.claim(step):
        return step
    try:
        before = changing.look(step.case.site, keeping=executor)
        if before.is_well:
            return _not_needed(step)
        examination = examining.examine(step.case.site, executor.reader, before.view)
        change = database_hand.of(step)
        assert change is not None
        work = tables_repaired.run if change.kind == Kind.REPAIR_TABLES else _restore
        return work(step, change, executor, examination, before)
    except LockLost as error:
        step.message = str(error)  # its state is left as it is: whoever holds the lock now takes it back
        step.save(update_fields=["message"])
        return step


def _not_needed(step: Step) -> Step:
    database_hand.record(step.database_change, Phase.NOT_MADE)
    return steps.conclude(step, Step.State.FAILED, _("Every page answers as expected, so nothing was changed."))


def _restore(step: Step, change: DatabaseChange, executor: Executor, examination: Examination, before: changing.Seen) -> Step:
    try:
        login = _prepared(step, change, executor, examination)
    except (dumping.NotDumped, Unreachable, SecretUnreadable, store.DumpBroken) as error:
        database_hand.record(change, Phase.NOT_MADE)
        return steps.conclude(step, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": error})
    pages = {"pages_before": list(before.pages)}
    try:
        executor.keep(database_hand.LONGEST_S)
        database_hand.put_in(executor.reader, login, change.dump)
        held = dumping.digests(executor.reader, login, _keeping(executor))
    except (database_hand.NotPutIn, dumping.NotDumped, Unreachable) as error:
        return changing.take_back(step, executor, str(error), **pages)
    differing = sorted(name for name, digest in change.dump.tables.items() if held.get(name) != digest)
    if set(differing) - set(held):
        return changing.take_back(step, executor, _("Not every table is there after it."), **pages)
    database_hand.record(change, Phase.MADE)
    steps.verifying(step)
    return _judged(step, executor, examination, before, differing, pages)


def _prepared(step: Step, change: DatabaseChange, executor: Executor, examination: Examination) -> DatabaseLogin:
    """The login, once a dump of what is there now is kept and the one to be put back was read through."""
    if change.dump is None:
        raise store.DumpBroken(_("The dump is no longer kept."))
    store.verify(change.dump)
    login = login_of(executor.reader, examination.evidence)
    if login.name != change.dump.name or login.prefix != change.dump.prefix:
        words = {"then": f"{change.dump.name} {change.dump.prefix}", "now": f"{login.name} {login.prefix}"}
        raise Unreachable(_("The dump is of another database or other tables (%(then)s) than the site uses now (%(now)s).") % words)
    executor.keep(database_hand.LONGEST_S)
    made = dumping.make(step.case.site, executor.reader, login, step=step, note=_keeping(executor))
    database_hand.record(change, Phase.RECORDED, before=made, sealed_login=database_hand.sealed(login))
    return login


def _keeping(executor: Executor) -> Callable[[], None]:
    """Called for each block: keeps the host now and then."""
    last = time.monotonic()

    def note() -> None:
        nonlocal last
        if time.monotonic() - last > _KEPT_EVERY_S:
            last = time.monotonic()
            executor.keep(database_hand.LONGEST_S)

    return note


def _judged(
    step: Step, executor: Executor, examination: Examination, before: changing.Seen, differing: list[str], pages: dict[str, object]
) -> Step:
    """What it did to the site: well, or at least nothing wrong with the database any more; else it is taken back."""
    site = step.case.site
    after = changing.look(site, as_answered=True, keeping=executor)
    pages["pages_after"] = list(after.pages)
    if differing:
        pages["differing"] = differing[:50]  # the site has written to them since
    if after.is_well:
        after = changing.stays_well(site, executor, before)
        pages["pages_after"] = list(after.pages)
    if after.is_well:
        return changing.not_proven(step, "", after, **pages) if after.unmet else changing.cured(step, **pages)
    again = examining.examine(site, executor.reader, after.view)
    if not _speak_of_database(examination) or _speak_of_database(again):
        return changing.take_back(step, executor, _("It did not help."), **pages)
    return steps.conclude(step, Step.State.DONE_NOT_CURED, _("The database is well now, but the site is not yet."), **pages)


def _speak_of_database(examination: Examination) -> bool:
    found = (each for each in examination.findings if each.severity is Severity.CRITICAL)
    return any(each.cause.startswith("database-") for each in found)
