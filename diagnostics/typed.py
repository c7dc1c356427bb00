"""What persons typed for a repair, wherever it is kept: offered, answered with, and forgotten in one place."""

from __future__ import annotations

from sites.credentials import SecretUnreadable

from .models import GivenLogin, GivenPassword, RepairCase, Step
from .offering import Offer
from .password_files import given as password
from .site_databases import given as login


def offers(case: RepairCase) -> list[Offer]:
    """What can be written with it."""
    return [*login.offers(case), *password.offers(case)]


def answers_of(step: Step) -> list[tuple[str, str]]:
    """The answers of a step, in memory only with what was typed."""
    stored = [(str(name), str(value)) for name, value in step.answers]
    try:
        return [*stored, *_typed(step)]
    except SecretUnreadable:
        return stored  # without what was typed there is no plan, and nothing is written


def _typed(step: Step) -> list[tuple[str, str]]:
    if step.repair_id == login.REPAIR and (told := GivenLogin.of(step.case)) is not None:
        return login.answers(told)
    if step.repair_id == password.REPAIR and (chosen := GivenPassword.of(step.case)) is not None:
        return password.answers(chosen)
    return []


def forget_used(step: Step) -> None:
    """It stands on the host now, and is needed here no more."""
    for each, given in ((login, GivenLogin), (password, GivenPassword)):
        if step.repair_id == each.REPAIR:
            given.forget(step.case)


def forget_old() -> int:
    """Lets go of what no repair needs any more. Returns how many."""
    return GivenLogin.forget_old() + GivenPassword.forget_old()
