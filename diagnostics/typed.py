"""What persons typed for a repair, wherever it is kept: offered, answered with, and forgotten in one place."""

from __future__ import annotations

from .models import GivenLogin, GivenPassword, RepairCase, Step
from .offering import Offer
from .password_files import given as password
from .site_databases import given as login


def offers(case: RepairCase) -> list[Offer]:
    """What can be written with it."""
    return [*login.offers(case), *password.offers(case)]


def answers_of(step: Step) -> list[tuple[str, str]]:
    """The answers of a step, in memory only with what was typed."""
    return password.answers_of(step) if step.repair_id == password.REPAIR else login.answers_of(step)


def forget_used(step: Step) -> None:
    """It stands on the host now, and is needed here no more."""
    for each, given in ((login, GivenLogin), (password, GivenPassword)):
        if step.repair_id == each.REPAIR:
            given.forget(step.case)


def forget_old() -> int:
    """Lets go of what no repair needs any more. Returns how many."""
    return GivenLogin.forget_old() + GivenPassword.forget_old()
