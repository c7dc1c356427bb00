"""Folders and logs looked for again, over a real sshd, and many sites connected at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.conf import settings
from django.utils import timezone

from diagnostics.connections import host_tests
from diagnostics.coverage import mending, searching
from diagnostics.models import FoundSite, SiteSight
from sites.models import Host, Site, VisitorWatch
from tests.factories import make_host, make_site, make_team, make_user
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("search")) as running:
        for path in ("a.example/index.html", "b.example/index.html", "logs/error.log", "logs/a.example.access.log"):
            file = running.home / path
            file.parent.mkdir(exist_ok=True)
            file.write_text("")
        (running.home / "logs/closed.log").write_text("x")
        (running.home / "logs/closed.log").chmod(0)
        yield running


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


def host_on(server: SshServer, **more: object) -> Host:
    place = {"protocol": "sftp", "address": server.address, "port": server.port, "user": server.user, "host_key": server.host_key}
    return make_host(**{"private_key": server.private_key_text, "state": "works", **place, **more})


def searched(host: Host, *sites: Site) -> list[SiteSight]:
    assert searching.request([site.pk for site in sites]) == len(sites)
    assert searching.run(host.pk) == len(sites)
    return [SiteSight.objects.select_related("site").get(pk=site.pk) for site in sites]


def test_folder_is_that_found_under_the_address_and_logs_follow(server: SshServer) -> None:
    host = host_on(server)
    sites = [make_site(host.team, host=host, url=f"https://{name}.example/") for name in "ac"]
    addresses = [{"url": "https://a.example/", "why": "", "kind": "", "status": None}]
    docroot = f"{server.remote_home}/a.example"
    FoundSite.objects.create(host=host, docroot=docroot, software="html", addresses=addresses, found_at=timezone.now())
    known, unknown = searched(host, *sites)
    logs = f"{server.remote_home}/logs"
    assert (known.site.docroot, known.site.error_log, known.site.access_log) == (
        docroot,
        f"{logs}/error.log",
        f"{logs}/a.example.access.log",
    )
    assert (known.search, known.error_log) == ("done", "read") and docroot in known.outcome
    assert unknown.site.docroot == "" and "could not be told for certain" in unknown.outcome


def test_log_that_cannot_be_read_is_replaced_by_one_that_can(server: SshServer) -> None:
    host = host_on(server)
    places = {"docroot": f"{server.remote_home}/a.example", "error_log": f"{server.remote_home}/logs/closed.log"}
    site = make_site(host.team, host=host, url="https://a.example/", **places)
    VisitorWatch.objects.create(site=site, log="not-found", log_tried_at=timezone.now())
    (sight,) = searched(host, site)
    assert sight.site.error_log == f"{server.remote_home}/logs/error.log" and sight.error_log == "read"
    assert VisitorWatch.objects.get(pk=site.pk).log == ""


def test_refused_login_is_told_in_every_row(server: SshServer) -> None:
    host = host_on(server, private_key="", password="wrong")
    sights = searched(host, make_site(host.team, host=host), make_site(host.team, host=host))
    assert {sight.search for sight in sights} == {"failed"} and all(sight.outcome for sight in sights)


def test_sites_without_connection_are_not_asked_for_and_a_search_runs_once() -> None:
    team = make_team()
    assert searching.request([make_site(team).pk]) == 0
    host = make_host(team, state="refused")
    site = make_site(team, host=host)
    assert searching.request([site.pk]) == searching.request([site.pk]) == 1
    assert searching.run(host.pk) == 1 and searching.run(host.pk) == 0
    assert SiteSight.objects.get(pk=site.pk).search == "failed"


def test_search_that_a_dead_worker_left_is_ended_and_waiting_ones_are_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(searching.queueing, "enqueue_on_commit", lambda _task, host_id, expires: sent.append(host_id))
    now, team = timezone.now(), make_team()
    lost, waiting = (make_site(team, host=make_host(team)) for _ in range(2))
    SiteSight.objects.create(site=lost, search="running", started_at=now - timedelta(minutes=10))
    SiteSight.objects.create(site=waiting, search="queued", asked_at=now)
    assert searching.hand_over() == 1 and sent == [waiting.host_id]
    assert SiteSight.objects.get(pk=lost.pk).search == "failed"


def test_test_that_a_person_asks_for_gives_a_refused_login_one_more_try_but_not_a_changed_key() -> None:
    team = make_team()
    refused, changed, fine = (make_host(team, state=state) for state in ("refused", "key-changed", "works"))
    ids = [make_site(team, host=host).pk for host in (refused, changed, fine, fine)] + [make_site(team).pk]
    assert mending.test(ids) == (2, 1)
    states = dict(Host.objects.filter(test_due_at__isnull=False).values_list("pk", "state"))
    assert states == {refused.pk: "untested", fine.pk: "works"}
    Host.objects.update(state="refused")
    assert host_tests.run(refused.pk) is None  # refused meanwhile: not tried again


def test_many_sites_are_connected_and_each_is_told_what_came_of_it() -> None:
    team = make_team()
    host, user = make_host(team), make_user(team=team)
    new, there, foreign = make_site(team, name="new"), make_site(team, name="there", host=host), make_site(make_team(), name="foreign")
    results = {each.site.name: each for each in mending.connect(user, [new.pk, there.pk, foreign.pk], host)}
    assert {name: each.done for name, each in results.items()} == {"new": True, "there": True, "foreign": False}
    assert "another team" in results["foreign"].words and Site.objects.get(pk=foreign.pk).host is None
    assert Site.objects.get(pk=new.pk).host == host
    assert set(SiteSight.objects.filter(search="queued").values_list("pk", flat=True)) == {new.pk, there.pk}
