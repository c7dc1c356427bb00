"""Read-only mode: whose paths it protects, who switches it, and what its pages say."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth import get_user_model
from django.utils import timezone

from diagnostics.models import RepairCase, Step
from sites import read_only, wording
from sites.models import BulkChange, Host, Site
from tests.factories import make_host, make_site, make_team, make_user
from tests.sites.views.pages import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def host() -> Host:
    return make_host(make_team())


def test_path_belongs_to_the_nearest_docroot_above_it(host: Host) -> None:
    outer = make_site(host=host, docroot="/www")
    inner = make_site(host=host, docroot="/www/blog/")
    read_only.switch_site(outer, make_user(), on=True)
    assert read_only.refusal(host.pk, outer.pk, "/www/.htaccess")
    assert read_only.refusal(host.pk, inner.pk, "/www/index.php")  # in the name of its neighbour
    assert read_only.refusal(host.pk, inner.pk, "/www/blog/x", "/www/x")  # a rename out of its own
    assert not read_only.refusal(host.pk, inner.pk, "/www/blog/.htaccess")
    assert not read_only.refusal(host.pk, inner.pk, "/wwwother/.htaccess")
    assert read_only.refusal(host.pk, None, "/elsewhere/.htaccess")  # for whom is not known


def test_account_protects_every_site_on_it_and_off_means_off(host: Host) -> None:
    site, owner = make_site(host=host, docroot="/www"), make_user("olga")
    assert not read_only.is_on(site) and not read_only.words(site) and not read_only.refusal(host.pk, site.pk, "/www/x")
    read_only.switch_host(host, owner, on=True)
    site = Site.objects.select_related("host").get(pk=site.pk)
    assert read_only.is_on(site) and "olga" in read_only.words(site)
    assert read_only.refusal(host.pk, site.pk, "/www/x") == read_only.host_words(host, wording.exact_words)
    assert "UTC" not in read_only.words(site) and "UTC" in read_only.refusal(host.pk, site.pk, "/www/x")
    read_only.switch_host(host, owner, on=False)
    assert not read_only.refusal(host.pk, site.pk, "/www/x")


def test_mode_is_not_switched_on_under_a_running_repair(host: Host) -> None:
    site = make_site(host=host, docroot="/www")
    case = RepairCase.objects.create(site=site, opened_at=timezone.now())
    step = Step.objects.create(
        case=case, guide_step="htaccess", action="repair", title="x", state="applying", created_at=timezone.now()
    )  # fmt: skip
    for switch, row in ((read_only.switch_site, site), (read_only.switch_host, host)):
        with pytest.raises(read_only.NotNow):
            switch(row, make_user(), on=True)
    Step.objects.filter(pk=step.pk).update(state="taken-back")
    read_only.switch_site(site, make_user(), on=True)
    assert Site.objects.get(pk=site.pk).read_only_since


@pytest.mark.parametrize("kind", ["sites", "hosts"])
def test_owner_is_asked_and_others_are_not(host: Host, kind: str) -> None:
    site = make_site(host=host, docroot="/www")
    owner, editor = (client_of(make_user(team=host.team, role=role)) for role in ("owner", "editor"))
    pk = site.pk if kind == "sites" else host.pk
    url = f"/{kind}/{pk}/read-only/"
    for method in (editor.get, editor.post):
        assert method(url).status_code == 403
    asked = BeautifulSoup(owner.get(url).content, "html.parser")
    assert "Undo writes too" in asked.get_text() and asked.select_one("main form button")
    assert owner.post(url, {"on": "1"})["Location"] == f"/{kind}/{pk}/"
    for client in (owner, editor):
        page = client.get(f"/{kind}/{pk}/").content.decode()
        assert "ead-only mode, chosen by" in page
    assert url in owner.get(f"/{kind}/{pk}/").content.decode() and url not in editor.get(f"/{kind}/{pk}/").content.decode()
    owner.post(url, {"on": "1"})  # a second click is no switch back
    assert read_only.is_on(Site.objects.select_related("host").get(pk=site.pk))
    owner.post(url, {"on": "0"})
    assert not read_only.is_on(Site.objects.select_related("host").get(pk=site.pk))


def switched_by(client: object, verb: str, *sites: Site) -> object:
    """Presses the button of the page that asks, for many sites."""
    marked = "&".join(f"site={site.pk}" for site in sites)
    page = BeautifulSoup(client.get(f"/bulk/?verb={verb}&{marked}").content, "html.parser")
    return client.post("/bulk/", {tag["name"]: tag.get("value", "") for tag in page.select("main form input[name]")}, follow=True)


def test_owner_switches_many_sites_and_takes_it_back(host: Host) -> None:
    first, second, standing = (make_site(host=host, docroot=f"/{n}") for n in range(3))
    olga = make_user("olga", team=host.team)
    client = client_of(olga)
    read_only.switch_site(standing, make_user("otto"), on=True)
    assert (
        "2 sites are in read-only mode. 1 was like that already."
        in switched_by(client, "read-only", first, second, standing).content.decode()
    )
    first.refresh_from_db()
    assert first.read_only_by == olga and Site.objects.filter(read_only_since=None).count() == 0
    client.post(f"/changes/{BulkChange.objects.get().pk}/undo/")
    assert set(Site.objects.filter(read_only_since=None)) == {first, second}
    switched_by(client, "writable", first, standing)
    assert Site.objects.filter(read_only_since=None).count() == 3
    get_user_model().objects.get(username="otto").delete()
    client.post(f"/changes/{BulkChange.objects.first().pk}/undo/")
    standing.refresh_from_db()
    assert standing.read_only_since and standing.read_only_by is None


def test_many_are_switched_by_owners_alone_and_never_under_a_running_repair(host: Host) -> None:
    site = make_site(host=host, docroot="/www")
    editor = make_user(team=host.team, role="editor")
    client = client_of(editor)
    assert "read-only" not in client.get("/").content.decode()
    assert client.get(f"/bulk/?verb=read-only&site={site.pk}").status_code == 403
    owner = client_of(make_user(team=host.team))
    assert 'value="read-only"' in owner.get("/").content.decode()
    switched_by(owner, "read-only", site)
    switched_by(owner, "writable", site)
    case = RepairCase.objects.create(site=site, opened_at=timezone.now())
    Step.objects.create(case=case, guide_step="htaccess", action="repair", title="x", state="applying", created_at=timezone.now())
    assert "a repair is being made there" in switched_by(owner, "read-only", site).content.decode()
    owner.post(f"/changes/{BulkChange.objects.first().pk}/undo/")  # would switch it on again
    site.refresh_from_db()
    assert site.read_only_since is None


def test_who_is_no_owner_any_more_does_not_take_back_what_an_owner_did(host: Host) -> None:
    site = make_site(host=host, docroot="/www")
    user = make_user(team=host.team)
    switched_by(client_of(user), "read-only", site)
    host.team.memberships.filter(user=user).update(role="editor")
    client_of(user).post(f"/changes/{BulkChange.objects.get().pk}/undo/")
    site.refresh_from_db()
    assert site.read_only_since
