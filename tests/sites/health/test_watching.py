from __future__ import annotations

from collections import namedtuple
from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone
from kombu import Connection

from sites import delivery
from sites.health import watching as health
from sites.models import BehindAlarm, HealthSample, Notification, Page, SignOfLife
from tests.factories import make_site, make_user

pytestmark = pytest.mark.django_db


def neglect(count: int = 2, minutes: float = 12) -> None:
    """So many sites, each without a result for these minutes."""
    since = timezone.now() - timedelta(minutes=minutes)
    for _ in range(count):
        make_site().pages.update(last_at=since, anchor_at=since, due_at=since)


def probe_again() -> None:
    now = timezone.now()
    Page.objects.update(last_at=now, due_at=now + timedelta(seconds=60))


@pytest.fixture
def administrator():
    return make_user("ada", is_superuser=True)


def kinds() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("kind", flat=True))


def test_all_in_order_is_no_alarm(administrator):
    make_site()
    probe_again()
    health.sample()
    assert (BehindAlarm.objects.count(), kinds(), HealthSample.objects.count()) == (0, [], 1)


def test_neglected_sites_are_told_once_to_administrators_and_again_when_it_is_over(administrator):
    make_user("otto")
    make_user("no-mail", email="", is_superuser=True)
    neglect()
    now = timezone.now()
    health.watch_for_neglect(now)
    assert kinds() == []
    for minute in (1, 2, 3):
        health.watch_for_neglect(now + timedelta(minutes=minute))
    assert (kinds(), Notification.objects.get().recipient) == (["behind"], "ada@example.org")
    probe_again()
    for _ in range(2):
        health.watch_for_neglect(timezone.now())
    assert kinds() == ["behind", "behind-over"]
    assert BehindAlarm.objects.get().is_open is None


def test_what_is_over_at_the_second_look_is_not_told(administrator):
    neglect()
    health.watch_for_neglect()
    probe_again()
    health.watch_for_neglect()
    assert (kinds(), BehindAlarm.objects.count()) == ([], 0)


def test_mails_say_how_many_since_when_and_where_to_look(administrator):
    neglect(3)
    now = timezone.now()
    for minute in (0, 1):
        health.watch_for_neglect(now + timedelta(minutes=minute))
    probe_again()
    health.watch_for_neglect(timezone.now())
    assert delivery.deliver_due(now + timedelta(minutes=2)) == 2
    behind, over = Notification.objects.order_by("pk")
    assert behind.subject == "Sitemend itself is behind: 3 sites are not probed"
    assert "3 sites have not been probed for three of their intervals or more, the first since" in behind.body_text
    assert "/health/" in behind.body_text and "You are an administrator" in behind.body_text
    assert over.subject == "Sitemend is on time again: every site is probed"
    assert "Up to 3 sites were not probed in time from" in over.body_text
    assert {behind.state, over.state} == {"sent"}


def test_another_spell_is_told_again(administrator):
    neglect()
    start = timezone.now()
    for spell in range(2):
        Page.objects.update(last_at=start - timedelta(minutes=12))
        for minute in (0, 1):
            health.watch_for_neglect(start + timedelta(minutes=10 * spell + minute))
        probe_again()
        health.watch_for_neglect(timezone.now())
    assert kinds() == ["behind", "behind-over"] * 2


def test_paused_sites_are_not_neglected():
    neglect()
    Page.objects.update(due_at=None)
    assert health.neglected_sites() == []


def test_site_with_several_silent_pages_counts_once():
    since = timezone.now() - timedelta(minutes=20)
    site = make_site(paths=("/a", "/b"))
    site.pages.update(last_at=since, anchor_at=since, due_at=since)
    [row] = health.neglected_sites()
    assert (row.site_id, row.waiting_since, row.interval_s) == (site.pk, since, 60)


def test_signs_of_life_tell_what_runs(settings):
    for queue in ("probes", "mail"):
        health.beat_of(queue)
    SignOfLife.objects.filter(name="queue:mail").update(at=timezone.now() - timedelta(minutes=5))
    found = health.look()
    assert [(worker.queue, worker.alive) for worker in found.workers] == [("probes", True), ("hosts", False), ("mail", False)]
    assert found.beat_alive


def test_no_sign_of_life_and_no_broker_are_named(monkeypatch):
    monkeypatch.setattr(current_app, "connection_for_read", lambda: Connection("redis://127.0.0.1:9/0"))  # nobody listens there
    found = health.look()
    assert not found.broker_answers and not found.beat_alive
    assert "broker" in found.why
    [trouble] = found.troubles
    assert trouble.startswith(found.why) and "REDIS_URL" in trouble


@pytest.mark.parametrize(
    ("free", "total", "low"),
    [(499 << 20, 1 << 30, True), (501 << 20, 1 << 30, False), (600 << 20, 20 << 30, True), (2 << 30, 20 << 30, False)],
)
def test_disk_is_low_below_500_mb_or_5_percent(free, total, low):
    assert health.Room(free, total).is_low is low


def test_room_is_read_from_the_disk(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: usage(100, 99, 1))
    assert health.room(tmp_path) == health.Room(1, 100)
    assert "nearly full" in " ".join(health.look().troubles)


def test_samples_are_kept_for_two_days_and_give_the_worst_lag():
    now = timezone.now()
    HealthSample.objects.create(at=now - timedelta(days=3), lag_s=900, probes=1)
    HealthSample.objects.create(at=now - timedelta(minutes=30), lag_s=42, probes=100)
    health.sample(now)
    found = health.look(now)
    assert (HealthSample.objects.count(), found.worst_lag_s, found.probes_per_minute) == (2, 42, 50)


def test_frame_warns_only_of_what_is_told(administrator):
    neglect()
    now = timezone.now()
    health.watch_for_neglect(now)
    assert health.frame_warning() == ""
    health.watch_for_neglect(now + timedelta(minutes=1))
    assert health.frame_warning().startswith("Sitemend itself is behind: not every site has been probed since")


def test_a_result_is_a_sign_of_life_of_who_probes():
    make_site()
    probe_again()
    assert [worker.alive for worker in health.look().workers] == [True, False, False]
