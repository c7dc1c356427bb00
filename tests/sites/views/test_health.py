from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sites.health import deadman
from sites.health import watching as health
from sites.models import BehindAlarm, Page, SignOfLife, Site
from tests.factories import make_site, make_user
from tests.sites.views.pages import World, client_of, make_mail, make_world, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    made = make_world()
    now = timezone.now()
    Page.objects.update(last_at=now, anchor_at=now, due_at=now + timedelta(seconds=60))
    return made


def all_alive(monkeypatch) -> None:
    for queue in health.QUEUES:
        health.beat_of(queue)
    monkeypatch.setattr("sites.fleet.queue_sizes", lambda: dict.fromkeys(health.QUEUES, 0))  # no broker runs in the tests


def test_health_is_well_when_all_runs(world, monkeypatch):
    all_alive(monkeypatch)
    page = words(world.owner.get("/health/"))
    assert "Sitemend itself is well." in page and "None: every site brings its results in time." in page
    assert page.count("Served") == 3 and "0 tasks wait" in page


def test_health_names_what_stands_still_and_whom_it_concerns(world, monkeypatch):
    all_alive(monkeypatch)
    SignOfLife.objects.filter(name="queue:probes").update(at=timezone.now() - timedelta(minutes=5))
    past = timezone.now() - timedelta(minutes=30)
    theirs = make_site(name="Theirs")
    Page.objects.update(last_at=past, anchor_at=past, due_at=past)
    page = words(world.owner.get("/health/"))
    assert "Sitemend itself needs you: 2 things." in page
    assert "No worker serves the queue “probes”" in page and "2 sites have not been probed for up to 30 min." in page
    assert "Shop" in page and theirs.name not in page


def test_paused_sites_are_listed_as_on_purpose(world, monkeypatch):
    all_alive(monkeypatch)
    Site.objects.update(paused_at=timezone.now() - timedelta(days=12))
    Page.objects.update(due_at=None)
    page = words(world.owner.get("/health/"))
    assert "Sitemend itself is well." in page and "On purpose paused for 12 days" in page


def test_installation_is_shown_to_administrators_only(world, monkeypatch):
    all_alive(monkeypatch)
    make_mail(None, dedupe_key="z", state="failed", last_error="550 no such user", recipient="lost@example.org")
    assert "State folder" not in words(world.owner.get("/health/"))
    page = words(client_of(make_user("ada", is_superuser=True)).get("/health/"))
    assert "lost@example.org: 550 no such user" in page and "Version" in page and "are free" in page


def test_dead_mans_switch_is_explained_and_shown_without_its_secret(world, settings):
    assert "set SITEMEND_DEADMAN_URL" in words(world.owner.get("/health/"))
    settings.SITEMEND_DEADMAN_URL = "https://hc-ping.example/0a1b-secret"
    health.sign(health.DEAD_MAN, {"last_good_at": timezone.now().isoformat(), "status": 200})
    page = words(world.owner.get("/health/"))
    assert deadman.shown_url() in page and "secret" not in page and "200, as expected" in page
    assert "200, as expected" in words(world.owner.get("/settings/"))
    health.sign(health.DEAD_MAN, {"held_back": "Probing is 90 s behind."})
    assert "Held back on purpose, so that it raises its alarm: Probing is 90 s behind." in words(world.owner.get("/health/"))


def test_every_page_says_that_sitemend_is_behind(world):
    assert "Sitemend itself is behind" not in words(world.owner.get("/settings/"))
    now = timezone.now()
    BehindAlarm.objects.create(began_at=now, not_probed_since=now, most_sites=34, told_at=now)
    for path in ("/", "/settings/", "/incidents/"):
        assert "Sitemend itself is behind: not every site has been probed since" in words(world.owner.get(path))


def test_changing_part_alone_for_htmx(world):
    answer = world.owner.get("/health/", headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode() and 'id="live"' in answer.content.decode()
