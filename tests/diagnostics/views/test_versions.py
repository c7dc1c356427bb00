"""The page with three versions: what it shows to whom, what its buttons do, and that secrets and markup stay out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from diagnostics.models import FoundFile, JournalEntry, RepairCase, Step
from sites.credentials import seal_bytes
from tests.diagnostics.views.cases import GOOD, HOSTILE, Scene, make_scene, primaries, words

pytestmark = pytest.mark.django_db
WROTE = b"one\ntwo\nOURS\nfour\nfive\n"


@pytest.fixture
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def step(scene: Scene) -> Step:
    step = scene.step("done-verified", result={"pages_after": GOOD})
    found_on(step, WROTE + b"theirs\n")
    return step


def found_on(step: Step, now: bytes, wrote: bytes = WROTE) -> JournalEntry:
    from diagnostics.changes.journal import sha256

    before = wrote.replace(b"OURS", b"old")
    entry = JournalEntry.objects.create(
        step=step, position=step.journal.count(), change="write", path="/www/.htaccess", shown="www/.htaccess", state="applied",
        before_content=seal_bytes(before), before_sha256=sha256(before), after_content=seal_bytes(wrote), after_sha256=sha256(wrote),
        before_mode=0o604, after_mode=0o604, before_mtime=1_600_000_000, recorded_at=timezone.now(),
    )  # fmt: skip
    FoundFile.objects.create(
        entry=entry, name="path", kind="file", content=seal_bytes(now), sha256=sha256(now), size=len(now), mode=0o644,
        mtime=1_700_000_000, seen_at=timezone.now(),
    )  # fmt: skip
    return entry


def page_of(step: Step, client: Client) -> BeautifulSoup:
    response = client.get(f"/steps/{step.pk}/versions/")
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def fields(page: BeautifulSoup, choice: str) -> dict[str, str]:
    form = next(form for form in page.select("form") if form.select_one(f"input[value={choice}]"))
    return {field["name"]: field["value"] for field in form.select("input[type=hidden]") if field["name"] != "csrfmiddlewaretoken"}


def test_page_shows_three_versions_and_three_choices(scene: Scene, step: Step) -> None:
    page = page_of(step, scene.owner)
    assert [head.get_text() for head in page.select(".three h3")] == ["Before our change", "As we wrote it", "Now"]
    assert [head.get_text() for head in page.select(".choose h3")] == [
        "Take out only our change", "Put back what was there before", "Keep what is there now",
    ]  # fmt: skip
    assert len(primaries(page)) == 1 and "Take out only our change" in primaries(page)[0]
    assert [line.get_text() for line in page.select(f"#merge-{step.journal.get().pk} .diff-line")][2:4] == ["3-OURS", "3+old"]
    assert "Nothing was overwritten" in words(page)


def test_repair_page_leads_there_in_place_of_the_undo(scene: Scene, step: Step) -> None:
    page = scene.page("htaccess")
    assert page.select_one(".applied a.btn")["href"] == f"/steps/{step.pk}/versions/"
    assert not page.select(f"#undo-{step.pk}")


def test_choice_becomes_a_step_that_waits_and_two_clicks_are_one(scene: Scene, step: Step) -> None:
    sent = fields(page_of(step, scene.owner), "put-back")
    response = scene.owner.post(f"/steps/{step.pk}/choose/", sent)
    assert response["Location"] == f"/repairs/{scene.case.pk}/?step=htaccess"
    made = Step.objects.get(repair_id="settle-undo")
    assert (made.state, made.created_by.is_active, made.plan_digest) == ("queued", True, sent["digest"])
    assert "-OURS" in made.diff and "+old" in made.diff
    assert "being worked on" in scene.owner.post(f"/steps/{step.pk}/choose/", sent, follow=True).content.decode()
    assert Step.objects.filter(repair_id="settle-undo").count() == 1


def test_keep_closes_at_once_with_the_name(scene: Scene, step: Step) -> None:
    response = scene.owner.post(f"/steps/{step.pk}/choose/", fields(page_of(step, scene.owner), "keep"), follow=True)
    assert "What is there now stays." in response.content.decode()
    step.refresh_from_db()
    assert step.state == "kept"
    assert "There is nothing to choose" in words(page_of(step, scene.owner)) or "nothing to choose" in str(page_of(step, scene.owner))


@pytest.mark.parametrize(
    "wrong", [{"digest": "0" * 64}, {"choice_id": "no-such"}, {"entry_id": "999999"}, {"entry_id": "x"}, {"digest": ""}]
)
def test_anything_but_what_was_shown_is_refused(scene: Scene, step: Step, wrong: dict[str, str]) -> None:
    sent = fields(page_of(step, scene.owner), "put-back") | wrong
    assert "Nothing was written." in scene.owner.post(f"/steps/{step.pk}/choose/", sent, follow=True).content.decode()
    assert not Step.objects.filter(repair_id="settle-undo").exists()


def test_reader_sees_it_without_buttons_and_may_not_choose(scene: Scene, step: Step) -> None:
    sent = fields(page_of(step, scene.owner), "put-back")
    assert not page_of(step, scene.reader).select("main form")
    assert scene.reader.post(f"/steps/{step.pk}/choose/", sent).status_code == 403
    assert scene.outsider.get(f"/steps/{step.pk}/versions/").status_code == 404
    assert scene.outsider.post(f"/steps/{step.pk}/choose/", sent).status_code == 404


def test_hostile_content_and_secrets_stay_out(scene: Scene) -> None:
    step = scene.step("done-verified", title=f"T {HOSTILE}")
    found_on(step, f"define('DB_PASSWORD', 'hunter2hunter2');\n{HOSTILE}\n".encode())
    text = scene.owner.get(f"/steps/{step.pk}/versions/").content.decode()
    assert "<script>alert" not in text and "\x1b" not in text and "\u202e" not in text
    assert "hunter2" not in text and "[removed]" in text


def test_contents_that_do_not_open_are_said_and_nothing_breaks(scene: Scene, step: Step) -> None:
    FoundFile.objects.update(content=b"sealed with another key")
    page = page_of(step, scene.owner)
    assert "does not open with this installation" in words(page) and not page.select(".choose")


def test_applied_changes_say_how_long_they_can_be_undone(scene: Scene) -> None:
    step = scene.step("done-verified", result={"pages_after": GOOD})
    assert "Can be undone as long as this repair is open, and for 90 days after." in words(scene.page())
    at = timezone.now() - timedelta(days=1)
    RepairCase.objects.update(closed_at=at, outcome="well")
    until = (at + timedelta(days=90)).strftime("%Y")
    assert f"{until}." in words(scene.page()).partition("Can be undone until")[2][:20]
    Step.objects.filter(pk=step.pk).update(result={"undo_ended": "Its contents were kept for 90 days."})
    page = scene.page()
    assert "It can no longer be undone from here. Its contents were kept for 90 days." in words(page)
    assert not page.select(f"#undo-{step.pk}")


def test_repair_that_was_begun_from_the_shell_says_so(scene: Scene) -> None:
    RepairCase.objects.update(from_shell=True)
    assert "It was begun from the shell." in words(scene.page()) + scene.page().select_one("#lead").get_text()
    assert "begun from the shell" in scene.owner.get(f"/repairs/{scene.case.pk}/report/").content.decode()
