from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sites import incident_endings
from sites.history import rolling
from sites.models import DayRollup, Incident, MaintenanceWindow, Notification, Page, Site
from sites.probing.outcome import Kind, Purpose
from sites.recording import record_batch
from sites.visitors import incidents as visitor_incidents
from sites.visitors.incidents import Burst
from sites.windows import maintenance
from tests.factories import make_site, make_team, make_user
from tests.sites.samples import START, after, fail, outcome, recover, see

pytestmark = pytest.mark.django_db

MINUTE, HOUR = 60, 3600


@pytest.fixture
def site() -> Site:
    return make_site(make_team(members=(make_user("alice"),)), name="shop", tags="wordpress client")


def window(of: Site, starts: float = -MINUTE, lasts: float = HOUR, **more) -> MaintenanceWindow:
    """A window of this many seconds that begins so many seconds after START."""
    starts_at = after(starts)
    values = {"site": of, "team": of.team, "first_day": starts_at.date(), "start_time": starts_at.time(), "time_zone": "UTC"}
    return maintenance.save(MaintenanceWindow(**(values | {"duration_s": int(lasts)} | more)), START)


def mails() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("kind", flat=True))


def texts(incident: Incident) -> str:
    return " | ".join(incident.entries.values_list("text", flat=True))


def test_failure_in_a_window_is_noted_and_nobody_is_mailed(site):
    window(site)
    fail(site)
    incident = Incident.objects.get()
    assert (incident.held_at, mails()) == (after(5), [])
    assert "In the maintenance window until 2026-03-02 10:59 UTC: noted here, nobody is mailed" in texts(incident)


def test_recovery_in_a_window_is_silent(site):
    window(site)
    fail(site)
    recover(site, 120)
    incident = Incident.objects.get()
    assert (incident.is_open, mails()) == (False, [])


def test_failure_that_outlasts_its_window_is_told_by_the_first_probe_after_it(site):
    window(site)
    fail(site)
    see(site.pages.all(), 50 * MINUTE, Kind.SERVER_ERROR)
    assert mails() == []
    see(site.pages.all(), 59 * MINUTE, Kind.SERVER_ERROR)
    see(site.pages.all(), 60 * MINUTE, Kind.SERVER_ERROR)
    incident = Incident.objects.get()
    assert (mails(), incident.held_at) == (["new"], None)
    assert Notification.objects.get().send_after == after(59 * MINUTE)
    assert "The maintenance window is over and it still fails" in texts(incident)
    recover(site, 61 * MINUTE)
    assert mails() == ["new", "recovery"]


def test_failure_that_ends_with_its_window_is_never_told(site):
    window(site)
    fail(site)
    maintenance.roll_on(after(59 * MINUTE))
    recover(site, 59 * MINUTE + 5)
    assert mails() == []


def test_failing_pages_are_probed_at_once_when_the_window_is_over(site):
    Site.objects.update(interval_s=86400)
    window(site)
    fail(site)
    Page.objects.update(due_at=after(61 * MINUTE))
    assert maintenance.probe_held(after(30 * MINUTE)) == 0
    maintenance.roll_on(after(59 * MINUTE + 2))
    assert Page.objects.get().due_at == after(59 * MINUTE + 2)


def test_same_failure_again_after_the_window_is_told_though_it_was_over_a_moment(site):
    window(site)
    fail(site, 40 * MINUTE)
    recover(site, 50 * MINUTE)
    fail(site, 62 * MINUTE)
    incident = Incident.objects.get()
    assert (incident.reopened, incident.is_open, mails()) == (1, True, ["new"])


def test_failure_told_before_the_window_is_over_in_it_and_that_is_told(site):
    window(site, starts=10 * MINUTE)
    fail(site)
    see(site.pages.all(), 11 * MINUTE, Kind.SERVER_ERROR)
    recover(site, 15 * MINUTE)
    assert mails() == ["new", "recovery"]


def test_flapping_in_a_window_is_no_flapping(site):
    window(site, lasts=2 * HOUR)
    for start in (0, 300, 600, 900, 1200):
        fail(site, start)
        recover(site, start + 60)
    assert (Incident.objects.get().flapping, mails()) == (False, [])


def test_maintenance_page_in_a_window_is_never_stuck(site):
    page = site.pages.get()
    window(site, lasts=2 * HOUR)
    for minute in range(0, 110, 10):
        see([page], minute * MINUTE, Kind.MAINTENANCE)
    page.refresh_from_db()
    assert (page.verdict, page.kind, Incident.objects.count()) == ("up", "maintenance", 0)
    for seconds in (120 * MINUTE, 120 * MINUTE + 5):
        see([page], seconds, Kind.MAINTENANCE)
    assert mails() == ["new"]


