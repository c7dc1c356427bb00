from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sites import registration
from sites.models import Incident, MaintenanceWindow, Site
from sites.windows import maintenance
from tests.factories import make_incident, make_site, make_team
from tests.sites.views.pages import World, client_of, make_world, soup, words

pytestmark = pytest.mark.django_db

FORM = {
    "scope": "site",
    "site_name": "Shop",
    "title": "Backup",
    "repeats": "once",
    "first_day": "2099-11-29",
    "start_time": "02:00",
    "duration_s": "7200",
    "time_zone": "Europe/Paris",
}


@pytest.fixture
def world() -> World:
    return make_world()


def on_now(site: Site, **more: object) -> MaintenanceWindow:
    return maintenance.create_once(site, timezone.now() - timedelta(minutes=10), timedelta(minutes=44), title="Backup", **more)


def test_window_is_planned_for_a_site(world):
    answer = world.owner.post("/maintenance/new/", FORM, follow=True)
    window = MaintenanceWindow.objects.get()
    assert (window.site, window.team, window.repeats, window.time_zone) == (world.site, world.site.team, "once", "Europe/Paris")
    assert f"{window.opens_at:%Y-%m-%d %H:%M}" == "2099-11-29 01:00"
    assert "The window is planned. It is on Sun 29 Nov 01:00 to 03:00." in words(answer)


def test_form_shows_the_next_times_in_the_windows_own_zone(world):
    page = words(world.owner.post("/maintenance/preview/", FORM | {"repeats": "weekly", "weekdays": ["6", "0"]}))
    assert page == "Next: Sun 29 Nov 02:00 to 04:00 Then: Mon 30 Nov 02:00 to 04:00 · Sun 6 Dec 02:00 to 04:00"
    answer = world.owner.post("/maintenance/new/", FORM | {"preview": "1"})
    assert "Next: Sun 29 Nov 02:00 to 04:00" in words(answer) and not MaintenanceWindow.objects.exists()


def test_unfinished_form_has_a_preview_all_the_same(world):
    assert "As soon as" in words(world.owner.post("/maintenance/preview/", {"repeats": "once"}))


def test_new_window_begins_with_the_site_it_was_asked_from(world):
    page = soup(world.owner.get(f"/maintenance/new/?site={world.site.pk}"))
    assert page.select_one("#id_site_name")["value"] == "Shop"
    assert "Next:" in page.select_one("#preview").get_text()


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"site_name": "Nowhere"}, "site_name", "There is no site of this name"),
        ({"site_name": "Theirs"}, "site_name", "There is no site of this name"),
        ({"scope": "tag", "tag": ""}, "tag", "One tag"),
        ({"repeats": "weekly"}, "weekdays", "Choose at least one weekday"),
        ({"repeats": "daily", "duration_s": "86400"}, "duration_s", "less than a day"),
        ({"repeats": "daily", "last_day": "2099-11-28"}, "last_day", "before the first"),
        ({"first_day": "2001-01-01"}, "first_day", "never be on"),
        ({"first_day": "9999-12-31", "repeats": "daily"}, "first_day", "next hundred years"),
        ({"first_day": "0001-01-01"}, "first_day", "next hundred years"),
        ({"repeats": "daily", "last_day": "9999-12-31"}, "last_day", "next hundred years"),
        ({"time_zone": "Mars/Base"}, "time_zone", "Mars/Base"),
        ({"team": "999"}, "team", "choice"),
    ],
)
def test_window_that_makes_no_sense_is_refused_at_its_field(world, values, field, said):
    make_site(make_team("Third"), name="Theirs")
    if field == "team":
        world.site.team.memberships.model.objects.create(team=make_team(), user=world.site.team.members.get(username="olga"))
    answer = world.owner.post("/maintenance/new/", FORM | values)
    assert answer.status_code == 422 and not MaintenanceWindow.objects.exists()
    assert said in soup(answer).select_one(f"#id_{field}-field, #id_{field}").get_text() + words(answer)


def test_window_for_a_tag_or_the_whole_team(world):
    world.owner.post("/maintenance/new/", FORM | {"scope": "tag", "tag": "wordpress"})
    world.owner.post("/maintenance/new/", FORM | {"scope": "all", "repeats": "monthly"})
    tagged, of_team = MaintenanceWindow.objects.order_by("pk")
    assert (tagged.site, tagged.tag, of_team.site, of_team.tag) == (None, "wordpress", None, "")
    page = words(world.reader.get("/maintenance/"))
    assert "# wordpress" in page and "all sites of Agency" in page and "every month on day 29 at 02:00, for 2 h (Europe/Paris)" in page


