"""Read-only mode on a real account: reading and diagnosing go on, nothing is written by any road."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.conf import settings

from diagnostics import diagnosing, repairing, steps, unattended
from diagnostics.changes import recovering, undoing
from diagnostics.changes.executor import Executor, NotApplied
from diagnostics.connections import connecting, purposes
from diagnostics.connections.auditing import ReadOnly
from diagnostics.connections.locking import held
from diagnostics.models import HostAction, Step
from sites import read_only
from sites.models import Host, Site
from tests.diagnostics.hosts_made import host_on, plan_for, serving, step_on
from tests.diagnostics.views.cases import make_scene, words
from tests.factories import make_user
from tests.servers import SshServer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    with serving(tmp_path) as running:
        yield running


def state(server: SshServer) -> dict[str, tuple[bytes, int, int]]:
    found = {}
    for path in (server.home / "www").iterdir():
        found[path.name] = (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
    return found


def switched(row: Site | Host, on: bool) -> None:
    type(row).objects.filter(pk=row.pk).update(read_only_since=None)
    if on:
        (read_only.switch_site if isinstance(row, Site) else read_only.switch_host)(row, make_user(), on=True)


@pytest.mark.parametrize("of", ["site", "host"])
def test_nothing_is_written_and_the_refusal_is_noted(server: SshServer, of: str) -> None:
    host = host_on(server)
    step = step_on(host, docroot=f"{server.remote_home}/www", state="queued")
    Step.objects.filter(pk=step.pk).update(state="done")
    switched(step.case.site if of == "site" else host, True)
    before = state(server)
    with held(host) as lock, Executor(lambda: connecting.writer_for(host), lock) as executor:
        with pytest.raises(NotApplied) as caught:
            executor.apply(step, plan_for(server))
        writer = executor._writer
        path = f"{server.remote_home}/www/index.html"
        with purposes.doing("repair", site=step.case.site):
            for write in (
                lambda: writer.write_atomic(path, b"x", 0o604),
                lambda: writer.create_exclusive(f"{path}2", b"x", 0o604),
                lambda: writer.rename(path, f"{path}2"),
                lambda: writer.chmod(path, 0o600),
                lambda: writer.set_mtime(path, 1.0),
                lambda: writer.remove(path),
            ):
                with pytest.raises(ReadOnly):
                    write()
    assert caught.value.taken_back and "ead-only mode" in caught.value.message
    assert state(server) == before
    writes = HostAction.objects.filter(host=host).exclude(verb__in=("login", "command"))
    assert writes.count() == 7 and {(row.outcome, row.code) for row in writes} == {("refused", "read-only")}


def test_undo_waits_until_the_mode_is_off(server: SshServer) -> None:
    host = host_on(server)
    step = step_on(host, docroot=f"{server.remote_home}/www")
    before = state(server)
    with held(host) as lock, Executor(lambda: connecting.writer_for(host), lock) as executor:
        executor.apply(step, plan_for(server))
    Step.objects.filter(pk=step.pk).update(state=Step.State.DONE_VERIFIED)
    switched(step.case.site, True)
    after = state(server)
    for ask in (lambda: undoing.request(fresh(step), None), lambda: undoing.undo(fresh(step))):
        with pytest.raises(repairing.RepairRefused) as caught:
            ask()
        assert "switch read-only mode off first" in str(caught.value)
    assert state(server) == after
    switched(step.case.site, False)
    assert undoing.undo(fresh(step)).state == "undone"
    assert {name: row[:2] for name, row in state(server).items()} == {name: row[:2] for name, row in before.items()}


def fresh(step: Step) -> Step:
    return Step.objects.select_related("case__site__host").get(pk=step.pk)


def test_what_is_half_done_is_taken_back_only_when_the_mode_is_off(server: SshServer) -> None:
    host = host_on(server)
    step = step_on(host, docroot=f"{server.remote_home}/www")
    with held(host) as lock, Executor(lambda: connecting.writer_for(host), lock) as executor:
        executor.apply(step, plan_for(server))
    Step.objects.filter(pk=step.pk).update(state="needs-attention", result={"retry": True})
    switched(step.case.site, True)
    logins = HostAction.objects.filter(verb="login").count()
    assert not steps.left_behind(host).exists() and recovering.recover() == []
    assert HostAction.objects.filter(verb="login").count() == logins  # nor is the host asked every half minute
    switched(step.case.site, False)
    assert recovering.recover() == [step.pk]


def test_diagnosis_goes_on_and_the_command_repairs_nothing(server: SshServer) -> None:
    host = host_on(server)
    step = step_on(host, docroot=f"{server.remote_home}/www", state="done")
    site = step.case.site
    site.pages.create(path="/")
    Site.objects.filter(pk=site.pk).update(url="http://127.0.0.1:9/")
    switched(site, True)
    site = Site.objects.select_related("host").get(pk=site.pk)
    before = state(server)
    diagnosis = diagnosing.diagnose_now(site)
    assert diagnosis.state == "done" and not diagnosis.error
    with pytest.raises(unattended.CannotRepair) as caught:
        unattended.repair_site(site, apply=True)
    assert caught.value.code == "read-only"
    assert unattended.repair_site(site, apply=False)["steps"] is not None
    assert state(server) == before


def test_repair_page_shows_the_change_and_no_button_that_makes_it() -> None:
    scene = make_scene()
    assert scene.page("htaccess").select("[id^=apply-]") and "The change is made" in words(scene.page("htaccess"))
    read_only.switch_site(scene.site, make_user("olga"), on=True)
    page = scene.page("htaccess")
    assert not page.select("[id^=apply-]") and not page.select("#trial")
    assert "The change is made" not in words(page) and "This is what would be changed" in words(page)
    assert "Read the file again" in words(page)  # for who did it by hand
    assert "chosen by olga" in words(page) and page.select_one(".diff, pre, ins, del")
    digest = scene.diagnosis.offers[0]["digest"]
    answer = scene.owner.post(
        f"/repairs/{scene.case.pk}/apply/", {"step": "htaccess", "action": "repair", "repair": "correct-htaccess-line", "digest": digest},
        follow=True,
    )  # fmt: skip
    assert b"nothing is written to its files" in answer.content and not scene.case.steps.exists()
    scene.step("done-verified")
    page = scene.page("htaccess")
    assert not page.select("[id^=undo-]") and "Undo is offered again" in words(page)
