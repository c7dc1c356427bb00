from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sites.history import keeping as history
from sites.history import rolling
from sites.models import DayRollup, Notification, ProbeResult, Transition
from tests.factories import make_site, make_team, make_user
from tests.sites.samples import START, fail, see

pytestmark = pytest.mark.django_db


def kept(now: datetime) -> dict[str, int]:
    """What pruning removes at this moment, without what it leaves alone."""
    return {name: count for name, count in history.prune_history(now).items() if count}


def test_prune_keeps_what_is_still_wanted(monkeypatch):
    monkeypatch.setattr(history, "_AT_ONCE", 2)
    site = make_site(make_team(members=(make_user(),)))
    for minute in range(5):
        see(site.pages.all(), minute * 60)
    fail(site, 600)
    rolling.roll_up()
    Notification.objects.update(body_text="text", body_html="html")
    assert kept(START + timedelta(hours=6)) == {}
    assert kept(START + timedelta(hours=7)) == {"good": 5}
    assert (ProbeResult.objects.count(), Transition.objects.count()) == (2, 3)
    assert kept(START + timedelta(hours=26)) == {"minutes": 1}
    assert kept(START + timedelta(days=90, hours=1)) == {"failures": 2, "transitions": 3, "hours": 1}
    created = Notification.objects.get().created_at
    assert history.prune_history(created + timedelta(days=366))["mail_bodies"] == 1
    assert (Notification.objects.get().body_text, DayRollup.objects.count()) == ("", 1)
    assert history.prune_history(START + timedelta(days=733))["days"] == 1


def test_result_that_is_not_counted_yet_is_kept():
    site = make_site()
    see(site.pages.all(), 0)
    assert kept(START + timedelta(days=1)) == {}
    rolling.roll_up()
    assert kept(START + timedelta(days=1)) == {"good": 1}


def test_newest_results_of_a_page_that_is_probed_seldom_stay_longer():
    site = make_site(interval_s=3600)
    for hour in range(30):
        see(site.pages.all(), 3600 * hour)
    rolling.roll_up()
    assert kept(START + timedelta(hours=30))["good"] == 6
    assert ProbeResult.objects.count() == 24


def test_prune_goes_through_all_in_small_steps(monkeypatch):
    monkeypatch.setattr(history, "_AT_ONCE", 3)
    seldom, often = make_site(interval_s=86_400), make_site()
    for minute in range(8):
        see([*seldom.pages.all(), *often.pages.all()], minute * 60)
    rolling.roll_up()
    assert kept(START + timedelta(hours=7)) == {"good": 8}
    assert set(ProbeResult.objects.values_list("page__site", flat=True)) == {seldom.pk}
