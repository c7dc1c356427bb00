"""The page of what was done on an account: what it shows, to whom, and for how many queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from diagnostics.connections import action_words, politeness
from diagnostics.models import HostAction
from diagnostics.transports.base import TransportError
from tests.diagnostics.views.cases import HOSTILE, Scene, make_scene, words
from tests.factories import make_site, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def action(scene: Scene, verb: str, **more: object) -> HostAction:
    values = {"host": scene.site.host, "verb": verb, "at": timezone.now(), "outcome": "done", "actor": "itself"}
    return HostAction.objects.create(**{**values, **more})


def page(scene: Scene, query: str = "") -> BeautifulSoup:
    response = scene.reader.get(f"/hosts/{scene.site.host_id}/done/{query}")
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def test_page_tells_what_for_whom_and_how_it_ended(scene: Scene) -> None:
    alice, step = make_user("alice", team=scene.site.team), scene.step("done-verified")
    action(scene, "login", purpose="access-log", times=17, reads=153, bytes_read=2_400_000, ended_at=timezone.now())
    action(scene, "login", purpose="test", outcome="refused", code="login-refused")
    known = {"site": scene.site, "step": step, "user": alice, "actor": "person", "purpose": "repair"}
    action(scene, "write", path="/home/shop/www/.htaccess", size=1200, mode=0o604, **known)
    action(scene, "chmod", path=f"/www/{HOSTILE}", mode=0o755, outcome="begun")
    shown = page(scene)
    said = words(shown)
    assert "Logged in 17 times" in said and "looked 153 times" in said and "Reading the access logs" in said
    assert (
        "Tried to log in" in said
        and "Login refused" in said
        and "user or secret is not the right one" in said
        and "login-refused" not in said
    )
    assert "Wrote /home/shop/www/.htaccess" in said and "mode 604" in said and "alice" in said
    assert "Interrupted, perhaps done" in said
    assert shown.select_one(f'a[href="/repairs/{scene.case.pk}/?step=htaccess"]')
    assert not shown.select("main script")
    first = shown.select("tbody tr")[0].get_text()
    assert "Set the mode of" in first


def every_kind_of(error: type[Exception]) -> set[type[Exception]]:
    return {error} | {found for each in error.__subclasses__() for found in every_kind_of(each)}


def test_every_error_of_a_connection_has_words() -> None:
    general = {TransportError.code, politeness.NotYet.code}
    ours = {each.code for each in every_kind_of(TransportError) if each.__module__.startswith("diagnostics")}
    assert {code for code in ours if not action_words.reason_of(code)} <= general


def test_second_factor_is_no_host_out_of_reach(scene: Scene) -> None:
    action(scene, "login", purpose="test", outcome="refused", code="second-factor")
    assert "Login refused" in words(page(scene)) and "Not reached" not in words(page(scene))


def test_page_is_narrowed_to_one_site_and_one_kind(scene: Scene) -> None:
    other = make_site(scene.site.team, host=scene.site.host, name="Other")
    for number, site in enumerate((scene.site, other)):
        action(scene, "write", path=f"/w{number}", site=site)
        action(scene, "login", site=site)
    assert len(page(scene).select("tbody tr")) == 4
    narrowed = page(scene, f"?site={other.pk}&kind=changes").select("tbody tr")
    assert len(narrowed) == 1 and "/w1" in narrowed[0].get_text()
    assert len(page(scene, "?site=999999&kind=nonsense").select("tbody tr")) == 4


def test_page_is_linked_from_account_and_site(scene: Scene) -> None:
    for path, query in ((f"/hosts/{scene.site.host_id}/", ""), (f"/sites/{scene.site.pk}/", f"?site={scene.site.pk}")):
        found = BeautifulSoup(scene.reader.get(path).content, "html.parser")
        assert found.select_one(f'a[href="/hosts/{scene.site.host_id}/done/{query}"]')


def test_page_of_many_rows_costs_what_one_of_few_costs(scene: Scene) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            page(scene)
        return len(caught)

    step = scene.step("done-verified")
    action(scene, "write", step=step, site=scene.site)
    few = queries()
    at = timezone.now() - timedelta(minutes=1)
    HostAction.objects.bulk_create(
        HostAction(host=scene.site.host, verb="write", at=at, site=scene.site, step=step, user=make_user()) for _n in range(40)
    )
    assert queries() == few
    assert scene.outsider.get(f"/hosts/{scene.site.host_id}/done/").status_code == 404
