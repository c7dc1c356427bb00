"""Read-only mode: whose paths it protects, who switches it, and what its pages say."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from diagnostics.models import RepairCase, Step
from sites import read_only
from sites.models import Host, Site
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
    assert read_only.refusal(host.pk, site.pk, "/www/x") == read_only.host_words(host)
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
