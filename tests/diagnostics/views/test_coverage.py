"""The page of what is still blind: who sees what, sorting and choosing, and what is done about many rows."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from diagnostics.models import BaselineWork, Diagnosis, SiteSight
from sites.models import Host, Site
from tests.diagnostics.coverage.test_queries import seen_whole
from tests.diagnostics.views.cases import HOSTILE, Scene, make_scene, words
from tests.factories import make_host, make_site, make_team, make_user
from tests.sites.views.pages import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def parsed(response: object) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def test_list_names_own_sites_with_what_is_missing_and_links(scene: Scene) -> None:
    page = parsed(scene.owner.get("/coverage/"))
    assert "One site is blind in some way" in words(page) and "Never tested" in words(page)
    assert page.select_one(f"a.name[href='/sites/{scene.site.pk}/']") and page.select_one("button[value=connect]")
    reader = parsed(scene.reader.get("/coverage/"))
    assert "Never tested" in words(reader) and not reader.select("main form[method=post], main input[type=checkbox]")
    assert scene.site.name not in words(parsed(scene.outsider.get("/coverage/")))


def test_nothing_blind_is_said_and_so_is_nothing_at_all() -> None:
    team = make_team()
    client = client_of(make_user(team=team))
    page = parsed(client.get("/coverage/"))
    assert "No site yet" in words(page) and "Nothing is blind" not in words(page)
    assert page.select_one("main a[href='/sites/new/']")
    make_site(team, practice=True)  # nobody visits it: it is no reason to say that all is seen
    assert "Nothing is blind" not in words(parsed(client.get("/coverage/")))
    seen_whole(team)
    assert "Nothing is blind" in words(parsed(client.get("/coverage/")))


def test_heads_sort_and_say_how(scene: Scene) -> None:
    page = parsed(scene.owner.get("/coverage/?sort=site"))
    assert [each["aria-sort"] for each in page.select("th[aria-sort]")] == ["ascending"]
    assert page.select_one("th[aria-sort] a")["href"] == "?sort=site&dir=down"
    page = parsed(scene.owner.get("/coverage/?sort=site&dir=down"))
    assert page.select_one("th[aria-sort]")["aria-sort"] == "descending"


def test_settings_lead_there_and_the_dashboard_when_an_account_that_worked_does_not(scene: Scene) -> None:
    for path in ("/settings/", "/hosts/"):
        assert parsed(scene.owner.get(path)).select_one("main a[href='/coverage/']")
    for state, told in (("untested", False), ("refused", True), ("works", False), ("unreachable", True), ("key-changed", True)):
        Host.objects.filter(pk=scene.site.host_id).update(state=state)
        assert bool(parsed(scene.owner.get("/")).select_one("main a[href='/coverage/']")) is told, state
    Site.objects.filter(pk=scene.site.pk).update(practice=True)
    assert not parsed(scene.owner.get("/")).select_one("main a[href='/coverage/']")


def test_chosen_connections_are_tested_and_searches_asked_for(scene: Scene) -> None:
    Host.objects.filter(pk=scene.site.host_id).update(state="refused", state_detail="No.")
    bare = make_site(scene.site.team)
    marked = {"site": [scene.site.pk, bare.pk], "filter": "sort=site"}
    answer = scene.owner.post("/coverage/mend/", marked | {"verb": "test"})
    assert answer["Location"] == "/coverage/?sort=site"
    page = parsed(scene.owner.get("/coverage/"))
    assert "1 connection is going to be tested" in words(page) and "1 site has none." in words(page)
    assert page.select_one("#live[hx-trigger]") and "Waits for its test" in words(page)
    scene.owner.post("/coverage/mend/", {"verb": "search", "all": "1", "filter": ""})
    assert list(SiteSight.objects.values_list("pk", "search")) == [(scene.site.pk, "queued")]
    assert "are waited for" in words(parsed(scene.owner.get("/coverage/")))


def test_chosen_sites_are_connected_with_a_result_per_row(scene: Scene) -> None:
    host = make_host(scene.site.team, name="OVH")
    bare = make_site(scene.site.team, name="Bare")
    form = parsed(scene.owner.post("/coverage/mend/", {"verb": "connect", "site": [bare.pk]}))
    assert "Where do the files of this site lie?" in words(form) and "Bare" in words(form)
    sent = {"choice": form.select_one("input[name=choice]")["value"]}
    assert scene.owner.post("/coverage/connect/", sent).status_code == 422
    page = parsed(scene.owner.post("/coverage/connect/", sent | {"host": host.pk}))
    assert "1 site is connected to OVH" in words(page) and Site.objects.get(pk=bare.pk).host == host
    assert "older than an hour" in words(parsed(scene.owner.post("/coverage/connect/", {"choice": "x"}, follow=True)))


def test_baselines_and_diagnoses_of_chosen_sites_are_asked_for(scene: Scene) -> None:
    team = scene.site.team
    good = make_site(team, name="Good", host=make_host(team, state="works"), docroot="/www")
    Site.objects.filter(pk=good.pk).update(verdict="up", kind="ok")
    marked = {"site": [scene.site.pk, good.pk]}
    page = parsed(scene.owner.post("/coverage/mend/", marked | {"verb": "baseline"}, follow=True))
    assert "The baseline of 1 site is going to be taken" in words(page) and "1 site cannot be reached" in words(page)
    assert "Its baseline is waited for" in words(page) and page.select_one("#live[hx-trigger]")
    page = parsed(scene.owner.post("/coverage/mend/", {"verb": "diagnose", "site": [good.pk, make_site(team).pk]}, follow=True))
    assert "1 site is going to be diagnosed" in words(page) and "1 site has no connection." in words(page)
    assert Diagnosis.objects.filter(site=good, state="queued").count() == 1 and "It is going to be diagnosed" in words(page)
    BaselineWork.objects.update(reason="daily", state="idle", last_error="The disk is full.")
    assert "Its baseline could not be taken: The disk is full." in words(parsed(scene.owner.get("/coverage/")))


def test_nobody_mends_what_is_not_theirs(scene: Scene) -> None:
    marked = {"site": [scene.site.pk], "verb": "test"}
    assert scene.outsider.post("/coverage/mend/", marked).status_code == 404
    assert scene.reader.post("/coverage/mend/", marked).status_code == 403
    assert scene.owner.post("/coverage/mend/", {"verb": "delete"}).status_code == 404
    assert "Choose at least one" in words(parsed(scene.owner.post("/coverage/mend/", {"verb": "test"}, follow=True)))
    foreign = make_host(make_team(), name="Foreign")
    form = parsed(scene.owner.post("/coverage/mend/", marked | {"verb": "connect"}))
    sent = {"choice": form.select_one("input[name=choice]")["value"], "host": foreign.pk}
    assert scene.owner.post("/coverage/connect/", sent).status_code == 422
    assert scene.reader.post("/coverage/connect/", sent).status_code == 403
    assert Site.objects.get(pk=scene.site.pk).host_id == scene.site.host_id


def test_page_costs_as_many_queries_with_60_sites_as_with_3() -> None:
    team = make_team()
    client = client_of(make_user(team=team))

    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/coverage/").status_code == 200
        return len(caught)

    figures = []
    for count in (3, 57):
        for _ in range(count):
            site = make_site(team, host=make_host(team))
            SiteSight.objects.create(site=site, search="done", outcome="x", finished_at=timezone.now())
        client.get("/coverage/")
        figures.append(asked())
    assert figures[0] == figures[1] <= 16


def test_what_a_host_said_is_shown_as_text(scene: Scene) -> None:
    SiteSight.objects.create(site=scene.site, search="failed", outcome=HOSTILE, finished_at=timezone.now())
    Host.objects.filter(pk=scene.site.host_id).update(state="unreachable", state_detail=HOSTILE)
    content = scene.owner.get("/coverage/").content.decode()
    assert "<script>alert" not in content and "\x1b" not in content