def test_site_in_maintenance_says_so_and_until_when(world):
    window = on_now(world.site)
    page = soup(world.owner.get(f"/sites/{world.site.pk}/"))
    banner = page.select_one("section.case.odd")
    assert "In maintenance until" in banner.get_text() and "ends in 34 min" in banner.get_text()
    assert "Failures are noted, nobody is mailed." in banner.get_text()
    assert banner.form["action"] == f"/maintenance/{window.pk}/end/"
    assert soup(world.reader.get(f"/sites/{world.site.pk}/")).select_one("section.case.odd").form is None
    world.owner.post(f"/maintenance/{window.pk}/end/")
    assert maintenance.running(world.site) is None


def test_dashboard_marks_sites_in_maintenance_and_how_long_others_are_paused(world):
    on_now(world.site)
    make_site(world.site.team, name="Old")
    Site.objects.filter(name="Old").update(paused_at=timezone.now() - timedelta(days=12))
    page = words(world.owner.get("/"))
    assert "Maintenance until" in page and "Paused for 12 days" in page


def test_failure_held_in_a_window_needs_nobody(world):
    Incident.objects.update(held_at=timezone.now())
    Site.objects.update(verdict="down", kind="server-error")
    page = soup(world.owner.get("/"))
    assert page.h1.get_text() == "No site needs you." and not page.select("article.case")
    assert "In maintenance" in words(world.owner.get("/incidents/"))


def test_window_is_changed_and_deleted(world):
    window = on_now(world.site, repeats="daily")
    answer = world.owner.get(f"/maintenance/{window.pk}/edit/")
    assert soup(answer).select_one("#id_title")["value"] == "Backup"
    world.owner.post(f"/maintenance/{window.pk}/edit/", FORM | {"title": "Update", "repeats": "daily"})
    window.refresh_from_db()
    assert (window.title, window.repeats, window.duration_s, maintenance.running(world.site)) == ("Update", "daily", 7200, None)
    world.owner.post(f"/maintenance/{window.pk}/delete/")
    assert not MaintenanceWindow.objects.exists()


def test_list_of_windows_costs_the_same_for_many(world):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            world.owner.get("/maintenance/")
        return len(found)

    on_now(world.site)
    few = queries()
    for _ in range(20):
        on_now(make_site(world.site.team))
    assert queries() == few


def test_pause_ends_by_itself_when_asked_to(world):
    page = words(world.owner.post(f"/sites/{world.site.pk}/pause/", {"hours": "4"}, follow=True))
    world.site.refresh_from_db()
    assert "is paused until" in page and "Paused for 0 s, until" in page
    assert registration.resume_due(timezone.now()) == 0
    assert registration.resume_due(timezone.now() + timedelta(hours=4, seconds=1)) == 1
    world.site.refresh_from_db()
    assert (world.site.paused_at, world.site.paused_until, world.site.pages.filter(due_at=None).exists()) == (None, None, False)


def test_pause_until_a_moment_that_has_passed_changes_nothing(world):
    page = words(world.owner.post(f"/sites/{world.site.pk}/pause/", {"hours": "-1", "until_at": "2001-01-01T00:00"}, follow=True))
    world.site.refresh_from_db()
    assert world.site.paused_at is None and "This moment has passed. Nothing was changed." in page


def test_person_of_two_teams_sees_which_team_a_tag_is_of(world):
    other = make_team("Second", members=(world.site.team.members.get(username="olga"),))
    values = {"first_day": date(2099, 1, 1), "start_time": time(2), "duration_s": 60, "time_zone": "UTC"}
    maintenance.save(MaintenanceWindow(team=other, tag="x", **values))
    assert "# x in Second" in words(world.owner.get("/maintenance/"))
    assert "# x" not in words(client_of(world.site.team.members.get(username="rita")).get("/maintenance/"))


def test_incident_page_tells_that_it_is_only_noted(world):
    incident = make_incident(world.site, held_at=timezone.now())
    assert "In maintenance" in words(world.owner.get(f"/incidents/{incident.pk}/"))


@pytest.mark.parametrize("number", ["\u00b2", "\u0663", "-1", "x", "99999999999999999999999999"])
def test_number_of_no_site_is_passed_over_or_not_found(world, number):
    assert world.owner.get("/maintenance/new/", {"site": number}).status_code in (200, 404)


def test_pause_until_the_end_of_the_calendar_is_refused(world):
    answer = world.owner.post(f"/sites/{world.site.pk}/pause/", {"hours": "-1", "until_at": "9999-12-31T23:59"}, follow=True)
    assert "more than two years ahead" in words(answer) and Site.objects.get(pk=world.site.pk).paused_at is None
    far = f"{timezone.now() + timedelta(days=700):%Y-%m-%dT%H:%M}"
    world.owner.post(f"/sites/{world.site.pk}/pause/", {"hours": "-1", "until_at": far})
    assert Site.objects.get(pk=world.site.pk).paused_until is not None
