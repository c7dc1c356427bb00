"""Connections tested in the background: against a real sshd, and the order in which they are handed over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from diagnostics.connections import connecting, host_tests
from sites.models import Host
from tests.factories import make_host, make_site, make_team, make_user
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))
    with sshd(tmp_path) as running:
        www = running.home / "www"
        www.mkdir()
        (www / "index.html").write_text("<p>hello")
        running.own(www)
        running.own(www / "index.html")
        yield running


def host_on(server: SshServer, **more: object) -> Host:
    place = {"protocol": "ssh", "address": server.address, "port": server.port, "user": server.user}
    return make_host(**{"private_key": server.private_key_text, "test_due_at": timezone.now(), **place, **more})


def test_unknown_key_waits_for_a_person_and_then_everything_is_found(server: SshServer) -> None:
    host = host_on(server)
    site = make_site(host.team, host=host)
    result = host_tests.run(host.pk)
    host.refresh_from_db()
    assert (result.ok, host.state, host.test_due_at, host.testing_since) == (False, "untested", None, None)
    assert list(host_tests.waiting_for_key(Host.objects.all())) == [host] and not host_tests.want_untested(Host.objects.all())
    assert connecting.accept_host_key(host, None, server.fingerprint())
    assert host_tests.want_untested(Host.objects.all()) == 1
    assert host_tests.run(host.pk).ok
    host.refresh_from_db()
    site.refresh_from_db()
    assert (host.state, site.docroot) == ("works", f"{server.remote_home}/www")


def test_one_key_of_one_machine_is_compared_once_and_no_other_key_with_it(server: SshServer, client: Client) -> None:
    team = make_team()
    client.force_login(make_user(team=team))
    one, two = (host_on(server, team=team, name=name, test_due_at=None, offered_host_key=server.host_key) for name in ("a", "b"))
    elsewhere = host_on(server, team=team, name="c", port=server.port + 1, test_due_at=None, offered_host_key=server.host_key)
    strangers = host_on(server, name="d", test_due_at=None, offered_host_key=server.host_key)
    other_key = host_on(server, team=team, name="e", test_due_at=None, offered_host_key=server.host_key_of("rsa"))
    page = client.get("/hosts/").content.decode()
    assert page.count("Accept this key") == 3 and "and one more account of this machine" in page
    client.post(f"/hosts/{one.pk}/accept-key/", {"fingerprint": server.fingerprint(), "back": "list"})
    kept = {host.pk: host for host in Host.objects.all()}
    assert kept[one.pk].state == "works" and kept[two.pk].host_key == server.host_key and kept[two.pk].test_due_at
    assert not any(kept[host.pk].host_key for host in (elsewhere, strangers, other_key))


def test_refused_login_is_tried_once_and_never_again_by_itself(server: SshServer) -> None:
    host = host_on(server, private_key="", password="wrong", host_key=server.host_key)
    host_tests.run(host.pk)
    host.refresh_from_db()
    assert host.state == "refused" and host.test_due_at is None
    before = server.quiet_log()
    assert host_tests.run(host.pk) is None  # the same task, handed over twice
    assert host_tests.want_untested(Host.objects.all()) == 0
    Host.objects.update(test_due_at=timezone.now())  # wanted before the refusal was known
    assert host_tests.run(host.pk) is None
    assert server.quiet_log() == before


def test_folder_of_a_host_with_several_sites_is_left_to_a_person(server: SshServer) -> None:
    host = host_on(server, host_key=server.host_key)
    sites = [make_site(host.team, host=host), make_site(host.team, host=host)]
    assert host_tests.run(host.pk).ok
    assert [type(site).objects.get(pk=site.pk).docroot for site in sites] == ["", ""]


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The broker is not part of this: what would be sent."""
    sent: list[int] = []
    monkeypatch.setattr(host_tests, "enqueue", lambda _task, host_id, expires: sent.append(host_id) or True)
    return sent


def test_few_are_handed_over_at_a_time_and_one_per_address(handed: list[int]) -> None:
    team = make_team()
    hosts = [make_host(team, address=f"h{n % 20}.example", test_due_at=timezone.now()) for n in range(60)]
    assert host_tests.hand_over() == host_tests.AT_ONCE == len(handed)
    assert len({Host.objects.get(pk=pk).address for pk in handed}) == len(handed)
    Host.objects.filter(pk__in=handed).update(testing_since=timezone.now())
    assert host_tests.hand_over() == 0  # all places are taken
    Host.objects.filter(pk__in=handed).update(testing_since=None, test_due_at=None, state="works")
    first = set(handed)
    assert host_tests.hand_over() == host_tests.AT_ONCE and not first & set(handed[host_tests.AT_ONCE :])
    assert len(hosts) == 60


def test_address_that_refused_a_login_is_left_alone_for_some_minutes(handed: list[int]) -> None:
    team, now = make_team(), timezone.now()
    make_host(team, address="h.example", state="refused", tested_at=now - timedelta(minutes=1))
    waiting = make_host(team, address="h.example", test_due_at=now)
    assert host_tests.hand_over() == 0
    Host.objects.filter(state="refused").update(tested_at=now - timedelta(minutes=6))
    assert host_tests.hand_over() == 1 and handed == [waiting.pk]


def test_test_that_was_lost_is_handed_over_again_and_one_that_hangs_is_given_up(handed: list[int]) -> None:
    now = timezone.now()
    lost = make_host(address="a.example", test_due_at=now)
    hanging = make_host(address="b.example", testing_since=now - timedelta(minutes=4))
    host_tests.hand_over()
    assert Host.objects.get(pk=hanging.pk).testing_since is None
    assert host_tests.hand_over() == 0
    Host.objects.filter(pk=lost.pk).update(test_due_at=now)
    host_tests.hand_over()
    assert handed == [lost.pk, lost.pk]


def test_broker_that_is_away_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_tests, "enqueue", lambda *_args, **_more: False)
    host = make_host(test_due_at=timezone.now())
    host_tests.hand_over()
    host.refresh_from_db()
    assert host.test_due_at <= timezone.now()


def test_logins_at_one_address_are_spaced() -> None:
    hosts = [Host(address="h.example"), Host(address="h.example"), Host(address="other.example")]
    host_tests.want(hosts)
    assert (hosts[1].test_due_at - hosts[0].test_due_at).total_seconds() == host_tests.SAME_ADDRESS_S
    assert hosts[2].test_due_at == hosts[0].test_due_at
