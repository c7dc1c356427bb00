"""What the host is doing: watched until nothing is left twice, then the sites are looked at; shown in the guided repair meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics import repairing
from diagnostics.models import HostPanel, PanelWatch, RepairCase, Step
from diagnostics.panels import connecting, watching
from sites.models import Host, Page, Site
from tests.diagnostics.panels.going_on import site_at
from tests.factories import make_incident, make_user
from tests.http_server import HttpServer, Reply
from tests.ovhcloud import OvhcloudHost

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as made:
        made.route("/", Reply(500, body=b"broken"))
        yield made


@pytest.fixture
def site(host: Host, server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> Site:
    return site_at(server, host, monkeypatch)


@pytest.fixture
def case(site: Site) -> RepairCase:
    """Of an account that has a panel where a test asks for one."""
    return repairing.open_case(site, make_incident(site))


def look(watch: PanelWatch, after: timedelta = timedelta(0)) -> PanelWatch:
    """The look that is due, made at once; `after`: so long ago was the one before it."""
    rows = PanelWatch.objects.filter(pk=watch.pk)
    rows.update(next_look_at=timezone.now())
    if after and (empty := rows.get().empty_since):
        rows.update(empty_since=empty - after)
    made = watching.look(watch.pk)
    assert made is not None
    return rows.get()


def test_host_is_watched_until_nothing_is_left_twice(ovh: OvhcloudHost, panel: HostPanel, case: RepairCase, server: HttpServer) -> None:
    ovh.work.start("web/restoreSnapshot", "daily.1")
    watch = watching.begin(panel, case, None)
    assert watching.begin(panel, case, None).pk == watch.pk
    assert watching.dispatch() == 1
    watch = look(watch)
    assert [(task["function"], task["state"]) for task in watch.tasks] == [("web/restoreSnapshot", "queued")]
    ovh.clock.forward(6)
    assert look(watch).tasks[0]["state"] == "running"
    ovh.clock.forward(20)
    watch = look(watch)
    assert watch.tasks == [] and watch.empty_since is not None and watch.ended_at is None
    ovh.work.start("ovhConfig/refresh")
    assert look(watch, timedelta(seconds=11)).empty_since is None
    ovh.clock.forward(60)
    server.route("/", Reply(200, body=b"<h1>Shop</h1>"))
    Page.objects.update(due_at=timezone.now() + timedelta(hours=1))
    look(watch)
    watch = look(watch, timedelta(seconds=11))
    assert watch.outcome == "done"
    step = Step.objects.get(case=case)
    assert (step.guide_step, step.state) == ("tasks", "done") and "every page answers" in step.message
    assert {page["kind"] for page in step.result["pages_after"]} == {"ok"}
    assert not Page.objects.filter(due_at__gt=timezone.now()).exists()
    assert watching.look(watch.pk) is None and watching.dispatch() == 0


def test_look_in_work_is_not_made_twice(ovh: OvhcloudHost, panel: HostPanel, case: RepairCase) -> None:
    watch = watching.begin(panel, case, None)
    assert watching.look(watch.pk) is not None
    asked = len(ovh.log)
    assert watching.look(watch.pk) is None and len(ovh.log) == asked


def test_panel_that_is_away_is_asked_again_and_refused_keys_end_it(ovh: OvhcloudHost, panel: HostPanel, case: RepairCase) -> None:
    watch = watching.begin(panel, case, None)
    ovh.fails_with = ["429"]
    watch = look(watch)
    assert watch.ended_at is None and "429" in watch.detail and watch.next_look_at > timezone.now() + timedelta(seconds=50)
    watch = look(watch)
    assert watch.detail == "" and connecting.of(panel.host).state in ("works", "failed")
    ovh.gate.credentials.clear()
    watch = look(watch)
    assert watch.outcome == "failed" and "expired or were revoked" in watch.detail


def test_task_that_never_ends_is_for_the_support(ovh: OvhcloudHost, panel: HostPanel, case: RepairCase) -> None:
    ovh.work.ends = "stuck"
    ovh.work.start("web/restoreSnapshot")
    watch = watching.begin(panel, case, None)
    ovh.clock.forward(3600)
    assert look(watch).ended_at is None
    PanelWatch.objects.update(began_at=timezone.now() - timedelta(hours=25))
    watch = look(watch)
    assert watch.outcome == "too-long" and "support" in watch.detail


def test_watching_is_begun_seen_and_stopped_in_the_guided_repair(
    ovh: OvhcloudHost, panel: HostPanel, case: RepairCase, client: Client
) -> None:
    client.force_login(make_user("alice", team=panel.host.team))
    page = f"/repairs/{case.pk}/?step=tasks"
    assert "Watch until nothing is left" in client.get(page).content.decode()
    ovh.work.start("ovhConfig/update", "<b>shop</b>")
    client.post(f"/repairs/{case.pk}/tasks/")
    look(PanelWatch.objects.get())
    shown = client.get(page).content.decode()
    assert "Changing the PHP configuration" in shown and "&lt;b&gt;shop" in shown and "planned" in shown
    overview = client.get(f"/repairs/{case.pk}/").content.decode()
    assert 'id="panel-title">Tasks in progress at the host' in overview  # recommended: what is being changed cannot be judged
    client.post(f"/repairs/{case.pk}/tasks/stop/")
    assert PanelWatch.objects.get().outcome == "stopped"
    assert "goes on" in client.get(page).content.decode()


def test_repair_without_a_panel_has_no_such_step(case: RepairCase, client: Client) -> None:
    client.force_login(make_user("alice", team=case.site.team))
    shown = client.get(f"/repairs/{case.pk}/?step=tasks")
    assert shown.status_code == 200 and "Tasks in progress" not in shown.content.decode()
    client.post(f"/repairs/{case.pk}/tasks/")
    assert not PanelWatch.objects.exists()
