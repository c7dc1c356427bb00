"""The report for the customer: plain words, nothing secret, nothing of colleagues among themselves, nothing taken for markup."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from diagnostics import repairing
from diagnostics.cases import changed, customer, customer_markdown, notes
from diagnostics.causes import CAUSES
from diagnostics.causes.prevention import prevention_of
from diagnostics.models import FindingRecord, JournalEntry, RepairCase, Step
from sites.models import Incident, Site, VisitorFailure
from tests.diagnostics.views.cases import BAD, GOOD, HOSTILE, Scene, make_scene, words
from tests.factories import make_user

pytestmark = pytest.mark.django_db
FINDING = {
    "check": "htaccess-lint", "cause": "htaccess-invalid-directive", "severity": "critical", "confidence": 0.97, "path": "www/.htaccess",
    "line": 6, "summary": "Line 6 of www/.htaccess holds a word that does not exist.",
    "evidence": [{"source": "error-log", "at": "", "text": "Invalid command", "paired": True}],
}  # fmt: skip


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def page_of(scene: Scene) -> str:
    response = scene.owner.get(f"/repairs/{scene.case.pk}/customer/")
    assert response.status_code == 200
    return words(BeautifulSoup(response.content, "html.parser"))


def mended(scene: Scene) -> Step:
    """The site was repaired by Maria, is well, and its repair is closed."""
    now = timezone.now()
    maria = make_user("maria", team=scene.site.team, first_name="Maria")
    step = scene.step("done-verified", created_by=maria, cause="htaccess-invalid-directive", finding=FINDING,
                      result={"pages_before": BAD, "pages_after": GOOD + [{**GOOD[0], "browser": "phone"}]})  # fmt: skip
    values = {"shown": "www/.htaccess", "path": "/www/.htaccess", "recorded_at": now, "before_mode": 0o604, "after_mode": 0o604}
    step.journal.create(position=0, change="write", state="applied", **values)
    Incident.objects.update(
        first_failure_at=now - timedelta(minutes=28), resolved_at=now, resolution="repair", scope="all-pages", status=500
    )
    Site.objects.update(verdict="up", last_probe_at=now + timedelta(minutes=5))
    scene.case.refresh_from_db()
    scene.site.refresh_from_db()
    repairing.close_case(scene.case, maria, "well")
    return step


def test_report_of_a_mended_site_tells_all_in_plain_words(scene: Scene) -> None:
    mended(scene)
    for text in (page_of(scene), customer_markdown.markdown(RepairCase.objects.get()).replace("\\", "")):
        assert "was disturbed for 28 min" in text and "The cause was found and repaired, and the site works." in text
        assert "visitors got an error page of the server in place of the site (number 500)" in text
        assert "Line 6 of www/.htaccess holds a word that does not exist." in text
        assert CAUSES["htaccess-invalid-directive"].explanation in text
        assert "Certain, because the server wrote this line for our own test request." in text
        assert "www/.htaccess: some of its text" in text and "RewritEngine On" in text and "RewriteEngine On" in text
        assert "1 page was opened as a computer and as a phone, past every cache, from outside. All answered as they should." in text
        assert "watched since then, for 5 min so far, and has not failed again" in text
        assert prevention_of("htaccess-invalid-directive")[0] in text
        assert "Maria: repaired, closed the repair" in text


def test_only_notes_that_are_meant_for_the_customer_stand_in_it(scene: Scene) -> None:
    maria = make_user(team=scene.site.team)
    notes.add(scene.case, maria, "He is a difficult customer.")
    removed = notes.add(scene.case, maria, "Sorry for the wait, really.", for_customer=True)
    notes.remove(removed, maria)
    notes.add(scene.case, maria, "We thank you for your patience.", for_customer=True)
    for text in (page_of(scene), customer_markdown.markdown(scene.case)):
        assert "We thank you for your patience." in text
        assert "difficult" not in text and "Sorry for the wait" not in text


def test_secrets_are_in_neither_form(scene: Scene) -> None:
    diff = "--- www/.htaccess\n+++ www/.htaccess\n@@ -1 +1 @@\n-SetEnv DB_PASSWORD hunter2\n+SetEnv DB_PASSWORD hunter3\n"
    scene.step("done-verified", diff=diff, message="password=hunter4", finding={**FINDING, "summary": "password=hunter5"})
    notes.add(scene.case, make_user(team=scene.site.team), "password=hunter6", for_customer=True)
    assert "hunter" not in page_of(scene) + customer_markdown.markdown(scene.case)


def test_words_of_strangers_stay_words(scene: Scene) -> None:
    Site.objects.update(name=f"A {HOSTILE}")
    Incident.objects.update(paths=[f"/{HOSTILE}"])
    finding, seen = {**FINDING, "summary": HOSTILE, "path": HOSTILE}, {"pages_after": [{**GOOD[0], "path": f"/{HOSTILE}"}]}
    diff = f"--- a\n+++ a\n@@ -1 +1 @@\n-{HOSTILE}\n+{HOSTILE}\n"
    scene.step("done-verified", title=f"Line {HOSTILE}", diff=diff, finding=finding, result=seen)
    html = scene.owner.get(f"/repairs/{scene.case.pk}/customer/").content.decode()
    assert "<script>alert" not in html and "\x1b" not in html and "\u202e" not in html
    text = customer_markdown.markdown(RepairCase.objects.get())
    assert "\x1b" not in text and "\u202e" not in text
    assert "<script>" not in re.sub(r"`[^`\n]+`", "", "".join(text.split("```")[::2])), "code is shown as it is"


def test_case_for_the_host_tells_what_was_asked_with_its_evidence(scene: Scene) -> None:
    scene.diagnosis.findings.all().delete()
    FindingRecord.objects.create(
        diagnosis=scene.diagnosis, position=0, check_id="x", cause="php-service-down", severity="critical", confidence=0.9,
        summary="PHP does not run.", repairable_by="host",
        evidence=[{"source": "error-log", "at": "", "text": "connect() to unix:/run/php.sock failed", "paired": False}],
    )  # fmt: skip
    Incident.objects.update(request_id="abc-123")
    repairing.close_case(scene.case, make_user("kim", team=scene.site.team), "handed-over")
    text = page_of(scene)
    assert "What the host is asked It was handed over with these words:" in text
    assert "connect() to unix:/run/php.sock failed" in text and "abc-123" in text
    assert "Please look at the PHP service of our account and start it again." in text
    assert "was handed over to those who can mend it" in text and "Nothing was changed." in text
    assert "php.sock" in customer_markdown.markdown(RepairCase.objects.get())


def test_change_that_was_taken_back_is_counted_and_not_told_as_made(scene: Scene) -> None:
    scene.step("taken-back", title="Rename www/.htaccess", finding=FINDING)
    text = page_of(scene)
    assert "1 further change was tried and taken back: nothing of it stayed." in text and "Rename www/.htaccess" not in text
    assert "Nothing was changed." in customer_markdown.markdown(scene.case) or "taken back" in customer_markdown.markdown(scene.case)


def test_failed_requests_of_visitors_are_counted_where_a_log_told_them(scene: Scene) -> None:
    now = timezone.now()
    VisitorFailure.objects.create(site=scene.site, hour=now, key="/", status=500, count=137, path="/", first_at=now, last_at=now)
    assert "counts 137 failed requests" in page_of(scene)


def test_each_known_cause_has_advice_against_its_return() -> None:
    assert all(prevention_of(code) for code in CAUSES)
    assert prevention_of("disk-full") != prevention_of("database-access-denied")


def test_excerpt_is_short_and_a_line_that_begins_with_dashes_is_no_file() -> None:
    lines = "".join(f"-old {n}\n" for n in range(9)) + "--- not a file\n+new\n"
    found = changed.excerpts(f"--- a.php\n+++ a.php\n@@ -1 +1 @@\n{lines}\n--- b.php\n+++ b.php\n@@ -1 +0 @@\n-x\n")
    assert [each.path for each in found] == ["a.php", "b.php"]
    assert (len(found[0].before), found[0].more, found[0].after, found[1].before) == (6, 4, ["new"], ["x"])


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (
            JournalEntry(change="mode", shown="www", before_mode=0o777, after_mode=0o705),
            "www: who may read and change it (777 before, 705 now)",
        ),
        (JournalEntry(change="rename", shown="a/b", target="/x/a/b.off"), "a/b: set aside, it is called b.off now"),
        (JournalEntry(change="rename", shown="www/s/b", path="/x/www/s/b", target="/x/www/b"), "www/s/b: moved, it is www/b now"),
        (JournalEntry(change="make-folder", shown="www/cache"), "www/cache: a folder that was missing, made"),
    ],
)
def test_file_is_told_with_what_was_done_to_it(entry: JournalEntry, says: str) -> None:
    assert changed.files([entry]) == [says]


def test_report_costs_the_same_number_of_queries_with_many_steps(scene: Scene, django_assert_max_num_queries: object) -> None:
    for _ in range(40):
        scene.step("done-verified", created_by=make_user(team=scene.site.team), finding=FINDING, result={"pages_after": GOOD})
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        customer.context(RepairCase.objects.select_related("site__host", "opened_by", "closed_by", "incident", "diagnosis").get())


def test_repair_that_was_opened_before_the_site_failed_reports_the_failure_that_it_was_closed_with(scene: Scene) -> None:
    RepairCase.objects.update(incident=None)
    scene.case.refresh_from_db()
    repairing.close_case(scene.case, make_user("anna"), "handed-over")
    assert RepairCase.objects.get().incident == Incident.objects.get()
    assert "Shop has been disturbed since" in page_of(scene)
