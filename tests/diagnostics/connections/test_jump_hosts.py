"""Hosting accounts that are reached through others: what may be chosen, what is stored when one in between fails, and the pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core.management import call_command
from django.db.models import RestrictedError
from django.test import Client

from diagnostics.connections import connecting, jump_hosts
from diagnostics.transports.base import TransportError
from sites.many import exporting
from sites.models import Host, Site
from tests.diagnostics.jump_pairs import Pair, pair_of
from tests.factories import make_host, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with pair_of(tmp_path) as made:
        yield made


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


def added(*arguments: str) -> tuple[dict[str, Any], int]:
    out, status = StringIO(), 0
    try:
        call_command("add_site", *arguments, "--json", stdout=out, stderr=StringIO())
    except SystemExit as end:
        status = int(end.code or 0)
    return json.loads(out.getvalue()), status


def test_site_behind_a_jump_host_is_added_from_the_command_line(pair: Pair, tmp_path: Path) -> None:
    docroot = pair.server.home / "www"
    docroot.mkdir()
    pair.server.own(docroot)
    pair.host.delete()
    key = tmp_path / "key"
    key.write_text(pair.server.private_key_text)
    connect = f"ssh://{pair.server.user}@{pair.server.address}:{pair.server.port}"
    asked = ("Inner", "https://inner.example/", "--connect", connect, "--key", str(key), "--accept-host-key", "--team", pair.jump.team.name)
    document, status = added(*asked, "--via", "Gate")
    assert (status, document["found"]["via"]) == (0, "Gate"), document
    host = Site.objects.get(name="Inner").host
    assert host.via == pair.jump and host.state == Host.State.WORKS
    assert "direct-tcpip" in pair.jump_server.log.read_text() or "Accepted publickey" in pair.jump_server.log.read_text()
    again = ("Second", "https://second.example/", "--connect", connect, "--via", "Gate", "--docroot", f"{pair.server.remote_home}/www")
    assert added(*again, "--team", pair.jump.team.name)[1] == 0
    assert Site.objects.get(name="Second").host == host


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--via", "Nobody", "--connect", "ssh://u@h.example"), "There is no hosting account named Nobody"),
        (("--via", "Gate", "--connect", "ftp://u@h.example"), "Only SSH and SFTP go through a jump host."),
        (("--via", "Gate"), "A jump host belongs to a new connection."),
        (("--via", "Shut", "--connect", "ssh://u@h.example"), "cannot be used now"),
    ],
)
def test_way_that_leads_nowhere_is_refused_before_anything_is_stored(more: tuple[str, ...], says: str) -> None:
    team = make_team("Agency")
    make_host(team, name="Gate"), make_host(team, name="Shut", state="refused"), make_host(name="Nobody")
    document, status = added("A", "https://a.example/", "--team", "Agency", *more)
    assert status == 2 and says in document["error"]["message"] and not Site.objects.exists() and Host.objects.count() == 3


def test_import_names_the_way_and_tells_two_ways_apart(tmp_path: Path) -> None:
    team = make_team("Agency")
    gate, door = make_host(team, name="Gate"), make_host(team, name="Door")
    inner = make_host(team, name="Standing", protocol="ssh", address="10.0.0.9", port=22, user="w", via=gate)
    path = tmp_path / "sites.csv"
    path.write_text(
        "name,url,connect,via,secret\n"
        "A,https://a.example/,ssh://w@10.0.0.5,Gate,x\n"
        "B,https://b.example/,ssh://w@10.0.0.5,,\n"
        "C,https://c.example/,ssh://w@10.0.0.5,Door,y\n"
        "D,https://d.example/,ssh://w@10.0.0.9,Gate,\n"
        "E,https://e.example/,ssh://w@10.0.0.9,,\n"
        "F,https://f.example/,ftp://w@10.0.0.5,Gate,x\n"
        "G,https://g.example/,ssh://w@10.0.0.5,Nobody,x\n"
        "H,https://h.example/,,Gate,\n"
    )
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("import_sites", str(path), "--json", stdout=out, stderr=StringIO())
    refused = {each["row"]: each["why"] for each in json.loads(out.getvalue())["refused"]}
    assert set(refused) == {7, 8, 9} and all(why.startswith("via: ") for why in refused.values())
    hosts = {site.name: site.host for site in Site.objects.select_related("host__via")}
    assert hosts["A"] == hosts["B"] and hosts["A"].via == gate and hosts["C"].via == door and hosts["C"] != hosts["A"]
    assert hosts["D"] == hosts["E"] == inner
    exported = exporting.row_of(Site.objects.get(name="A"))
    assert (exported["via"], exported["connect"]) == ("Gate", "ssh://w@10.0.0.5:22")
