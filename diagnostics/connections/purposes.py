"""For what, and by whom, something is done on a host: known while it is done, so that it can be noted and given its turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from django.utils.translation import gettext_lazy

from diagnostics.models import HostAction, Step
from sites import cli
from sites.models import Site

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

Actor = HostAction.Actor
PURPOSES = {
    "": gettext_lazy("Reading"),
    "access-log": gettext_lazy("Reading the access logs"),
    "baseline": gettext_lazy("Taking a baseline of the files"),
    "comparison": gettext_lazy("Looking what changed in the files"),
    "diagnosis": gettext_lazy("Finding the cause"),
    "folders": gettext_lazy("Looking for folders and logs"),
    "look": gettext_lazy("Looking"),
    "policy-repair": gettext_lazy("Repair, by the site's settings"),
    "policy-trial": gettext_lazy("Trial, by the site's settings"),
    "recovery": gettext_lazy("Taking back what was interrupted"),
    "repair": gettext_lazy("Repair"),
    "tasks": gettext_lazy("Watching what the host is doing"),
    "test": gettext_lazy("Testing the connection"),
    "trial": gettext_lazy("Trial"),
    "undo": gettext_lazy("Undo"),
}


def words(purpose: str) -> str:
    """What it is for, for a person."""
    return str(PURPOSES.get(purpose, purpose))


@dataclass(frozen=True, slots=True)
class Doing:
    """For what and by whom something is done on a host, as far as that is known."""

    purpose: str = ""
    site_id: int | None = None
    step_id: int | None = None
    user: Any = None  # a person, or None

    @property
    def actor(self) -> str:
        if self.user is not None and self.user.pk:
            return Actor.PERSON
        return Actor.SHELL if cli.by_shell.get() else Actor.ITSELF

    def columns(self) -> dict[str, Any]:
        """As the table takes it."""
        person = self.user if self.actor == Actor.PERSON else None
        keys = {"site_id": self.site_id, "step_id": self.step_id, "user_id": person.pk if person else None}
        return {"purpose": self.purpose, "actor": self.actor, **keys}


_NOTHING = Doing()
_doing: ContextVar[Doing] = ContextVar("doing", default=_NOTHING)
P, T = ParamSpec("P"), TypeVar("T")


def now_doing() -> Doing:
    """What is being done at this moment in this thread."""
    return _doing.get()


@contextmanager
def doing(purpose: str, *, site: Site | None = None, **known: Any) -> Iterator[None]:
    """What happens on hosts meanwhile is for this. `step_id` and `user` where known; what is not given stays as it was."""
    if site is not None:
        known["site_id"] = site.pk
    token = _doing.set(replace(_doing.get(), purpose=purpose, **known))
    try:
        yield
    finally:
        _doing.reset(token)


@contextmanager
def by(user: AbstractBaseUser | None) -> Iterator[None]:
    """What happens on hosts meanwhile was asked for by this person."""
    token = _doing.set(replace(_doing.get(), user=user))
    try:
        yield
    finally:
        _doing.reset(token)


def of_step(work: Callable[P, T]) -> Callable[P, T]:
    """For methods whose first argument is a step: what they do on the host is for it."""

    @wraps(work)
    def noted(*args: P.args, **kwargs: P.kwargs) -> T:
        step: Step = args[1]  # type: ignore[assignment]
        with doing(_doing.get().purpose or step.action, site=step.case.site, step_id=step.pk):
            return work(*args, **kwargs)

    return noted
