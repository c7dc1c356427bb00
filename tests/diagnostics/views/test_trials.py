"""Trials in the pages: which is recommended and why, what it does before it is begun, how far it is, what came out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from diagnostics.models import Diagnosis, FindingRecord, Step
from sites.models import Host, Site
from tests.diagnostics.views.cases import BAD, Scene, make_scene, primaries, words

pytestmark = pytest.mark.django_db
HALVING = "/trials/bisect-htaccess/"


@pytest.fixture
def scene() -> Scene:
    """Something in .htaccess, but no line is certain."""
    made = make_scene(offers=[])
    FindingRecord.objects.update(confidence=0.7, line=None)
    Diagnosis.objects.update(trials=[{"id": "bisect-htaccess", "why_not": "", "about": 6}])
    return made


def trial_page(scene: Scene, client: object = None) -> BeautifulSoup:
    response = (client or scene.owner).get(f"/repairs/{scene.case.pk}{HALVING}")  # type: ignore[attr-defined]
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def test_trial_is_recommended_with_its_reason_where_no_line_is_certain(scene: Scene) -> None:
    page = scene.page("htaccess")
    assert page.select_one("#recommended-trial")["href"].endswith(HALVING)
    assert "no line is certain" in words(page) and "about 30 seconds" in words(page)


def test_nothing_is_recommended_where_the_cause_is_certain() -> None:
    scene = make_scene()
    Diagnosis.objects.update(trials=[{"id": "bisect-htaccess", "why_not": "", "about": 6}])
    page = scene.page("read-log")
    assert page.select("#recommended-trial") == []
    assert page.select_one("#other-trials a")["href"].endswith(HALVING)


def test_no_trial_is_shown_for_a_site_that_is_well(scene: Scene) -> None:
    Site.objects.update(verdict="up", kind="ok")
    assert not scene.page("htaccess").select("#trials")


def test_page_of_a_trial_says_what_happens_and_has_one_button(scene: Scene) -> None:
    page = trial_page(scene)
    assert "put back after each look" in words(page) and "looked at about 6 times" in words(page)
    assert primaries(page) == ["Make this trial now"]
    fields = {field["name"]: field["value"] for field in page.select("main form input") if field["name"] != "csrfmiddlewaretoken"}
    assert fields == {"step": "htaccess", "action": "trial", "repair": "bisect-htaccess"}
    scene.owner.post(page.select_one("main form")["action"], fields)
    step = Step.objects.get()
    assert (step.action, step.repair_id, step.state) == ("trial", "bisect-htaccess", "queued")


def test_reader_and_unknown_trial(scene: Scene) -> None:
    assert not trial_page(scene, scene.reader).select("main form")
    assert scene.owner.get(f"/repairs/{scene.case.pk}/trials/nothing/").status_code == 404


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pattern": "intermittent"}, "comes and goes"),
        ({"read_only_since": timezone.now()}, "read-only"),
    ],
)
def test_trial_that_cannot_be_made_says_why_and_has_no_button(scene: Scene, change: dict, says: str) -> None:
    Site.objects.update(**change)
    page = trial_page(scene)
    assert says in words(page).lower() and not page.select("main form")


def test_trial_that_is_not_possible_here_says_why(scene: Scene) -> None:
    Diagnosis.objects.update(trials=[{"id": "bisect-htaccess", "why_not": "The pages that fail have no .htaccess.", "about": 0}])
    assert "The pages that fail have no .htaccess." in words(trial_page(scene))
    assert not scene.page("htaccess").select("#trials")


def test_trial_at_work_shows_how_far_it_is_and_refreshes(scene: Scene) -> None:
    scene.step("verifying", action="trial", title="Find the line", finished_at=None, result={"progress": {"looks": 3, "about": 6}})
    page = scene.page("htaccess")
    assert "Look 3 of about 6." in words(page)
    assert page.select_one("progress")["value"] == "3"
    assert page.select_one("#repair")["hx-trigger"] == "every 2s" and page.select("a.only-without-js")
    assert "Another step of this repair" in words(trial_page(scene))


def test_result_stands_in_the_step_that_it_is_about(scene: Scene) -> None:
    message = "Found: with line 6 of www/.htaccess the pages fail, without they answer. Everything was put back as it was."
    scene.step("done", action="trial", title="Find the line", message=message, result={"pages_before": BAD, "helped": True})
    assert message in words(scene.page("htaccess"))


def test_recommended_trial_is_the_one_main_button_also_where_the_guide_could_go_on(scene: Scene) -> None:
    Diagnosis.objects.update(trials=[{"id": "bisect-plugins", "why_not": "", "about": 6}])
    FindingRecord.objects.update(cause="wordpress-plugin", path="www/wp-content/plugins")
    scene.step("done", action="trial", guide_step="read-log", repair_id="canary-files", title="Find the layer")
    page = scene.page("read-log")
    assert page.select("#recommended-trial") and page.select("#go-on")
    assert primaries(page) == ["Find the WordPress plugin by halving"]


def test_unreadable_log_does_not_close_the_step_of_the_htaccess(scene: Scene) -> None:
    Diagnosis.objects.update(inconclusive=[{"check": "htaccess-log", "missing": "the error log could not be read."}])
    assert scene.page().select_one('.steps a[href="?step=htaccess"]')
    Diagnosis.objects.update(inconclusive=[{"check": "htaccess-lint", "missing": "the .htaccess files could not be read."}])
    assert not scene.page().select('.steps a[href="?step=htaccess"]')


def test_trial_at_work_can_be_stopped_once(scene: Scene) -> None:
    step = scene.step("verifying", action="trial", title="Find the line", finished_at=None)
    form = scene.page("htaccess").select_one("#stop-trial").find_parent("form")
    assert not scene.page("htaccess", scene.reader).select("#stop-trial")
    scene.owner.post(form["action"])
    step.refresh_from_db()
    assert step.stop_asked_at is not None
    page = scene.page("htaccess")
    assert "being stopped" in words(page) and not page.select("#stop-trial")


@pytest.mark.parametrize(("state", "action"), [("done", "trial"), ("verifying", "repair")])
def test_nothing_else_is_stopped(scene: Scene, state: str, action: str) -> None:
    step = scene.step(state, action=action)
    scene.owner.post(f"/steps/{step.pk}/stop/")
    step.refresh_from_db()
    assert step.stop_asked_at is None


@pytest.mark.parametrize(("confidence", "says"), [(0.4, "change nothing by hand"), (0.7, "make sure first"), (0.97, "mended by hand")])
def test_nobody_is_sent_to_change_files_by_hand_for_what_a_trial_can_tell(scene: Scene, confidence: float, says: str) -> None:
    FindingRecord.objects.update(cause="wordpress-plugin", repair_id="", repairable_by="account", confidence=confidence)
    page = scene.page("read-log")
    told = page.select_one(".help-with").get_text(" ")
    assert says in told and ("make sure" in told) == (confidence == 0.7)
    assert bool(page.select(".help-with h3")) == (confidence == 0.97)


def test_work_that_takes_long_says_what_happens_if_it_broke_off(scene: Scene) -> None:
    step = scene.step("verifying", action="trial", title="Find the line", finished_at=None, started_at=timezone.now())
    assert "put back by itself" not in words(scene.page("htaccess"))
    Step.objects.filter(pk=step.pk).update(started_at=timezone.now() - timedelta(seconds=90))
    assert "put back by itself within about three minutes" in words(scene.page("htaccess"))


@pytest.mark.parametrize(("state", "says"), [("key-changed", "Host key changed"), ("refused", "Login refused")])
def test_no_trial_is_offered_over_a_connection_that_has_stopped(scene: Scene, state: str, says: str) -> None:
    Host.objects.update(state=state)
    page = trial_page(scene)
    assert says in words(page) and not page.select("main form")
    assert not scene.page("htaccess").select("#recommended-trial")
