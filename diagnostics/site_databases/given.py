"""The login of a database that a person tells: tried from the host before anything is written, proposed, then written as any repair is.

The password is sealed as long as the repair needs it, and forgotten after that; nothing here shows it, and no note names it.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import databases, examining, offering, steps
from diagnostics.changes import changing
from diagnostics.connections import connecting, purposes
from diagnostics.connections.telling import clean
from diagnostics.examining import Examination
from diagnostics.facts import database
from diagnostics.facts.settings.logins import DatabaseLogin
from diagnostics.facts.settings.writing import ANY
from diagnostics.findings import Finding
from diagnostics.installed import Application, DatabaseTrial
from diagnostics.models import GivenLogin, RepairCase, Step
from diagnostics.repairs import database_login
from diagnostics.repairs.registry import CannotPlan, try_plan
from diagnostics.transports.base import Capability, Reader, TransportError
from sites.credentials import SecretUnreadable, seal, unseal

from .reaching import server_words

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

GUIDE_STEP = "database"
REPAIR = database_login.ID


# --- given ----------------------------------------------------------------------------------------
def keep(case: RepairCase, *, user_name: str, password: str, server: str, name: str, user: AbstractBaseUser | None) -> GivenLogin:
    """Stores what a person says, in place of what was said before. A password that is not given anew stays as it was given."""
    values = {"user_name": user_name, "server": server, "name": name, "offer": {}, "given_by": user, "given_at": timezone.now()}
    if password:
        values["sealed_password"] = seal(password)
    return GivenLogin.objects.update_or_create(case=case, defaults=values)[0]


def answers(given: GivenLogin) -> list[tuple[str, str]]:
    """What was given, in the open: for the plan only. Raises SecretUnreadable."""
    told = {"user": given.user_name, "password": unseal(given.sealed_password), "name": given.name, "host": given.server}
    return [(part, value) for part, value in told.items() if value]


def offers(case: RepairCase) -> list[offering.Offer]:
    """What would be written, once it was tried."""
    given = GivenLogin.of(case)
    return [offering.stored(given.offer)] if given and given.offer else []


# --- tried ----------------------------------------------------------------------------------------
def look(step: Step) -> Step:
    """The look of the guided repair: what the settings say, and where something was given, whether it is right. Writes nothing."""
    site = step.case.site
    seen = changing.look(site)
    pages: dict[str, Any] = {"pages_after": list(seen.pages)}
    try:
        with purposes.doing("look", site=site, step_id=step.pk, user=step.created_by), connecting.reader_for(site.host) as reader:
            examination = examining.examine(site, reader, seen.view)
            message, result = _looked(step, reader, examination)
    except SecretUnreadable as error:
        return steps.conclude(step, Step.State.FAILED, str(error), **pages)
    except TransportError as error:
        why = f"{error.message} {error.hint}".strip()
        return steps.conclude(step, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": why}, **pages)
    return steps.conclude(step, Step.State.DONE, clean(message), **pages, **result)


def _looked(step: Step, reader: Reader, examination: Examination) -> tuple[str, dict[str, Any]]:
    evidence = examination.evidence
    finding = next((each for each in examination.findings if REPAIR in each.repairs), None)
    application = database_login.application_of(evidence, finding) if finding else None
    now = database_login.current(evidence, application) if application else None
    if finding is None or application is None or now is None:
        return _why_nothing(finding, application), {}
    result = {"database": _as_shown(application, now)}
    given = GivenLogin.of(step.case)
    if given is None or step.repair_id != REPAIR:
        return _("The settings were read. Compare them with what your host's panel says of the database."), result
    return _try(step, reader, examination, finding, application, now), result


def _why_nothing(finding: Finding | None, application: Application | None) -> str:
    if finding is None:
        return _("Nothing says now that the login of the database is at fault, so nothing is proposed.")
    if application is None:
        return _("No program was found whose settings hold the login of a database.")
    return _("The settings were found, but not how they give the login of the database. Look at them by hand.")


def _as_shown(application: Application, now: DatabaseLogin) -> dict[str, Any]:
    """What the settings say, without the password."""
    at = [{"part": part, "path": path, "line": line} for part, path, line in application.login_at if part != "prefix"]
    values = {"user": now.user, "name": now.name, "server": now.where, "has_password": bool(now.password)}
    return {"program": application.title, "path": application.settings_path, "at": at, "unknown": list(now.unknown), **values}


def _try(step: Step, reader: Reader, examination: Examination, finding: Finding, application: Application, now: DatabaseLogin) -> str:
    given = GivenLogin.objects.get(case=step.case)
    told = answers(given)
    wanted = database_login.wanted(now, dict(told))
    login = wanted if application.name == ANY else replace(wanted, unknown=())  # of a known program all is known now
    ask = databases.asker(step.case.site.host)
    tried = database.read(reader, application, login, ask)
    if isinstance(tried, DatabaseTrial) and tried.stage in ("connect", "select"):
        GivenLogin.objects.filter(pk=given.pk).update(offer={})
        words = {"code": tried.code, "said": server_words(tried.message), "where": login.where}
        return _("It does not work, so nothing was written. The database at %(where)s says: %(code)d %(said)s") % words
    plan = try_plan(REPAIR, examination.evidence, finding, told)
    if plan is None:
        return _("The settings say just this already, so there is nothing to write.")
    if isinstance(plan, CannotPlan):
        return _("It could not be proposed: %(why)s") % {"why": _(plan.why)}
    caution, message = _judged(tried, login, reader)
    offer = replace(offering.of_plan(plan, finding), answers=(("given", str(given.pk)),), caution=caution)
    GivenLogin.objects.filter(pk=given.pk).update(offer=asdict(offer))
    return message


def _judged(tried: object, login: DatabaseLogin, reader: Reader) -> tuple[str, str]:
    """What is to be known before it is written, and what came out of the trial."""
    if not isinstance(tried, DatabaseTrial):
        why = str(getattr(tried, "why", ""))
        if Capability.RUN_COMMANDS not in reader.capabilities:
            why = _("this connection only moves files, and runs nothing on the host")
        caution = _("It could not be tried before: %(why)s. If it is not right, the site stays down, and the file is put back.")
        return caution % {"why": why.rstrip(".")}, _("It could not be tried. See below what would be written.")
    if not tried.tables:
        caution = _("In this database there is no table whose name begins with “%(prefix)s”: it may be another site's.")
        caution = caution if login.prefix else _("There is no table in this database: it may not be the one that the site had.")
        return caution % {"prefix": login.prefix}, _("The database lets this login in, but this site's tables are not there.")
    words = {"name": tried.name, "tables": tried.tables}
    return "", _("It works: the database “%(name)s” lets this login in, and %(tables)d tables of this site are there.") % words
