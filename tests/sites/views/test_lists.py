"""Any list costs the same number of queries at 3 rows and at 60."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sites.history import rollups
from sites.models import DayRollup, Host, IncidentEntry, Membership, Page, ProbeResult, Team
from tests.factories import make_host, make_incident, make_site, make_team, make_user
from tests.sites.views.pages import client_of, make_mail, soup

pytestmark = pytest.mark.django_db


def fill(team: Team, count: int) -> None:
    now = timezone.now()
    host = make_host(team)
    for number in range(count):
        site = make_site(team, paths=("/a", "/b"), host=host if number % 2 else None, tags="wordpress")
        type(site).objects.filter(pk=site.pk).update(verdict=["down", "suspect", "up"][number % 3], kind="server-error", last_probe_at=now)
        DayRollup.objects.create(site=site, day=now.date(), good=3, times=rollups.pack_times({20: 3}))
        incident = make_incident(site, resolved_at=now if number % 2 else None)
        IncidentEntry.objects.create(incident=incident, at=now, kind="bad", text="Fails")
        make_mail(site, incident)


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


@pytest.mark.parametrize("path", ["/", "/?q=site&only=down&tag=wordpress", "/incidents/", "/incidents/?state=open", "/mail/", "/settings/"])
def test_list_costs_as_much_at_60_rows_as_at_3(path: str) -> None:
    team = make_team()
    client = client_of(make_user(team=team))
    fill(team, 3)
    client.get(path)
    few = queries(client, path)
    fill(team, 57)
    assert queries(client, path) == few
    assert few <= 22


def test_site_page_costs_as_much_with_60_probes_and_incidents_as_with_3() -> None:
    team = make_team()
    client = client_of(make_user(team=team))
    site = make_site(team, paths=("/a", "/b"))
    page = Page.objects.filter(site=site).first()

    def add(count: int) -> None:
        now = timezone.now()
        ProbeResult.objects.bulk_create(
            ProbeResult(page=page, at=now - timedelta(minutes=n), purpose="routine", kind="ok", status=200, ms=20.0) for n in range(count)
        )
        for _ in range(count):
            make_incident(site, resolved_at=now)

    add(3)
    few = queries(client, f"/sites/{site.pk}/")
    add(57)
    assert queries(client, f"/sites/{site.pk}/") == few


def test_dashboard_pages_hold_fifty_sites_failing_first() -> None:
    team = make_team()
    client = client_of(make_user(team=team))
    for number in range(60):
        make_site(team, name=f"Site {number:02d}")
    worst = team.sites.get(name="Site 59")
    team.sites.filter(pk=worst.pk).update(verdict="down", kind="server-error")
    team.sites.exclude(pk=worst.pk).update(verdict="up", kind="ok")
    page = soup(client.get("/"))
    names = [tag.get_text() for tag in page.select("tbody .name")]
    assert (len(names), names[:2]) == (50, ["Site 59", "Site 00"])
    assert page.select_one("a[rel=next]")["href"] == "?page=2"
    assert len(soup(client.get("/?page=2")).select("tbody .name")) == 10


def test_person_in_two_teams_sees_each_site_once() -> None:
    first, second = make_team(), make_team()
    user = make_user(team=first)
    Membership.objects.create(team=second, user=user, role="reader")
    make_site(first, name="One")
    make_site(second, name="Two")
    make_host(first)
    assert [tag.get_text() for tag in soup(client_of(user).get("/")).select("tbody .name")] == ["One", "Two"]
    assert Host.objects.count() == 1
