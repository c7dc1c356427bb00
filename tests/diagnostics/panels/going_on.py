"""Changes through a panel brought forward by a test: look after look, with the clock of the simulation."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db.models import Model
from django.utils import timezone

from diagnostics import tasks
from diagnostics.models import HostLock, PanelChange, Step
from tests.ovhcloud import OvhcloudHost


def look(step: Step) -> Step:
    """The next look, at once, by a worker that finds no other at it."""
    PanelChange.objects.filter(step=step, next_look_at__isnull=False).update(next_look_at=timezone.now(), held_until=None)
    tasks.run_step(step.pk)
    step.refresh_from_db()
    return step


def to_its_end(ovh: OvhcloudHost, step: Step, seconds: float = 10) -> Step:
    for _look in range(80):
        look(step)
        if not PanelChange.objects.filter(step=step, next_look_at__isnull=False).exists():
            assert not HostLock.objects.filter(lease_until__isnull=False).exists(), "the host's lock is let go of at the end"
            return step
        ovh.clock.forward(seconds)
    raise AssertionError(f"it does not end: {step.state} {step.message} {PanelChange.objects.values().get(step=step)}")


def posts(ovh: OvhcloudHost) -> list[str]:
    return [call.rpartition("/")[2] for call in ovh.calls("POST") if "/hosting/" in call]


class Killed(BaseException):
    """The end of a worker at one moment."""


@contextmanager
def killed_at(number: int, monkeypatch: pytest.MonkeyPatch, stored: bool) -> Iterator[None]:
    """The worker ends when it stores how far a change is for this time: just before, or just after (`stored`)."""
    count = itertools.count(1)

    def save(change: PanelChange, *args: object, **values: object) -> None:
        is_now = next(count) == number
        if stored or not is_now:
            Model.save(change, *args, **values)
        if is_now:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(PanelChange, "save", save)
        yield