def test_refused_probes_are_told_after_the_window_only(site):
    page = site.pages.get()
    window(site, lasts=2 * HOUR)
    for minute in (0, 30, 70, 110):
        see([page], minute * MINUTE, Kind.BLOCKED)
    assert mails() == []
    see([page], 125 * MINUTE, Kind.BLOCKED)
    assert mails() == ["blocked"]


def test_failures_in_a_window_do_not_count_as_failed(site):
    see(site.pages.all(), -120)
    window(site)
    fail(site)
    for minute in range(1, 10):
        see(site.pages.all(), minute * MINUTE, Kind.SERVER_ERROR)
    see(site.pages.all(), 11 * MINUTE)
    rolling.roll_up()
    day = DayRollup.objects.get()
    assert (day.good, day.suspect, day.failed) == (2, 0, 0)


def test_failure_that_began_before_the_window_counts_until_then(site):
    window(site, starts=3)
    page = site.pages.get()
    see([page], 0, Kind.SERVER_ERROR)
    see([page], 5, Kind.SERVER_ERROR, purpose=Purpose.CONFIRMATION)
    see([page], 65, Kind.SERVER_ERROR)
    rolling.roll_up()
    day = DayRollup.objects.get()
    assert (day.good, day.suspect, day.failed) == (0, 0, 1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, True),
        ({"site": None}, True),
        ({"site": None, "tag": "wordpress"}, True),
        ({"site": None, "tag": "word"}, False),
        ({"site": None, "tag": "other"}, False),
    ],
)
def test_window_of_a_site_a_tag_or_a_team(site, values, expected):
    window(site, **values)
    assert (maintenance.running(site, START) is not None) is expected


def test_window_of_another_team_or_site_says_nothing(site):
    other = make_site(make_team())
    window(other)
    window(other, site=None)
    window(make_site(site.team))
    assert maintenance.running(site, START) is None


def test_ending_a_recurring_window_ends_this_time_only(site):
    daily = window(site, repeats="daily")
    maintenance.end_now(daily, after(10 * MINUTE))
    assert maintenance.running(site, after(10 * MINUTE)) is None
    assert maintenance.running(site, after(24 * HOUR)) is not None


def test_failure_is_told_when_its_window_is_ended_or_deleted(site):
    first = window(site)
    fail(site)
    maintenance.delete(first, after(10 * MINUTE))
    see(site.pages.all(), 10 * MINUTE + 1, Kind.SERVER_ERROR)
    assert mails() == ["new"]


def test_recurring_window_is_known_without_anybody_planning_its_next_time(site):
    window(site, repeats="daily")
    assert maintenance.running(site, after(3 * 24 * HOUR)) is not None
    assert maintenance.running(site, after(3 * 24 * HOUR + 2 * HOUR)) is None


def test_planning_on_keeps_the_next_time_and_removes_what_is_long_over(site):
    daily, once = window(site, repeats="daily"), window(site)
    assert maintenance.roll_on(after(2 * HOUR)) == 2
    daily.refresh_from_db(), once.refresh_from_db()
    assert (daily.opens_at, once.opens_at) == (after(24 * HOUR - MINUTE), None)
    maintenance.roll_on(START + timedelta(days=100))
    assert list(MaintenanceWindow.objects.all()) == [daily]


def test_windows_of_a_thousand_pages_are_one_query():
    team = make_team()
    Site.objects.bulk_create(Site(team=team, name=f"s{n}", url=f"https://s{n}.example/", tags="a" if n % 2 else "b") for n in range(1000))
    sites = list(Site.objects.all())
    first = sites[0]
    values = {"first_day": date(2026, 3, 1), "start_time": time(9), "duration_s": 7200, "time_zone": "Europe/Paris", "repeats": "daily"}
    for tag in ("a", "a b", "c"):
        maintenance.save(MaintenanceWindow(team=team, tag=tag, **values), START - timedelta(days=1))
    maintenance.save(MaintenanceWindow(team=team, site=first, **values), START - timedelta(days=1))
    with CaptureQueriesContext(connection) as queries:
        found = maintenance.running_of(sites, START - timedelta(hours=1))
    assert (len(queries), len(found)) == (1, 501)


def test_batch_in_which_all_is_well_asks_for_no_windows(site):
    window(site)
    see(site.pages.all(), -30)
    with CaptureQueriesContext(connection) as queries:
        see(site.pages.all(), 0)
    assert not [query for query in queries.captured_queries if "maintenancewindow" in query["sql"]]


def test_batch_of_failures_asks_for_its_windows_once():
    team = make_team(members=(make_user(),))
    sites = [make_site(team) for _ in range(30)]
    window(sites[0], site=None)
    pages = list(Page.objects.select_related("site"))
    see(pages, 0, Kind.SERVER_ERROR)
    with CaptureQueriesContext(connection) as queries:
        see(pages, 5, Kind.SERVER_ERROR)
    assert len([query for query in queries.captured_queries if "maintenancewindow" in query["sql"]]) == 1
    assert (Incident.objects.exclude(held_at=None).count(), mails()) == (30, [])


