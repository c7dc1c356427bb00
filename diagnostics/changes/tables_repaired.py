"""Damaged tables repaired by their own server, after a dump of what can be read of them; checked again, and the site asked."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import repairing, steps
from diagnostics.examining import Examination
from diagnostics.facts.settings.logins import DatabaseLogin
from diagnostics.models import DatabaseChange, DatabaseDump, RepairCase, Step
from diagnostics.site_databases import checking
from diagnostics.site_databases.reaching import Unreachable, login_of, quoted
from sites.credentials import SecretUnreadable

from . import changing, database_hand
from .executor import Executor

REPAIR = "database-tables"
_WAYS = ("", " EXTENDED", " USE_FRM")  # each asks more of the server than the one before; the last makes the index file anew
Phase, Kind = DatabaseChange.Phase, DatabaseChange.Kind


def look_of(case: RepairCase) -> dict[str, object] | None:
    """What the last check found, unless something was repaired since."""
    rows = case.steps.filter(guide_step="database", repair_id=REPAIR).order_by("-pk")
    last = rows.exclude(state__in=(Step.State.FAILED, Step.State.STALE)).first()
    found = last.result.get(checking.DAMAGED) if last is not None and last.action == "look" and last.state == Step.State.DONE else None
    return found or None


def start(case: RepairCase, typed: str, user: object) -> Step:
    """Starts it for the tables that the last check named. Raises RepairRefused."""
    found = look_of(case)
    names = checking.repairable(found) if found else []
    if not found or not names:
        raise repairing.RepairRefused(_("Check the tables first."))
    if not found["is_copied"] and typed.strip() != found["database"]:
        raise repairing.RepairRefused(_("Type the name of the database as it is shown. Nothing was changed."))
    copy = DatabaseDump.objects.filter(pk=found["copy"], site=case.site, state=DatabaseDump.State.KEPT).first() if found["copy"] else None
    if found["is_copied"] and copy is None:
        raise repairing.RepairRefused(_("The dump of these tables is no longer kept. Check the tables again."))
    title = _("Repair the damaged tables: %(names)s") % {"names": ", ".join(names)}
    with transaction.atomic():
        step = repairing.new_step(case, "database", "repair", title, user, repair_id=REPAIR)
        DatabaseChange.objects.create(step=step, kind=Kind.REPAIR_TABLES, tables=names, before=copy, recorded_at=timezone.now())
    return step


def run(step: Step, change: DatabaseChange, executor: Executor, examination: Examination, before: changing.Seen) -> Step:
    """Carries it out. The caller holds the host."""
    pages: dict[str, object] = {"pages_before": list(before.pages)}
    try:
        login = login_of(executor.reader, examination.evidence)
        now = [each.name for each in checking.damaged(executor.reader, login) if each.is_repairable]
        if sorted(now) != sorted(change.tables):
            return _not_begun(step, change, Step.State.STALE, _("Other tables are damaged now than were shown. Nothing was changed."))
    except (Unreachable, SecretUnreadable) as error:
        return _not_begun(step, change, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": error})
    executor.keep(database_hand.LONGEST_S)
    copy = change.before
    database_hand.record(change, Phase.RECORDED, sealed_login=database_hand.sealed(login))
    try:
        left = _repaired(executor, login, change.tables)
    except (database_hand.NotPutIn, Unreachable) as error:
        left = {name: str(error) for name in change.tables}
    database_hand.record(change, Phase.MADE)
    if left:
        said = "; ".join(f"{name}: {words}" for name, words in left.items())
        message = _("The server could not repair it all: %(said)s. Put a dump back, or hand this over to the host.") % {"said": said}
        return steps.conclude(step, Step.State.NEEDS_ATTENTION, message[:1000], **pages, **_ending(copy))
    steps.verifying(step)
    after = changing.look(step.case.site, as_answered=True, keeping=executor)
    pages["pages_after"] = list(after.pages)
    if after.is_well:
        after = changing.stays_well(step.case.site, executor, before)
        pages["pages_after"] = list(after.pages)
    if after.is_well:
        if after.unmet:
            return changing.not_proven(step, "", after, **pages, **_ending(copy))
        return changing.cured(step, **pages, **_ending(copy))
    message = _("The tables are well again, but the site is not yet.")
    return steps.conclude(step, Step.State.DONE_NOT_CURED, message, **pages, **_ending(copy))


def _not_begun(step: Step, change: DatabaseChange, state: str, message: str) -> Step:
    database_hand.record(change, Phase.NOT_MADE)
    return steps.conclude(step, state, message)


def _ending(copy: DatabaseDump | None) -> dict[str, str]:
    why = _("What the damaged tables held could not be read before, so there was nothing to keep for an undo.")
    return {} if copy is not None else {Step.UNDO_ENDED: why}


def _repaired(executor: Executor, login: DatabaseLogin, names: list[str]) -> dict[str, str]:
    """Each table in the way that asks least; answers those that are still damaged, with what the server says. Raises NotPutIn."""
    left = dict.fromkeys(names, "")
    for way in _WAYS:
        statements = "".join(f"REPAIR TABLE {quoted(name)}{way};\n" for name in left)
        what = _("%(name)s: damaged tables repaired") % {"name": f"{login.name} ({login.user}, {login.where})"}
        database_hand.run(executor.reader, login, iter((statements.encode("utf-8", "surrogateescape"),)), what)
        still = {each.name: each.said for each in checking.damaged(executor.reader, login)}
        left = {name: still[name] for name in left if name in still}
        if not left:
            break
    return left
