"""Hosting accounts: what is typed, what is wrong with it, and who sees which button."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from diagnostics.connections.connecting import fingerprint_of
from diagnostics.models import HostAction
from diagnostics.transports.base import KEY_WANTED
from sites.models import Host
from tests.diagnostics.views.cases import Scene, make_scene, primaries, words
from tests.factories import make_host, make_site

pytestmark = pytest.mark.django_db
TYPED = {"name": "OVH", "protocol": "sftp", "address": "no-such-host.invalid", "port": "22", "user": "bernard", "profile": "ovh-mutualise"}


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def parsed(response: object) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def test_list_and_page_show_readers_no_buttons(scene: Scene) -> None:
    for path in ("/hosts/", f"/hosts/{scene.site.host_id}/", f"/diagnoses/{scene.diagnosis.pk}/"):
        assert scene.owner.get(path).status_code == scene.reader.get(path).status_code == 200
        assert primaries(parsed(scene.owner.get(path))) and not primaries(parsed(scene.reader.get(path)))
        assert not parsed(scene.reader.get(path)).select("main form")


def test_outsider_finds_neither_page_nor_name(scene: Scene) -> None:
    assert scene.outsider.get(f"/hosts/{scene.site.host_id}/").status_code == 404
    assert scene.site.host.name not in scene.outsider.get("/hosts/").content.decode()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"name": ""}, "Give it a name of your choice."),
        ({"address": ""}, "Type the address that your hoster gave you."),
        ({"address": "x.example/www"}, "without sftp://"),
        ({"address": "scp://x.example"}, "Only SSH, SFTP, FTPS and FTP are spoken here."),
        ({"protocol": "ftps", "password": ""}, "Give a password: FTP takes no key."),
        ({"protocol": "ftp", "private_key": "a key"}, "FTP takes a password, no key."),
        ({"address": "x.example:2222", "port": "2200"}, "The address says something else than this field: Port."),
        ({"address": "sftp://anna@x.example"}, "The address says something else than this field: User."),
        ({"user": ""}, "Type the user name that your hoster gave you."),
        ({"port": "70000"}, "A port is a number from 1 to 65535."),
        ({"password": ""}, "Give a password or a private key."),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(scene: Scene, changed: dict[str, str], says: str) -> None:
    page = parsed(scene.owner.post("/hosts/new/", TYPED | {"password": "p w"} | changed))
    assert says in words(page)
    assert page.select_one("[role=alert]")
    assert not Host.objects.filter(user="bernard").exists()


def test_name_that_does_not_resolve_is_told_and_nothing_is_stored_until_asked(scene: Scene) -> None:
    response = scene.owner.post("/hosts/new/", TYPED | {"password": "s3cret words", "action": "save"})
    assert "does not resolve" in words(parsed(response))
    assert b"s3cret words" not in response.content
    assert "Type it again" in parsed(response).select_one("#id_password-hint").get_text()
    assert not Host.objects.filter(user="bernard").exists()
    response = scene.owner.post("/hosts/new/", TYPED | {"password": "s3cret words", "action": "save-anyway"})
    stored = Host.objects.get(user="bernard")
    assert response["Location"] == f"/hosts/{stored.pk}/" and "s3cret" not in stored.sealed_password


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ({"address": "no-such-host.invalid:2222"}, ("sftp", "no-such-host.invalid", 2222, "bernard")),
        ({"address": "ssh://bernard@no-such-host.invalid:2222/"}, ("ssh", "no-such-host.invalid", 2222, "bernard")),
        ({"address": "ftps://no-such-host.invalid"}, ("ftps", "no-such-host.invalid", 21, "bernard")),
        ({"address": "ftps://no-such-host.invalid:990"}, ("ftps", "no-such-host.invalid", 990, "bernard")),
        ({"protocol": "ftp"}, ("ftp", "no-such-host.invalid", 21, "bernard")),
        ({"protocol": "ftp", "port": ""}, ("ftp", "no-such-host.invalid", 21, "bernard")),
        ({"protocol": "ftp", "port": "2121"}, ("ftp", "no-such-host.invalid", 2121, "bernard")),
        ({"address": "anna:pw@no-such-host.invalid", "user": ""}, ("sftp", "no-such-host.invalid", 22, "anna")),
        ({"address": "2001:db8::22"}, ("sftp", "2001:db8::22", 22, "bernard")),
        ({"address": "[2001:db8::22]:2222"}, ("sftp", "2001:db8::22", 2222, "bernard")),
    ],
)
def test_address_is_taken_apart_into_its_fields(scene: Scene, typed: dict[str, str], stored: tuple[str, str, int, str]) -> None:
    scene.owner.post("/hosts/new/", TYPED | typed | {"password": "p", "action": "save-anyway"})
    host = Host.objects.get(name="OVH")
    assert (host.protocol, host.address, host.port, host.user) == stored


def test_plain_ftp_is_warned_of_and_a_certificate_is_called_one(scene: Scene) -> None:
    for protocol, warned in (("ftp", True), ("ftps", False)):
        typed = TYPED | {"protocol": protocol, "password": "p", "name": protocol}
        assert ("Plain FTP is not encrypted" in words(parsed(scene.owner.post("/hosts/new/", typed | {"action": "test"})))) == warned
        scene.owner.post("/hosts/new/", typed | {"action": "save-anyway"})
        page = words(parsed(scene.owner.get(f"/hosts/{Host.objects.get(name=protocol).pk}/")))
        assert ("Plain FTP is not encrypted" in page, "Certificate" in page, "Host key" in page) == (warned, not warned, False)


def test_missing_secret_is_linked_to_its_field(scene: Scene) -> None:
    page = parsed(scene.owner.post("/hosts/new/", TYPED))
    assert page.select_one(".error-summary a[href='#id_password']")
    assert page.select_one("#id_password")["aria-invalid"] == "true"


def test_private_key_is_never_sent_back_but_asked_for_again(scene: Scene) -> None:
    response = scene.owner.post("/hosts/new/", TYPED | {"private_key": "hidden key"})
    page = parsed(response)
    assert b"hidden key" not in response.content
    assert "Type it again" in page.select_one("#id_private_key-hint").get_text()
    assert page.select_one("details[open] #id_private_key")


def test_host_that_wants_a_key_leads_to_entering_one(scene: Scene) -> None:
    pk = scene.site.host_id
    Host.objects.filter(pk=pk).update(state="refused", state_detail=KEY_WANTED)
    page = parsed(scene.owner.get(f"/hosts/{pk}/"))
    assert primaries(page) == ["Enter a private key"]
    assert page.select_one(".btn.primary")["href"] == f"/hosts/{pk}/edit/"
    assert parsed(scene.owner.get(f"/hosts/{pk}/edit/")).select_one("details[open] #id_private_key")


def test_refused_login_leads_to_correcting_it_not_to_the_same_try_again(scene: Scene) -> None:
    Host.objects.filter(pk=scene.site.host_id).update(state="refused", state_detail="The host refused the password.")
    assert primaries(parsed(scene.owner.get(f"/hosts/{scene.site.host_id}/"))) == ["Correct user or secret"]


def test_changed_certificate_is_called_one_everywhere(scene: Scene) -> None:
    pinned, shown = "x509 AAAA", "x509 BBBB"
    Host.objects.filter(pk=scene.site.host_id).update(protocol="ftps", state="key-changed", host_key=pinned, offered_host_key=shown)
    said = words(parsed(scene.owner.get(f"/hosts/{scene.site.host_id}/")))
    assert "Certificate changed" in said and "another certificate" in said and "accept the new certificate" in said
    assert "another key" not in said and "Host key" not in said
    assert "Certificate changed" in words(parsed(scene.owner.get("/hosts/")))


def test_site_whose_account_is_read_only_leads_to_the_switch_of_the_account(scene: Scene) -> None:
    Host.objects.filter(pk=scene.site.host_id).update(read_only_since=timezone.now())
    page = parsed(scene.owner.get(f"/sites/{scene.site.pk}/"))
    assert page.select_one(f'a[href="/hosts/{scene.site.host_id}/read-only/"]')


def test_host_without_a_site_leads_to_registering_one(scene: Scene) -> None:
    host = make_host(scene.site.team, name="New account", state="works")
    page = parsed(scene.owner.get(f"/hosts/{host.pk}/"))
    assert primaries(page) == ["Look for sites"]
    form = parsed(scene.owner.get(page.select_one("main .actions a[href^='/sites/new/']")["href"]))
    assert form.select_one("#id_host option[selected]")["value"] == str(host.pk)


def test_no_account_is_chosen_beforehand_and_bad_ones_are_marked(scene: Scene) -> None:
    Host.objects.filter(pk=scene.site.host_id).update(state="refused")
    site = make_site(scene.site.team, name="Second")
    page = parsed(scene.owner.get(f"/sites/{site.pk}/connect/"))
    assert not page.select("#id_host option[value]:not([value=''])[selected]")
    assert page.select_one("#id_host option")["value"] == ""
    assert "(login refused)" in page.select_one("#id_host").get_text()
    assert "Choose a hosting account" in words(parsed(scene.owner.post(f"/sites/{site.pk}/connect/", {"host": ""})))


def test_practice_is_offered_where_accounts_and_sites_are_added(scene: Scene) -> None:
    for path in ("/hosts/", "/sites/new/"):
        assert parsed(scene.owner.get(path)).select_one("main a[href='/practice/']")


def test_key_to_accept_is_the_one_thing_to_do_and_a_changed_one_warns(scene: Scene) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    Host.objects.filter(pk=scene.site.host_id).update(offered_host_key=key)
    page = parsed(scene.owner.get(f"/hosts/{scene.site.host_id}/"))
    assert primaries(page) == ["Accept this key"] and "SHA256:" in words(page)
    Host.objects.filter(pk=scene.site.host_id).update(host_key=key, state="key-changed")
    page = parsed(scene.owner.get(f"/hosts/{scene.site.host_id}/"))
    assert not primaries(page) and page.select_one(".btn.danger")
    assert "Everything on this connection has stopped" in words(page)


def test_folder_must_be_given_and_absolute(scene: Scene) -> None:
    for docroot, says in (("", "Type the folder, or press"), ("www", "An absolute path")):
        page = parsed(scene.owner.post(f"/sites/{scene.site.pk}/places/", {"docroot": docroot}))
        assert says in words(page)


def test_practice_hosting_is_no_choice_for_a_real_site(scene: Scene) -> None:
    make_host(scene.site.team, name="Practice hosting", practice=True)
    assert "Practice hosting" not in words(parsed(scene.owner.get(f"/sites/{scene.site.pk}/connect/")))


def test_cause_links_to_what_it_is_confused_with(scene: Scene) -> None:
    page = parsed(scene.owner.get("/causes/htaccess-invalid-directive/"))
    assert page.select("main ul a[href^='/causes/']") and "('" not in words(page)


@pytest.mark.parametrize(
    ("protocols", "says"),
    [
        (("ftps",), "Certificate changed"),
        (("ssh", "ftps"), "Host key or certificate changed"),
        (("sftp",), "Host key changed"),
    ],
)
def test_chip_of_changed_ones_names_what_changed(scene: Scene, protocols: tuple[str, ...], says: str) -> None:
    for protocol in protocols:
        make_host(scene.site.team, protocol=protocol, state="key-changed")
    make_host(scene.site.team, state="works")
    chips = {
        chip["href"].partition("state=")[2]: chip.get_text(" ", strip=True)
        for chip in parsed(scene.owner.get("/hosts/")).select(".chips a")
    }
    assert chips["key-changed"] == f"{says} {len(protocols)}"


def test_changed_certificate_is_called_one_on_settings_and_the_page_of_its_site(scene: Scene) -> None:
    Host.objects.filter(pk=scene.site.host_id).update(
        protocol="ftps", state="key-changed", offered_host_key="x509 AAAA", state_detail="Long."
    )
    for path in ("/settings/", f"/sites/{scene.site.pk}/"):
        page = words(parsed(scene.owner.get(path)))
        assert "Certificate changed" in page and "Host key changed" not in page and "Long." not in page


def test_first_key_of_a_host_is_not_called_another_one(scene: Scene) -> None:
    host = make_host(scene.site.team)
    for code in ("host-key-unknown", "host-key-changed"):
        HostAction.objects.create(host=host, at=timezone.now(), verb="login", purpose="test", actor="person", outcome="refused", code=code)
    page = words(parsed(scene.owner.get(f"/hosts/{host.pk}/done/")))
    assert "Stopped: its key is not accepted yet" in page and "Stopped: another host key" in page


def test_why_it_does_not_work_is_said_once(scene: Scene) -> None:
    host = make_host(scene.site.team, name="Far", address="no-such-host.invalid", host_key="ssh-ed25519 AAAA", state="works")
    page = words(parsed(scene.owner.post(f"/hosts/{host.pk}/test/", follow=True)))
    why = Host.objects.get(pk=host.pk).state_detail
    assert why and page.count(why) == 1 and "Tested just now: the connection does not work." in page


def test_fingerprint_that_waits_is_shown_once_and_not_in_the_list(scene: Scene) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB3cN2fr0wXUuTPfSrHOdSZrGPvFlzDIyMcXmM1yTTvB"
    detail = f"no-such-host.invalid is new here. It shows the host key {fingerprint_of(key)}."
    host = make_host(scene.site.team, offered_host_key=key, state="key-changed", host_key="ssh-ed25519 AAAA", state_detail=detail)
    assert words(parsed(scene.owner.get(f"/hosts/{host.pk}/"))).count(fingerprint_of(key)) == 1
    assert fingerprint_of(key) not in words(parsed(scene.owner.get("/hosts/")))


def test_site_without_a_folder_leads_from_its_account_to_choosing_one(scene: Scene) -> None:
    host = make_host(scene.site.team, name="Plesk", state="works")
    site = make_site(scene.site.team, name="Bakery", host=host)
    place = f"/sites/{site.pk}/places/"
    assert parsed(scene.owner.get(f"/hosts/{host.pk}/")).select(f'td a[href="{place}"]')
    page = parsed(scene.reader.get(f"/hosts/{host.pk}/"))
    assert not page.select(f'a[href="{place}"]') and "Its folder is not chosen yet" in words(page)
    Host.objects.filter(pk=host.pk).update(state="refused")
    assert not parsed(scene.owner.get(f"/hosts/{host.pk}/")).select(f'a[href="{place}"]')
