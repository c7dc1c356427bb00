"""The page of people and log, the list of what one has, and who may do what there."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from diagnostics.cases import notes, people
from diagnostics.models import CaseEntry, RepairCase
from tests.diagnostics.views.cases import HOSTILE, Scene, make_scene, primaries, words
from tests.factories import make_user
from tests.sites.views.pages import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def page_of(scene: Scene, client: Client | None = None) -> BeautifulSoup:
    response = (client or scene.owner).get(f"/repairs/{scene.case.pk}/log/")
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def test_repair_is_handed_over_in_the_page_and_the_other_person_says_yes(scene: Scene) -> None:
    ben = make_user("ben", team=scene.site.team, role="editor")
    form = page_of(scene).select_one("#hand-over form")
    assert [option.get_text() for option in form.select("option")] == ["Choose", "ben"]
    response = scene.owner.post(form["action"], {"to": str(ben.pk), "words": "Please go on at the .htaccess."}, follow=True)
    assert "ben has it now, and is mailed." in response.content.decode()
    his = client_of(ben)
    assert "Repairs that you have" in his.get("/").content.decode() and "Repairs that you have" not in scene.owner.get("/").content.decode()
    assert scene.site.name in words(BeautifulSoup(his.get("/repairs/?mine=1").content, "html.parser"))
    assert "Please go on at the .htaccess." in words(scene.page(client=his))
    page = page_of(scene, his)
    assert page.select_one("h1").get_text() == "This repair was handed over to you" and primaries(page) == ["Yes, I have it"]
    his.post(f"/repairs/{scene.case.pk}/take/")
    assert page_of(scene, his).select_one("h1").get_text() == "You have this repair"
    assert page_of(scene).select_one("h1").get_text() == "ben has this repair"


def test_note_is_kept_shown_and_removed_by_its_author(scene: Scene) -> None:
    address = f"/repairs/{scene.case.pk}/notes/"
    response = scene.owner.post(address, {"text": "Their password=hunter2 is old", "for_customer": "on"}, follow=True)
    text = response.content.decode()
    assert "hunter2" not in text and "In the report" in text and "was hidden" in text
    note = CaseEntry.objects.get()
    assert note.for_customer and "is old" in words(scene.page())
    other = client_of(make_user(team=scene.site.team, role="editor"))
    other.post(f"/notes/{note.pk}/remove/")
    assert CaseEntry.objects.get().removed_at is None
    scene.owner.post(f"/notes/{note.pk}/remove/")
    assert CaseEntry.objects.get().text == "" and "is old" not in words(scene.page())


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
def test_note_that_says_nothing_or_too_much_is_not_kept_and_stays_typed(scene: Scene, text: str) -> None:
    response = scene.owner.post(f"/repairs/{scene.case.pk}/notes/", {"text": text})
    assert response.status_code == 200 and b"field wrong" in response.content
    assert not CaseEntry.objects.exists()


def test_nobody_is_chosen_who_is_not_offered(scene: Scene) -> None:
    reader = make_user(team=scene.site.team, role="reader")
    for to in (str(reader.pk), "999999", "", "x"):
        assert scene.owner.post(f"/repairs/{scene.case.pk}/hand-over/", {"to": to}).status_code == 200
    assert RepairCase.objects.get().holder is None


def test_reader_sees_all_of_it_and_no_form(scene: Scene) -> None:
    notes.add(scene.case, make_user("anna", team=scene.site.team), "Called the host.")
    page = page_of(scene, scene.reader)
    assert "Called the host." in words(page) and not page.select("main form")


def test_closed_repair_still_takes_notes_and_is_passed_to_nobody(scene: Scene) -> None:
    RepairCase.objects.update(closed_at=timezone.now(), outcome="well")
    page = page_of(scene)
    assert [form["action"] for form in page.select("main form")] == [f"/repairs/{scene.case.pk}/notes/"]
    scene.owner.post(f"/repairs/{scene.case.pk}/notes/", {"text": "Told the customer."})
    scene.owner.post(f"/repairs/{scene.case.pk}/take/")
    assert [entry.kind for entry in CaseEntry.objects.all()] == ["note"]


def test_words_of_people_stay_words(scene: Scene) -> None:
    anna, ben = make_user("anna", team=scene.site.team), make_user("ben", team=scene.site.team, first_name="<script>alert(1)</script>")
    notes.add(scene.case, anna, HOSTILE, for_customer=True)
    people.hand_over(scene.case, anna, ben, HOSTILE)
    for address in (f"/repairs/{scene.case.pk}/log/", f"/repairs/{scene.case.pk}/", f"/repairs/{scene.case.pk}/customer/", "/repairs/"):
        text = scene.owner.get(address).content.decode()
        assert "<script>alert" not in text and "\x1b" not in text and "\u202e" not in text, address


def test_list_log_and_reports_cost_the_same_number_of_queries_at_any_number_of_rows(scene: Scene) -> None:
    anna = make_user("anna", team=scene.site.team)
    client = client_of(anna)
    people.take(scene.case, anna)
    pages = [f"/repairs/{scene.case.pk}/log/", f"/repairs/{scene.case.pk}/customer/", f"/repairs/{scene.case.pk}/", "/repairs/?mine=1"]

    def counted() -> list[int]:
        found = []
        for address in pages:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            found.append(len(queries))
        return found

    def fill(count: int) -> None:
        for n in range(count):
            notes.add(scene.case, make_user(team=scene.site.team), f"Note {n}", for_customer=True)
            scene.step("done-verified", created_by=anna, plan_digest=f"{n:064}")

    fill(3)
    counted()
    few = counted()
    fill(30)
    assert counted() == few
    assert max(few) <= 36
