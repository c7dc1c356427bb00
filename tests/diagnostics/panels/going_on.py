"""Changes through a panel brought forward by a test: look after look, with the clock of the simulation."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_network

import pytest
from django.conf import settings
from django.db.models import Model
from django.utils import timezone

from diagnostics import tasks
from diagnostics.models import HostLock, PanelChange, Step
from sites.models import Host, Site
from tests.factories import make_site
from tests.http_server import HttpServer, Received, Reply
from tests.ovhcloud import OvhcloudHost


@contextmanager
def answering(is_well: Callable[[], bool]) -> Iterator[HttpServer]:
    """A server whose start page fails while its code is not well; another page of it never does."""

    def answer(_request: Received) -> Reply:
        return Reply(200, body=b"<h1>Shop</h1>") if is_well() else Reply(500, body=b"broken")

    with HttpServer() as made:
        made.route("/", answer)
        made.route("/other", Reply(200, body=b"<h1>Other</h1>"))
        yield made


def site_at(server: HttpServer, host: Host, monkeypatch: pytest.MonkeyPatch, **more: object) -> Site:
    """A site of this account that is answered by this server, which lies in the own network."""
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))
    return make_site(host.team, name="shop", url=server.url("/"), host=host, **more)


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
