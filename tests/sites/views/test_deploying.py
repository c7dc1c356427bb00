from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from sites.models import DeployHook, Deployment, Site
from sites.windows import deploying, maintenance
from tests.sites.views.pages import World, make_world, soup, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    made = make_world()
    made.incident.delete()
    return made


@pytest.fixture
def token(world) -> str:
    return deploying.make_hook(world.site).token


def test_button_opens_a_window_and_done_ends_it(world):
    address = f"/sites/{world.site.pk}/"
    page = world.owner.post(f"{address}deploy/", {"minutes": "15"}, follow=True)
    assert "is watched closely until" in words(page) and "ends in 1" in words(page)
    assert soup(page).select_one(f'form[action="{address}deploy/done/"] button').get_text() == "Done: look now"
    assert maintenance.running(world.site) is not None
    page = world.owner.post(f"{address}deploy/done/", follow=True)
    assert "Every page is probed once more" in words(page) and maintenance.running(world.site) is None


def test_results_of_the_last_five_stand_on_the_sites_page(world):
    now = timezone.now()
    for number in range(7):
        Deployment.objects.create(
            site=world.site, started_at=now, ends_at=now, finished_at=now, concluded_at=now, result="well", summary=f"Result {number}"
        )
    text = soup(world.owner.get(f"/sites/{world.site.pk}/")).select_one("#deployments").get_text()
    assert re.findall(r"Result \d", text) == [f"Result {n}" for n in (6, 5, 4, 3, 2)] and "All pages are well" in text


def test_paused_site_is_not_deployed(world):
    Site.objects.update(paused_at=timezone.now())
    page = words(world.owner.post(f"/sites/{world.site.pk}/deploy/", {"minutes": "15"}, follow=True))
    assert "is paused, so nothing would be looked at" in page and not Deployment.objects.exists()


def test_hooks_token_is_shown_once_and_kept_hashed(world):
    address = f"/sites/{world.site.pk}/deploy/hook/"
    answer = world.owner.post(address)
    [token] = set(re.findall(r"/deploy/([\w-]{40,})/", answer.content.decode()))
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert f"curl -X POST http://127.0.0.1:8000/deploy/{token}/start?minutes=15" in words(answer)
    assert token not in world.owner.get(address).content.decode()
    assert token not in str(DeployHook.objects.values().get())
    world.owner.post(address, {"revoke": "1"})
    assert Client().post(f"/deploy/{token}/start").status_code == 404


def test_hook_starts_and_finishes_with_202_and_json(world, token):
    ci = Client(enforce_csrf_checks=True)
    answer = ci.post(f"/deploy/{token}/start?minutes=30")
    assert (answer.status_code, answer.json()["state"], answer.json()["site"]) == (202, "running", "Shop")
    assert Deployment.objects.get().by_hook
    answer = ci.post(f"/deploy/{token}/finish")
    assert (answer.status_code, answer.json()["state"], answer.json()["result"]) == (202, "finishing", None)
    assert ci.get(f"/deploy/{token}/status").json()["state"] == "finishing"
    assert ci.post(f"/deploy/{token}/finish").status_code == 202


def test_finish_without_start_is_told(world, token):
    answer = Client().post(f"/deploy/{token}/finish")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "none-running")


@pytest.mark.parametrize("minutes", ["soon", "-5", "99999", "²"])
def test_minutes_that_make_no_sense_are_refused(world, token, minutes):
    assert Client().post(f"/deploy/{token}/start", {"minutes": minutes}).status_code == 422
    assert not Deployment.objects.exists()


def test_link_opened_in_a_browser_asks_first(world, token):
    browser = Client(enforce_csrf_checks=True, headers={"Accept": "text/html"})
    page = browser.get(f"/deploy/{token}/start")
    assert soup(page).h1.get_text() == "Are you deploying Shop?" and not Deployment.objects.exists()
    form = soup(page).select_one("form[action$='/start']")
    given = {field["name"]: field["value"] for field in form.select("input")}
    page = browser.post(form["action"], given, follow=True)
    assert soup(page).h1.get_text() == "Shop is being deployed."
    page = browser.post(f"/deploy/{token}/finish", {"browser": "1"}, follow=True)
    assert soup(page).h1.get_text() == "Shop: the last probes are being made."


def test_guessing_tokens_is_slowed_down_per_address():
    guesser, other = Client(REMOTE_ADDR="192.0.2.7"), Client(REMOTE_ADDR="192.0.2.8")
    found = [guesser.post(f"/deploy/guess{n}/start").status_code for n in range(22)]
    assert found == [404] * 20 + [429] * 2
    assert other.post("/deploy/guess/start").status_code == 404


def test_hook_takes_thirty_calls_in_fifteen_minutes(world, token):
    found = [Client().post(f"/deploy/{token}/start") for _ in range(31)]
    assert [answer.status_code for answer in found] == [202] * 30 + [429]
    assert 0 < int(found[-1].headers["Retry-After"]) <= 900
    assert Client().get(f"/deploy/{token}/status").status_code == 200
    assert Deployment.objects.count() == 1


def test_reader_sees_deployments_and_starts_none(world):
    page = soup(world.reader.get(f"/sites/{world.site.pk}/")).select_one("#deployments")
    assert page.form is None and page.a is None
    assert world.reader.post(f"/sites/{world.site.pk}/deploy/", {"minutes": "15"}).status_code == 403
    assert world.outsider.post(f"/sites/{world.site.pk}/deploy/", {"minutes": "15"}).status_code == 404
