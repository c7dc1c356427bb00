"""The user name and password that a person types for a new password file: hashed at once, proposed, then written as any repair is.

The password itself is stored nowhere. Its hash is sealed as long as the repair needs it, and forgotten after that.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import bcrypt
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics import examining, offering, steps
from diagnostics.changes import changing
from diagnostics.connections import connecting, purposes
from diagnostics.connections.telling import clean
from diagnostics.examining import Examination
from diagnostics.models import GivenPassword, RepairCase, Step
from diagnostics.repairs import new_password_file
from diagnostics.repairs.new_password_file import BESIDE, FOLDER, INSIDE, WHERE
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import CannotPlan, try_plan
from diagnostics.transports.base import TransportError
from sites.credentials import SecretUnreadable, seal, sent_login, unseal
from sites.models import Site

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

GUIDE_STEP = "htaccess"
REPAIR, CAUSE = new_password_file.ID, new_password_file.CAUSE
LONGEST = 72  # bytes of a password that bcrypt looks at
_ROUNDS = 8  # Apache compares it again for every single request: some ten milliseconds each
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another one
_GROUPS, _GROUP = 4, 5  # 99 bits


def generated() -> str:
    """A strong password that can be read out and typed."""
    return "-".join("".join(secrets.choice(_LETTERS) for _each in range(_GROUP)) for _group in range(_GROUPS))


def hashed(password: str) -> str:
    """As it stands in a password file: bcrypt under the name that every Apache 2.4 knows."""
    made = bcrypt.hashpw(password.encode(), bcrypt.gensalt(_ROUNDS)).decode()
    return made.replace("$2b$", "$2y$", 1)  # two names of the same: APR-util compares $2a$ and $2y$ only


# --- given ----------------------------------------------------------------------------------------
def keep(
    case: RepairCase, *, user_name: str, password: str, server_folder: str = "", user: AbstractBaseUser | None = None
) -> GivenPassword:
    """Stores what a person chose, in place of what was chosen before."""
    values = {
        "user_name": user_name,
        "server_folder": server_folder,
        "sealed_hash": seal(hashed(password)),
        "offers": [],
        "given_by": user,
        "given_at": timezone.now(),
    }
    return GivenPassword.objects.update_or_create(case=case, defaults=values)[0]


def answers(given: GivenPassword) -> list[tuple[str, str]]:
    """What was given, in the open: for the plan only. Raises SecretUnreadable."""
    return [("user", given.user_name), ("hash", unseal(given.sealed_hash)), (FOLDER, given.server_folder)]


def offers(case: RepairCase) -> list[offering.Offer]:
    """What would be written, the better place first; nothing for which the host was found to be no longer as it was."""
    given = GivenPassword.of(case)
    stale = set(case.steps.filter(repair_id=REPAIR, state=Step.State.STALE).values_list("plan_digest", flat=True)) if given else set()
    return [offering.stored(row) for row in given.offers if row["digest"] not in stale] if given else []


# --- looked at ------------------------------------------------------------------------------------
def look(step: Step) -> Step:
    """Reads the site again and proposes what would be written. Writes nothing."""
    site = step.case.site
    seen = changing.look(site)
    pages: dict[str, Any] = {"pages_after": list(seen.pages)}
    try:
        with purposes.doing("look", site=site, step_id=step.pk, user=step.created_by), connecting.reader_for(site.host) as reader:
            examination = examining.examine(site, reader, seen.view)
        message = _proposed(step, examination)
    except SecretUnreadable as error:
        return steps.conclude(step, Step.State.FAILED, str(error), **pages)
    except TransportError as error:
        why = f"{error.message} {error.hint}".strip()
        return steps.conclude(step, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": why}, **pages)
    return steps.conclude(step, Step.State.DONE, clean(message), **pages)


def _proposed(step: Step, examination: Examination) -> str:
    given = GivenPassword.of(step.case)
    finding = next((each for each in examination.findings if REPAIR in each.repairs), None)
    if given is None:
        return _("What was typed is no longer kept. Type it again.")
    if finding is None:
        return _("Nothing says now that a password file is missing, so nothing is proposed.")
    told = answers(given)
    tried = {where: try_plan(REPAIR, examination.evidence, finding, [(WHERE, where), *told]) for where in (BESIDE, INSIDE)}
    plans = {where: plan for where, plan in tried.items() if isinstance(plan, Plan)}
    made = [replace(offering.of_plan(plan, finding), answers=((WHERE, where),)) for where, plan in plans.items()]
    cautioned = [replace(each, caution=f"{each.caution} {_of_probes(step.case.site, given)}".strip()) for each in made]
    GivenPassword.objects.filter(pk=given.pk).update(offers=[asdict(each) for each in cautioned])
    if made:
        return _("See below what would be written. Nothing is changed yet.")
    why = next((plan.why for plan in tried.values() if isinstance(plan, CannotPlan)), "")
    return _("It could not be proposed: %(why)s") % {"why": _(why)} if why else _("There is nothing to write.")


def _of_probes(site: Site, given: GivenPassword) -> str:
    """What the probes of this site will meet afterwards, where that is not what they should."""
    sent = sent_login(site)
    if sent is None:
        return _("The probes of this site send no password, so these pages will answer them 401: see the settings of the site.")
    if sent[0] == given.user_name and bcrypt.checkpw(sent[1].encode()[:LONGEST], unseal(given.sealed_hash).encode()):
        return ""
    return _("The probes of this site send another name or password, and will be refused (401) until its settings have the new one.")
