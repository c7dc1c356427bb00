"""A password is changed in one place, tested before it is stored, and counts for every site; an account in use is not removed."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.conf import settings

from diagnostics.connections import connecting
from sites.credentials import host_secrets
from sites.models import Host, Site
from tests.diagnostics.views.cases import words
from tests.factories import make_host, make_site, make_team, make_user
from tests.servers import SshServer, sshd
from tests.sites.views.pages import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))
    with sshd(tmp_path, password_user=True) as running:
        yield running


def parsed(response: object) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def test_changed_password_is_tested_then_counts_for_all_sites_of_the_account(server: SshServer) -> None:
    team = make_team()
    place = {"protocol": "sftp", "address": server.address, "port": server.port, "user": server.user, "host_key": server.host_key}
    host = make_host(team, password="the old one", state="refused", **place)
    sites = [make_site(team, name=f"Shop {n}", host=host, docroot="/x") for n in range(2)]
    owner = client_of(make_user(team=team))
    link = parsed(owner.get(f"/sites/{sites[0].pk}/")).select_one(f"a[href='/hosts/{host.pk}/edit/']")
    assert link is not None
    form = parsed(owner.get(link["href"]))
    assert "Used by 2 sites" in words(form) and "Shop 0" in words(form) and "Shop 1" in words(form)
    names = ("name", "protocol", "address", "port", "user", "profile")
    typed = {name: str(getattr(host, name)) for name in names} | {"action": "save"}
    refused = owner.post(link["href"], typed | {"password": "wrong"})
    assert refused.status_code == 200 and host_secrets(Host.objects.get(pk=host.pk))[0] == "the old one"
    owner.post(link["href"], typed | {"password": server.password})
    assert Host.objects.get(pk=host.pk).state == "works"
    for site in Site.objects.filter(pk__in=[site.pk for site in sites]).select_related("host"):
        with connecting.reader_for(site.host) as reader:
            assert reader.home() == server.remote_home


def test_account_that_sites_use_is_not_removed_and_says_which() -> None:
    team = make_team()
    host = make_host(team, name="OVH")
    site = make_site(team, name="Shop", host=host)
    owner = client_of(make_user(team=team))
    page = parsed(owner.get(f"/hosts/{host.pk}/delete/"))
    assert "OVH is used by one site" in words(page) and page.select_one(f"a[href='/sites/{site.pk}/connect/']")
    assert not page.select("main form")
    refused = owner.post(f"/hosts/{host.pk}/delete/")
    assert refused.status_code == 409 and "It cannot be removed while sites use it" in words(parsed(refused))
    assert Site.objects.get(pk=site.pk).host == host
    owner.post(f"/sites/{site.pk}/disconnect/")
    answer = owner.post(f"/hosts/{host.pk}/delete/", follow=True)
    assert "OVH and its secrets are removed." in words(parsed(answer)) and not Host.objects.filter(pk=host.pk).exists()


def test_new_account_says_nothing_of_sites() -> None:
    team = make_team()
    assert "Used by" not in words(parsed(client_of(make_user(team=team)).get("/hosts/new/")))
