"""Hosting accounts that are reached through others: what may be chosen, what is stored when one in between fails, and the pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.db.models import RestrictedError
from django.test import Client

from diagnostics import connecting, jump_hosts
from diagnostics.transports.base import TransportError
from sites.models import Host, Team
from tests.factories import make_host, make_team, make_user
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


@dataclass
class Pair:
    """A host and the one that leads to it."""

    host: Host
    jump: Host
    server: SshServer
    jump_server: SshServer


def stored(server: SshServer, team: Team, **more: object) -> Host:
    place = {"protocol": "ssh", "address": server.address, "port": server.port, "user": server.user, "host_key": server.host_key}
    return make_host(team, **{**place, "private_key": server.private_key_text, **more})  # type: ignore[arg-type]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    team = make_team()
    with sshd(tmp_path) as server, sshd(tmp_path) as jump_server:
        jump = stored(jump_server, team, name="Gate")
        yield Pair(stored(server, team, name="Inner", via=jump), jump, server, jump_server)


def test_files_are_reached_through_the_other_account(pair: Pair) -> None:
    result = connecting.test_host(pair.host)
    assert (result.ok, result.message) == (True, "The connection works.")
    with connecting.reader_for(pair.host) as reader:
        assert reader.home() == pair.server.remote_home
    assert "Accepted publickey" in pair.jump_server.log.read_text()


def test_changed_key_of_the_jump_host_stops_both_and_is_offered_on_its_own_page(pair: Pair) -> None:
    assert connecting.test_host(pair.host).ok
    pair.jump_server.change_host_key()
    with pytest.raises(TransportError), connecting.reader_for(pair.host):
        pass
    host, jump = Host.objects.get(pk=pair.host.pk), Host.objects.get(pk=pair.jump.pk)
    assert (jump.state, jump.offered_host_key) == (Host.State.KEY_CHANGED, pair.jump_server.host_key)
    assert (host.state, host.offered_host_key, host.host_key) == (Host.State.WORKS, "", pair.server.host_key)
    with pytest.raises(connecting.ConnectionStopped, match="Gate"):
        connecting.require_usable(host)


def test_refused_login_of_the_jump_host_is_not_repeated(pair: Pair) -> None:
    Host.objects.filter(pk=pair.jump.pk).update(sealed_private_key=pair.host.sealed_private_key)
    host = Host.objects.get(pk=pair.host.pk)
    result = connecting.test_host(host)
    assert (result.code, host.state) == ("jump-host", Host.State.UNREACHABLE)
    assert Host.objects.get(pk=pair.jump.pk).state == Host.State.REFUSED
    tries = pair.jump_server.log.read_text().count("Failed publickey")
    with pytest.raises(connecting.ConnectionStopped), connecting.reader_for(Host.objects.get(pk=host.pk)):
        pass
    again = connecting.test_host(Host.objects.get(pk=host.pk))
    assert (again.code, "Gate" in again.message) == ("stopped", True)
    assert pair.jump_server.log.read_text().count("Failed publickey") == tries


def test_choices_leave_out_circles_long_chains_and_others() -> None:
    team = make_team()
    first = make_host(team, name="first")
    second = make_host(team, name="second", via=first)
    third = make_host(team, name="third", via=second)
    make_host(team, name="files", protocol="local")
    make_host(team, name="play", practice=True)
    make_host(name="of another team")

    def names(host: Host) -> list[str]:
        return [each.name for each in jump_hosts.choices(team, host)]

    assert names(Host(team=team)) == ["first", "second"]
    assert names(first) == []  # it leads to two hops already
    assert names(second) == ["first"]
    assert names(third) == ["first", "second"]
    lone = make_host(team, name="lone")
    assert names(first) == []
    assert names(second) == ["first", "lone"]
    assert names(lone) == ["first", "second"]


def test_circle_in_the_database_is_told_and_ends(pair: Pair) -> None:
    Host.objects.filter(pk=pair.jump.pk).update(via=pair.host)
    result = connecting.test_host(Host.objects.get(pk=pair.host.pk))
    assert (result.ok, "circle" in result.message) == (False, True)


def test_account_that_others_are_reached_through_stays(client: Client) -> None:
    team = make_team()
    jump = make_host(team, name="Gate")
    make_host(team, name="Inner", via=jump)
    with pytest.raises(RestrictedError):
        jump.delete()
    client.force_login(make_user(team=team))
    answer = client.post(f"/hosts/{jump.pk}/delete/")
    assert "Inner" in answer.content.decode()
    assert Host.objects.filter(pk=jump.pk).exists()
    team.delete()
    assert not Host.objects.exists()


def test_jump_host_is_chosen_on_the_form_and_shown_on_the_page(client: Client) -> None:
    team = make_team()
    jump, other = make_host(team, name="Gate"), make_host(name="Foreign")
    client.force_login(make_user(team=team))
    typed = {"name": "Inner", "protocol": "sftp", "address": "10.0.0.5", "port": "22", "user": "u", "profile": "apache-755"}
    typed |= {"password": "secret", "action": "save-anyway"}
    client.post("/hosts/new/", typed | {"via": other.pk})
    assert not Host.objects.filter(name="Inner").exists()
    client.post("/hosts/new/", typed | {"via": jump.pk})
    host = Host.objects.get(name="Inner")
    assert host.via == jump
    shown = BeautifulSoup(client.get(f"/hosts/{host.pk}/").content, "html.parser")
    assert shown.select_one(f"a[href='/hosts/{jump.pk}/']").get_text() == "Gate"
    page = client.post("/hosts/new/", typed | {"name": "Other", "protocol": "ftps", "port": "21", "via": jump.pk}).content.decode()
    assert "Only SSH and SFTP go through a jump host." in page