def test_outcome_of_the_windows_last_second_is_planned_and_the_next_is_not(site):
    window(site, lasts=2 * MINUTE)  # until START + 60 s
    page = site.pages.get()
    see([page], 0, Kind.SERVER_ERROR)
    see([page], 59, Kind.SERVER_ERROR)
    assert (Incident.objects.get().held_at, mails()) == (after(59), [])
    assert outcome(page, 60).at == after(60)
    see([page], 60, Kind.SERVER_ERROR)
    assert mails() == ["new"]


def test_failure_that_only_visitors_meet_is_told_after_the_window(site):
    def meet(seconds: float) -> None:
        burst = Burst(f"GET /cart {seconds}", "/cart", 500, after(seconds), after(seconds), 5, ("192.0.2.0",))
        visitor_incidents.follow(site, [burst], after(seconds))

    window(site)
    meet(60)
    assert (Incident.objects.get().held_at, mails()) == (after(60), [])
    meet(30 * MINUTE)
    assert mails() == []
    meet(60 * MINUTE)
    assert (mails(), Incident.objects.get().held_at) == (["new"], None)


def test_failure_that_people_believe_over_is_back_in_a_window_and_outlasts_it(site):
    fail(site)
    recover(site, 60)
    window(site, starts=200)
    fail(site, 300)
    incident = Incident.objects.get()
    assert (incident.reopened, incident.held_at, mails()) == (1, after(305), ["new", "recovery"])
    see(site.pages.all(), HOUR + 199, Kind.SERVER_ERROR)
    assert mails() == ["new", "recovery"]
    see(site.pages.all(), HOUR + 260, Kind.SERVER_ERROR)
    see(site.pages.all(), HOUR + 320, Kind.SERVER_ERROR)
    assert mails() == ["new", "recovery", "regression"]
    recover(site, HOUR + 400)
    assert mails() == ["new", "recovery", "regression", "recovery"]


def test_failure_that_is_back_and_over_within_a_window_is_not_told_again(site):
    fail(site)
    recover(site, 60)
    window(site, starts=200)
    fail(site, 300)
    recover(site, 600)
    assert mails() == ["new", "recovery"]


def test_failure_that_people_know_of_is_not_told_again_after_a_window(site):
    fail(site)
    incident_endings.resolve(Incident.objects.get(), make_user("bob"))
    Incident.objects.update(resolved_at=after(100))
    window(site, starts=200)
    see(site.pages.all(), 300, Kind.SERVER_ERROR)
    see(site.pages.all(), HOUR + 260, Kind.SERVER_ERROR)
    assert (Incident.objects.get().reopened, mails()) == (1, ["new"])


def test_visitors_failure_that_people_believe_over_is_back_in_a_window_and_outlasts_it(site):
    def burst(second: float) -> Burst:
        return Burst("/pay", "/pay", 500, after(second), after(second), 5, ("203.0.113.0",))

    visitor_incidents.follow(site, [burst(0)], after(5))
    incident_endings.resolve_by_quiet(Incident.objects.get(), after(100), "No visitor met it.", "No visitor met it.")
    window(site, starts=200)
    visitor_incidents.follow(site, [burst(300)], after(305))
    assert mails() == ["new", "recovery"]
    visitor_incidents.follow(site, [burst(HOUR + 260)], after(HOUR + 265))
    assert mails() == ["new", "recovery", "regression"]


def test_change_of_pattern_in_a_window_is_told_by_the_first_probe_after_it(site):
    pages = site.pages.all()
    fail(site)
    Incident.objects.update(pattern="intermittent")
    window(site, starts=10, lasts=600)
    see(pages, 100, Kind.SERVER_ERROR)
    assert (Incident.objects.get().pattern, mails()) == ("intermittent", ["new"])
    see(pages, 650, Kind.SERVER_ERROR)
    assert (Incident.objects.get().pattern, mails()) == ("permanent", ["new", "escalation"])


def test_probe_that_began_in_a_window_and_is_stored_after_it_is_not_told(site):
    first = window(site)
    fail(site)
    maintenance.end_now(first, after(62))
    page = site.pages.get()
    record_batch([outcome(page, 61, Kind.SERVER_ERROR)], now=after(63))
    assert mails() == []
    see([page], 65, Kind.SERVER_ERROR)
    assert mails() == ["new"]


def test_failure_that_is_confirmed_in_a_window_and_stored_after_it_is_held(site):
    window(site)  # until 59 min
    page = site.pages.get()
    for seconds in (59 * MINUTE - 10, 59 * MINUTE - 3):
        record_batch([outcome(page, seconds, Kind.SERVER_ERROR)], now=after(59 * MINUTE + 1))
    assert (Incident.objects.count(), mails()) == (1, [])
    see([page], 59 * MINUTE + 10, Kind.SERVER_ERROR)
    assert mails() == ["new"]
