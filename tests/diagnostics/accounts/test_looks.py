"""The sites of an account, looked for over a real sshd; and what becomes of a look that is stopped, lost or fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.conf import settings
from django.core import serializers
from django.utils import timezone

from diagnostics.accounts import importing, listing, looks
from diagnostics.facts.installations import Search
from diagnostics.models import AccountLook, FoundSite
from sites.importing import previews
from sites.models import Host, Site, SiteImport
from tests.diagnostics.accounts_made import EXPECTED, SECRET, everything
from tests.factories import make_host, make_site, make_team, make_user
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", params=[False, True], ids=["shell", "chroot"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("account"), sftp_only=request.param) as running:
        for path, text in everything().items():
            file = running.home / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (running.home / "logs").mkdir()
        (running.home / "logs/error.log").write_text("")
        yield running


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


def host_on(server: SshServer, **more: object) -> Host:
    place = {"protocol": "sftp", "address": server.address, "port": server.port, "user": server.user, "host_key": server.host_key}
    return make_host(**{"private_key": server.private_key_text, "state": "works", **place, **more})


def below_home(server: SshServer, host: Host) -> dict[str, FoundSite]:
    start = f"{server.remote_home}/"
    return {row.docroot.removeprefix(start): row for row in host.found_sites.all() if row.docroot.startswith(start)}


def test_every_site_of_the_account_is_found_and_nothing_secret_is_kept(server: SshServer) -> None:
    host = host_on(server)
    looks.request(host)
    look = looks.run(host.pk)
    assert look is not None and (look.state, look.error, look.cut_short) == ("done", "", "")
    found = below_home(server, host)
    assert {path: (row.software, row.version, row.addresses[0]["url"]) for path, row in found.items()} == EXPECTED
    assert {row.error_log for row in found.values()} == {f"{server.remote_home}/logs/error.log"}
    assert all(each["kind"] for row in found.values() for each in row.addresses)  # each address was asked once
    kept = serializers.serialize("json", [*FoundSite.objects.all(), AccountLook.objects.get(pk=host.pk)])
    assert SECRET not in kept and "wp_" not in kept
    look.refresh_from_db()
    assert look.folders > 10 and look.folder == ""


def test_found_sites_become_an_import_with_host_folder_and_log(server: SshServer) -> None:
    host = host_on(server)
    user = make_user(team=host.team)
    looks.request(host, user)
    looks.run(host.pk)
    found = below_home(server, host)
    typed = {f"choice-{found['www'].pk}": "https://shop.example/", f"url-{found['plain.example'].pk}": "plain.example"}
    preview = listing.chosen(host, user, typed, [found["www"].pk, found["plain.example"].pk])
    assert isinstance(preview, SiteImport) and Site.objects.count() == 0
    checked = importing.check(previews.opened(preview)[0], [host.team])
    assert [row.why for row in checked] == ["", ""]
    importing.make(checked, preview)
    shop = Site.objects.get(name="shop.example")
    assert (shop.host, shop.docroot, shop.error_log) == (host, found["www"].docroot, found["www"].error_log)
    assert shop.pages.get().due_at is not None
    assert Site.objects.get(name="plain.example").url == "https://plain.example"
    listed = {row.found.docroot: row.site for row in listing.rows(host)}
    assert listed[found["www"].docroot] == shop and listing.summary(host).new == len(listed) - 2


def test_refused_login_is_told_and_what_was_found_before_stays(server: SshServer) -> None:
    host = host_on(server, private_key="", password="wrong")
    FoundSite.objects.create(host=host, docroot="/www", software="php", found_at=timezone.now())
    looks.request(host)
    look = looks.run(host.pk)
    assert look is not None and look.state == "failed" and look.error
    assert host.found_sites.count() == 1 and Host.objects.get(pk=host.pk).state == "refused"


def test_stopped_look_ends_and_keeps_what_it_found(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    host, run = host_on(server), Search.run

    def stopped_at_the_first(search: Search) -> Iterator[object]:
        for found in run(search):
            if found:
                looks.stop(host)
            yield found

    monkeypatch.setattr(Search, "run", stopped_at_the_first)
    looks.request(host)
    look = looks.run(host.pk)
    assert look is not None and look.state == "cancelled"
    assert AccountLook.objects.get(pk=host.pk).state == "cancelled" and host.found_sites.count() == 1


def test_site_that_is_gone_disappears_only_after_a_whole_look(server: SshServer) -> None:
    host = host_on(server)
    before = timezone.now() - timedelta(days=1)
    FoundSite.objects.create(host=host, docroot="/gone", software="php", found_at=before)
    looks.request(host)
    looks.run(host.pk)
    assert not host.found_sites.filter(docroot="/gone").exists() and host.found_sites.count() >= len(EXPECTED)


def test_long_look_gives_its_connection_back_from_time_to_time(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "AT_A_TIME_S", 0.0)
    monkeypatch.setattr(looks, "GIVE_WAY_S", 0.0)
    host = host_on(server)
    opened: list[str] = []
    reader_for = looks.connecting.reader_for
    monkeypatch.setattr(looks.connecting, "reader_for", lambda of: opened.append("x") or reader_for(of))
    looks.request(host)
    look = looks.run(host.pk)
    assert look is not None and look.state == "done" and len(opened) > 3
    assert set(below_home(server, host)) == set(EXPECTED)


# --- without a host ---------------------------------------------------------------------------------
def test_look_that_waits_is_stopped_at_once_and_one_that_goes_on_is_not_asked_for_twice() -> None:
    host = make_host(state="works")
    first = looks.request(host)
    assert looks.request(host).asked_at == first.asked_at
    assert looks.stop(host) and looks.run(host.pk) is None
    assert AccountLook.objects.get(pk=host.pk).state == "cancelled"
    assert not looks.stop(host)


def test_look_that_a_dead_worker_left_is_ended_and_one_the_broker_forgot_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(looks.queueing, "enqueue", lambda _task, host_id, expires: sent.append(host_id) or True)
    now = timezone.now()
    dead, forgotten, alive = (make_host() for _ in range(3))
    AccountLook.objects.create(host=dead, state="running", asked_at=now, started_at=now, alive_at=now - timedelta(minutes=2))
    AccountLook.objects.create(host=forgotten, asked_at=now - timedelta(minutes=1))
    AccountLook.objects.create(host=alive, state="running", asked_at=now, started_at=now, alive_at=now)
    assert looks.sweep() == 1 and sent == [forgotten.pk]
    states = dict(AccountLook.objects.values_list("pk", "state"))
    assert states == {dead.pk: "failed", forgotten.pk: "queued", alive.pk: "running"}


def test_look_waits_while_two_others_go_on() -> None:
    now = timezone.now()
    for _ in range(2):
        AccountLook.objects.create(host=make_host(), state="running", asked_at=now, started_at=now, alive_at=now)
    host = make_host(state="refused")
    looks.request(host)
    assert looks.run(host.pk) is None and AccountLook.objects.get(pk=host.pk).state == "queued"
    AccountLook.objects.filter(state="running").update(alive_at=now - timedelta(minutes=5))
    assert looks.run(host.pk).state == "failed"


def found_site(host: Host, docroot: str, *urls: str) -> FoundSite:
    addresses = [{"url": url, "why": "wp-config.php", "kind": "", "status": None} for url in urls]
    return FoundSite.objects.create(host=host, docroot=docroot, software="wordpress", addresses=addresses, found_at=timezone.now())


def test_registered_site_is_known_by_its_folder_or_its_address() -> None:
    team = make_team()
    host = make_host(team)
    by_folder = make_site(team, host=host, docroot="/home/x/www/", url="https://other.example/")
    by_address = make_site(team, url="http://www.shop.example")
    make_site(make_team(), url="https://foreign.example/")
    found_site(host, "/home/x/www")
    found_site(host, "/home/x/shop", "https://no.example/", "https://shop.example/")
    found_site(host, "/home/x/foreign", "https://foreign.example/")
    assert {row.found.docroot: row.site for row in listing.rows(host)} == {
        "/home/x/www": by_folder,
        "/home/x/shop": by_address,
        "/home/x/foreign": None,
    }


def test_only_sites_found_on_this_host_can_be_chosen() -> None:
    host, other = make_host(), make_host()
    foreign = found_site(other, "/www", "https://shop.example/")
    assert listing.chosen(host, make_user(team=host.team), {}, [foreign.pk, 999_999]) is None
    assert json.dumps(listing.name_of("https://www.shop.example/blog/")) == '"shop.example/blog"'


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.example.org/blog/", "example.org/blog"),
        ("http://127.0.0.1:8081/", "127.0.0.1:8081"),
        ("https://example.org:99999/", "https://example.org:99999/"),
    ],
)
def test_name_of_a_found_site_tells_it_from_its_neighbours(url: str, name: str) -> None:
    assert listing.name_of(url) == name
