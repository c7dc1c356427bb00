"""Keys that are made here, from the page or the shell to a real sshd that takes them once they are installed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from diagnostics.connections import account_keys, connecting
from diagnostics.transports.made_keys import make_key
from sites.credentials import host_secrets
from sites.models import Host
from tests.factories import make_host, make_site, make_team, make_user
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.django_db
NOT_YET = "The host does not know the new key yet."


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    with sshd(tmp_path, password_user=True) as running:
        yield running


def install(server: SshServer, line: str) -> None:
    """As a person does it: one more line in the file that sshd looks at."""
    with (server._folder / "login.pub").open("a") as file:
        file.write(f"{line}\n")


def host_on(server: SshServer, **more: object) -> Host:
    place = {"protocol": "ssh", "address": server.address, "port": server.port, "user": server.user, "host_key": server.host_key}
    return make_host(make_team(), **{**place, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "bits", "name"), [("ed25519", "256", "ED25519"), ("rsa", "3072", "RSA")])
def test_key_is_what_ssh_keygen_reads(tmp_path: Path, kind: str, bits: str, name: str) -> None:
    made = make_key(kind, "sitemend-shöp@host example\n")
    (tmp_path / "key").write_text(made.private)
    (tmp_path / "key").chmod(0o600)
    public = subprocess.run(["ssh-keygen", "-yf", tmp_path / "key"], capture_output=True, text=True, check=True).stdout
    assert public.split()[:2] == made.public.split()[:2]
    (tmp_path / "key.pub").write_text(made.public)
    shown = subprocess.run(["ssh-keygen", "-lf", tmp_path / "key.pub"], capture_output=True, text=True, check=True).stdout
    assert (shown.split()[0], name in shown) == (bits, True)
    assert made.public.split()[2:] == ["sitemend-sh-p@host-example-"]
    assert "PRIVATE" not in repr(made)


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_account_without_secret_uses_its_new_key_once_it_is_installed(server: SshServer, kind: str) -> None:
    host = host_on(server)
    line = account_keys.make_for(host, kind)
    stored = Host.objects.get(pk=host.pk)
    assert (stored.public_key, stored.next_public_key, "PRIVATE" in stored.sealed_private_key) == (line, "", False)
    assert account_keys.test(stored).message == NOT_YET
    assert Host.objects.get(pk=host.pk).state_detail.startswith(NOT_YET)
    install(server, line)
    assert account_keys.test(stored).ok
    assert Host.objects.get(pk=host.pk).state == Host.State.WORKS


def test_new_key_waits_beside_a_password_and_takes_its_place(server: SshServer) -> None:
    host = host_on(server, password=server.password)
    assert connecting.test_host(host).ok
    line = account_keys.make_for(host, "ed25519")
    assert account_keys.test_next(host).message == NOT_YET
    stored = Host.objects.get(pk=host.pk)
    assert (stored.state, host_secrets(stored)[0], stored.next_public_key) == (Host.State.WORKS, server.password, line)
    with connecting.reader_for(stored) as reader:
        assert reader.home() == server.remote_home
    install(server, line)
    assert account_keys.test_next(stored).ok
    stored = Host.objects.get(pk=host.pk)
    assert (host_secrets(stored)[0], stored.public_key, stored.next_public_key, stored.sealed_next_key) == ("", line, "", "")
    assert connecting.test_host(stored).ok


def test_password_stays_where_the_host_wants_both(tmp_path: Path) -> None:
    with sshd(tmp_path, password_user=True, extra="AuthenticationMethods publickey,password") as server:
        host = host_on(server, password=server.password)
        install(server, account_keys.make_for(host, "ed25519"))
        assert account_keys.test_next(host).ok
        stored = Host.objects.get(pk=host.pk)
        assert host_secrets(stored)[0] == server.password
        assert connecting.test_host(stored).ok


def test_key_that_waits_can_be_forgotten(server: SshServer) -> None:
    host = host_on(server, password=server.password)
    account_keys.make_for(host, "ed25519")
    account_keys.forget_next(host)
    stored = Host.objects.get(pk=host.pk)
    assert (stored.sealed_next_key, stored.next_public_key, host_secrets(stored)[0]) == ("", "", server.password)


def test_typed_secret_puts_a_made_key_away_but_a_corrected_address_does_not(server: SshServer) -> None:
    host = host_on(server)
    line = account_keys.make_for(host, "ed25519")
    host.address = "localhost"
    connecting.store(host)
    assert (Host.objects.get(pk=host.pk).public_key, bool(host_secrets(host)[1])) == (line, True)
    connecting.store(host, password="typed")
    stored = Host.objects.get(pk=host.pk)
    assert (stored.public_key, host_secrets(stored)) == ("", ("typed", "", ""))


def test_no_key_where_there_is_no_ssh() -> None:
    host = make_host(protocol="local", address="", user="")
    with pytest.raises(account_keys.KeyNotPossible):
        account_keys.make_for(host, "ed25519")
    assert not Host.objects.get(pk=host.pk).public_key


# --- pages --------------------------------------------------------------------------------------
def page(client: Client, host: Host) -> BeautifulSoup:
    return BeautifulSoup(client.get(f"/hosts/{host.pk}/").content, "html.parser")


def test_site_is_connected_with_a_key_made_on_the_form(server: SshServer, client: Client) -> None:
    team = make_team()
    client.force_login(make_user(team=team))
    site = make_site(team)
    typed = {"name": "New", "protocol": "ssh", "address": server.address, "port": server.port, "user": server.user}
    typed |= {"profile": "apache-755", "action": "make-key", "kind": "ed25519"}
    answer = client.post(f"/hosts/new/?site={site.pk}", typed)
    host = Host.objects.get(name="New")
    assert answer["Location"] == f"/hosts/{host.pk}/?site={site.pk}"
    shown = page(client, host)
    assert shown.select_one("#public-key").get_text() == host.public_key
    assert "PRIVATE KEY" not in shown.get_text()
    client.post(f"/hosts/{host.pk}/accept-key/?site={site.pk}", {"fingerprint": server.fingerprint()})
    assert NOT_YET in page(client, host).get_text()
    install(server, host.public_key)
    answer = client.post(f"/hosts/{host.pk}/test/?site={site.pk}")
    assert answer["Location"] == f"/sites/{site.pk}/places/"


def test_key_is_made_tested_and_used_from_the_page_of_an_account(server: SshServer, client: Client) -> None:
    host = host_on(server, password=server.password)
    client.force_login(make_user(team=host.team))
    assert page(client, host).select_one("form[action$='/key/make/']")
    client.post(f"/hosts/{host.pk}/key/make/", {"kind": "ed25519"})
    line = page(client, host).select_one("#public-key").get_text()
    assert not page(client, host).select_one("form[action$='/key/make/']")
    client.post(f"/hosts/{host.pk}/key/test/")
    assert NOT_YET in page(client, host).get_text()
    install(server, line)
    client.post(f"/hosts/{host.pk}/key/test/")
    assert "It is in use from now on" in page(client, host).get_text()
    assert Host.objects.get(pk=host.pk).public_key == line


def test_reader_sees_the_line_and_no_button(server: SshServer, client: Client) -> None:
    host = host_on(server, password="x")
    line = account_keys.make_for(host, "ed25519")
    client.force_login(make_user(team=host.team, role="reader"))
    shown = page(client, host)
    assert (shown.select_one("#public-key").get_text(), shown.select("form[action*='/key/']")) == (line, [])


# --- the shell ----------------------------------------------------------------------------------
def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict]:
    code = 0
    try:
        call_command("make_key", *arguments, "--json")
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(capsys.readouterr().out)


def test_shell_makes_a_host_with_a_key_and_takes_it_into_use(server: SshServer, capsys: pytest.CaptureFixture[str]) -> None:
    make_team()
    url = f"ssh://{server.user}@{server.address}:{server.port}"
    code, made = run(capsys, "Account", "--connect", url)
    assert (code, made["host"], made["kind"], made["in_use"]) == (0, "Account", "ed25519", True)
    assert made["public_key"].startswith("ssh-ed25519 ")
    assert run(capsys, "Account", "--test", "--host-key", "SHA256:wrong")[1]["error"]["code"] == "host-key-changed"
    code, tried = run(capsys, "Account", "--test", "--host-key", server.fingerprint())
    assert (code, tried["ok"], tried["message"]) == (1, False, NOT_YET)
    install(server, made["public_key"])
    code, tried = run(capsys, "Account", "--test")
    assert (code, tried["ok"]) == (0, True)
    assert run(capsys, "Account", "--connect", url)[1]["error"]["code"] == "name-taken"
    assert run(capsys, "Nobody")[1]["error"]["code"] == "no-such-host"
