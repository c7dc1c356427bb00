"""What of an incident is told after its site was muted, or after people believed that it was over."""

from __future__ import annotations

import pytest

from sites import delivery, incident_endings, notifications
from sites.models import Incident, Notification
from sites.probing.outcome import Kind
from tests.factories import make_site, make_team, make_user
from tests.sites.samples import after, fail, recover, see

pytestmark = pytest.mark.django_db

MINUTE, HOUR = 60, 3600


@pytest.fixture
def site():
    return make_site(make_team(members=(make_user("alice"),)), name="shop")


def kinds() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("kind", flat=True))


def told() -> list[tuple[str, str]]:
    return list(Notification.objects.order_by("pk").values_list("kind", "state"))


def test_failure_that_people_believe_over_is_told_again_when_it_lasts_half_an_hour(site):
    fail(site)
    recover(site, 100)
    begin = 10 * MINUTE
    fail(site, begin)
    for minute in (10, 20, 29):
        see(site.pages.all(), begin + minute * MINUTE, Kind.SERVER_ERROR)
    assert kinds() == ["new", "recovery"]
    for minute in (30, 31, 32):
        see(site.pages.all(), begin + minute * MINUTE, Kind.SERVER_ERROR)
    assert kinds() == ["new", "recovery", "regression"]
    recover(site, begin + 40 * MINUTE)
    assert kinds() == ["new", "recovery", "regression", "recovery"]


def test_failure_that_outlasts_the_mute_of_its_site_is_told(site):
    site.muted_until = after(600)
    site.save()
    fail(site)
    for seconds in (300, 590):
        see(site.pages.all(), seconds, Kind.SERVER_ERROR)
        delivery.sweep(after(seconds))
    delivery.sweep(after(601))  # nothing was seen yet after the mute
    assert told() == [("new", "suppressed")]
    see(site.pages.all(), 650, Kind.SERVER_ERROR)
    delivery.sweep(after(660))
    delivery.sweep(after(720))
    assert told() == [("new", "queued")]
    assert Incident.objects.get().entries.last().text == "It is no longer muted and it still fails: from now on it is told."


def test_failure_that_ends_while_its_site_is_muted_is_not_told(site):
    site.muted_until = after(600)
    site.save()
    fail(site)
    recover(site, 300)
    delivery.sweep(after(700))
    assert told() == [("new", "suppressed"), ("recovery", "suppressed")]


def test_recovery_of_a_clock_that_was_ahead_does_not_silence_the_next_failure(site):
    fail(site)
    recover(site, 100)
    Incident.objects.update(resolved_at=after(20 * HOUR))
    fail(site, 2 * HOUR)
    assert kinds() == ["new", "recovery", "regression"]


def test_failure_after_a_withdrawal_is_told_though_it_was_a_moment_ago(site):
    fail(site)
    incident_endings.withdraw(Incident.objects.get(), "Our own connection was down.", after(10))
    recover(site, 20)
    fail(site, 300)
    assert told() == [("new", "suppressed"), ("new", "queued")]
    assert "window" not in " ".join(Incident.objects.get().entries.values_list("text", flat=True))
    recover(site, 400)
    assert told()[2:] == [("recovery", "queued")]


def fail_now_and_then_then_always(site, until: float) -> float:
    """The seconds at which it was last probed: first it fails now and then, in the end every time."""
    seconds = 0.0
    for answer in "010" + "1010" * 4 + "0" * 60:
        page = site.pages.get()
        see([page], seconds, Kind.OK if answer == "1" else Kind.SERVER_ERROR)
        page.refresh_from_db()
        soon = (page.due_at - after(seconds)).total_seconds() if page.state.get("confirming") and page.due_at else 60.0
        seconds += min(max(soon, 1.0), 60.0)
        if seconds > until and Incident.objects.filter(pattern="permanent").exists():
            break
    return seconds


def test_what_became_worse_while_it_was_muted_is_told_after_the_mute(site):
    fail_now_and_then_then_always(site, 0)
    Notification.objects.exclude(kind="new").delete()  # as if it had become worse later
    Incident.objects.update(pattern="intermittent", muted_until=after(4 * HOUR))
    incident = Incident.objects.get()
    notifications.escalated(incident, after(3 * HOUR))
    assert told() == [("new", "queued"), ("escalation", "suppressed")]
    see(site.pages.all(), 4 * HOUR + 60, Kind.SERVER_ERROR)
    Incident.objects.update(pattern="intermittent")
    delivery.sweep(after(4 * HOUR + 70))
    assert told()[1:] == [("escalation", "suppressed")]  # it is better again
    Incident.objects.update(pattern="permanent")
    for seconds in (80, 140):
        delivery.sweep(after(4 * HOUR + seconds))
    assert told() == [("new", "queued"), ("escalation", "queued")]


def test_failure_that_began_and_became_worse_while_muted_is_told_once(site):
    site.muted_until = after(4 * HOUR)
    site.save()
    last = fail_now_and_then_then_always(site, 0)
    assert last < 4 * HOUR and told() == [("new", "suppressed"), ("escalation", "suppressed")]
    see(site.pages.all(), 4 * HOUR + 60, Kind.SERVER_ERROR)
    delivery.sweep(after(4 * HOUR + 90))
    delivery.sweep(after(4 * HOUR + 150))
    assert told() == [("new", "queued"), ("escalation", "suppressed")]
