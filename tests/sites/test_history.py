from __future__ import annotations

import random
from datetime import timedelta

import pytest

from sites import history, rollups
from sites.models import DayRollup, Notification, ProbeResult, Transition
from sites.probing.outcome import Kind, Purpose
from tests.factories import make_site, make_team, make_user
from tests.sites.samples import START, fail, see


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95, 1.0])
def test_percentile_is_right_within_a_class(share):
    chance = random.Random(7)
    times = sorted(chance.lognormvariate(5, 1) for _ in range(2000))
    buckets = rollups.merge([{rollups.bucket(ms): 1} for ms in times])
    exact = times[max(0, round(share * len(times)) - 1)]
    assert exact <= rollups.percentile(buckets, share) * 1.01 <= exact * 1.25


def test_percentile_of_nothing_is_nothing():
    assert (rollups.percentile({}, 0.5), rollups.availability(0, 0), rollups.availability(3, 1)) == (None, None, 0.75)


@pytest.mark.parametrize("ms", [0.0, 0.4, 1.0, 1.2, 38.0, 60_000.0])
def test_class_holds_its_time(ms):
    assert rollups.upper_ms(rollups.bucket(ms)) >= ms - 1e-6


@pytest.mark.django_db
def test_day_counts_routine_probes_only():
    site = make_site()
    pages = site.pages.all()
    see(pages, 0, ms=50.0)
    see(pages, 60, ms=100.0)
    see(pages, 120, Kind.SERVER_ERROR)
    see(pages, 125, purpose=Purpose.CONFIRMATION)
    see(pages, 140, purpose=Purpose.CONFIRMATION)
    see(pages, 180, Kind.BLOCKED)
    see(pages, 86_400, ms=50.0)
    first, second = DayRollup.objects.order_by("day")
    assert (first.good, first.suspect, first.failed, first.ms_sum) == (2, 1, 0, 150.0)
    assert first.buckets == {rollups.bucket(50.0): 1, rollups.bucket(100.0): 1}
    assert (second.day, second.good) == (START.date() + timedelta(days=1), 1)


@pytest.mark.django_db
def test_prune_keeps_what_is_still_wanted(monkeypatch):
    monkeypatch.setattr(history, "_AT_ONCE", 2)
    site = make_site(make_team(members=(make_user(),)))
    for minute in range(5):
        see(site.pages.all(), minute * 60)
    fail(site, 600)
    Notification.objects.update(body_text="text", body_html="html")
    assert history.prune_history(START + timedelta(days=1)) == {"good": 0, "failures": 0, "transitions": 0, "mail_bodies": 0}
    assert history.prune_history(START + timedelta(days=3))["good"] == 5
    assert (ProbeResult.objects.count(), Transition.objects.count()) == (2, 3)
    assert history.prune_history(START + timedelta(days=91))["failures"] == 2
    created = Notification.objects.get().created_at
    assert history.prune_history(created + timedelta(days=366))["mail_bodies"] == 1
    assert (Notification.objects.get().body_text, DayRollup.objects.count()) == ("", 1)
