"""The guided repair as a page: one next step in every state, nothing to press for readers, nothing hostile taken for markup."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from diagnostics.changes import undoing
from diagnostics.models import DatabaseDump, RepairCase
from sites.models import Host, Incident, Page, Site
from tests.diagnostics.views.cases import BAD, GOOD, HOSTILE, Scene, make_scene, offer, primaries, words
from tests.factories import make_incident

pytestmark = pytest.mark.django_db
STEPS = ("confirm", "read-log", "htaccess", "permissions", "php", "parts", "retest", "hand-over")


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def test_page_opens_at_the_recommended_step_with_its_change_as_the_one_thing_to_do(scene: Scene) -> None:
    page = scene.page()
    assert page.select_one("[aria-current=step] b").get_text() == "Test the .htaccess file"
    assert primaries(page) == ["Correct line 6 of www/.htaccess and look again"]
    assert page.select_one(".diff-line.add").get_text().endswith("RewriteEngine On")
    assert page.select_one("input[name=digest]")["value"] == "a" * 64


@pytest.mark.parametrize("step", STEPS)
def test_every_step_has_at_most_one_primary_action_and_others_lead_on(scene: Scene, step: str) -> None:
    found = primaries(scene.page(step))
    assert len(found) == 1
    if step == "hand-over":
        assert found == ["Open the report"]
    elif step != "htaccess":
        assert found == ["Go on: Test the .htaccess file"]


@pytest.mark.parametrize("step", STEPS)
def test_reader_sees_everything_and_no_form(scene: Scene, step: str) -> None:
    scene.step("done-verified", result={"pages_after": GOOD})
    page = scene.page(step, scene.reader)
    assert not page.select("main form")
    assert "Changed by this repair" in words(page)


@pytest.mark.parametrize(("state", "says"), [("key-changed", "The host key has changed"), ("refused", "The host refused the login")])
def test_connection_that_waits_for_a_person_is_told_and_leads_to_the_account(scene: Scene, state: str, says: str) -> None:
    assert not scene.page().select(".notice.bad")
    Host.objects.filter(pk=scene.site.host_id).update(state=state)
    notice = scene.page().select_one(".notice.bad")
    assert says in notice.get_text() and notice.select_one("a")["href"] == f"/hosts/{scene.site.host_id}/"


def test_site_that_is_shut_for_maintenance_is_not_called_well_and_a_person_may_open_it(scene: Scene) -> None:
    title, cause = "Switch the maintenance off in line 8 of www/config/config.php", "application-stuck-maintenance"
    held = {"check": "held", "cause": cause, "path": "www/config/config.php", "line": 8, "severity": "note"}
    made = offer(title=title) | {"repair_id": "end-program-maintenance", "cause": cause, "guide_step": "parts", "finding": held}
    scene.diagnosis.offers = [made]
    scene.diagnosis.save()
    scene.diagnosis.findings.update(check_id="held", cause=cause, severity="note", path="www/config/config.php", line=8)
    Site.objects.filter(pk=scene.site.pk).update(verdict="up", kind="")
    Incident.objects.all().delete()
    Page.objects.filter(site=scene.site).update(verdict="up", kind="maintenance", last_status=503)
    page = scene.page()
    assert "shows visitors that it is under maintenance" in words(page) and "is well" not in words(page)
    assert primaries(page) == [f"{title} and look again"]
    Page.objects.filter(site=scene.site).update(kind="ok", last_status=200)
    assert "The site is well" in words(scene.page()) and title not in primaries(scene.page())


def test_change_that_was_taken_back_stands_behind_what_was_not_tried_yet() -> None:
    scene = make_scene(offers=[offer("a"), offer("b", title="Make line 6 of www/.htaccess a comment")])
    assert primaries(scene.page("htaccess")) == ["Correct line 6 of www/.htaccess and look again"]
    scene.step("taken-back")
    assert primaries(scene.page("htaccess")) == ["Make line 6 of www/.htaccess a comment and look again"]


def test_outsider_finds_no_page(scene: Scene) -> None:
    assert scene.outsider.get(f"/repairs/{scene.case.pk}/").status_code == 404
    assert scene.outsider.get(f"/repairs/{scene.case.pk}/report/").status_code == 404


def test_verified_change_says_that_the_site_works_before_the_next_probe_and_that_nothing_more_is_to_be_done(scene: Scene) -> None:
    scene.step("done-verified", message="Every page answers as expected again.", result={"pages_before": BAD, "pages_after": GOOD})
    page = scene.page("htaccess")
    assert page.select_one("#lead").get_text() == "The site works again. One change was made. It can be undone."
    assert page.select_one("#panel-title").get_text() == "The site works again" and "Nothing more has to be done." in words(page)
    assert primaries(page) == ["Close the repair"]
    assert not page.select("input[name=digest]")
    assert primaries(scene.page()) == ["The site is well: close the repair"]


def test_probe_that_saw_the_same_keeps_the_site_well_and_one_that_fails_does_not(scene: Scene) -> None:
    scene.step("done-verified", result={"pages_before": BAD, "pages_after": GOOD}, seconds_ago=20)
    Site.objects.filter(pk=scene.site.pk).update(last_probe_at=timezone.now())
    Page.objects.filter(site=scene.site).update(last_status=200)
    assert "The site works again." in scene.page().select_one("#lead").get_text()
    Page.objects.filter(site=scene.site).update(last_status=500)
    assert "The site is down." in scene.page().select_one("#lead").get_text()


def test_undone_change_says_so_and_is_offered_again(scene: Scene) -> None:
    scene.step(
        "undone",
        message="Undone: everything is as it was before this step.",
        undone_at=timezone.now(),
        result={"pages_before": BAD, "pages_after": GOOD},
    )
    page = scene.page("htaccess")
    assert "Undone" in words(page) and "What the pages answered" not in words(page)
    assert page.select_one("#lead").get_text() == "The site is down. Nothing is changed on the host."
    assert primaries(page) == ["Correct line 6 of www/.htaccess and look again"]


def test_step_in_work_is_polled_and_leaves_nothing_to_press(scene: Scene) -> None:
    scene.step("queued", finished_at=None)
    page = scene.page("htaccess")
    region = page.select_one("#repair")
    assert region["hx-trigger"] == "every 2s" and not region.has_attr("data-poll")
    assert not page.select("main form") and page.select(".working")
    assert page.select_one("a.only-without-js")["href"] == f"/repairs/{scene.case.pk}/?step=htaccess"


def test_undo_that_was_asked_for_counts_as_work(scene: Scene) -> None:
    scene.step("done-verified", result={"pages_after": GOOD, "undo_asked": timezone.now().isoformat()})
    page = scene.page("htaccess")
    assert "being undone" in words(page) and not page.select("main form")


@pytest.mark.parametrize(
    ("state", "tone", "says"),
    [
        ("failed", "bad", "Could not be done: nothing was changed"),
        ("stale", "warn", "Stale: nothing was written"),
        ("needs-attention", "bad", "Hand this over"),
        ("taken-back", "", "Taken back"),
        ("done-not-cured", "warn", "the site is not well yet"),
        ("awaiting-effect", "warn", "Waiting for its effect"),
    ],
)
def test_attempt_says_in_words_what_became_of_it(scene: Scene, state: str, tone: str, says: str) -> None:
    scene.step(state, message="What happened.", result={"pages_before": BAD, "pages_after": BAD})
    page = scene.page("htaccess")
    notice = page.select_one("section .notice")
    assert notice["class"] == ["notice", *([tone] if tone else [])]
    assert says in words(page) and "What happened." in words(page)


def test_file_is_offered_to_be_kept_aside_only_after_a_trial_that_helped() -> None:
    scene = make_scene(offers=[offer("b", check="htaccess-trial", title="Rename www/.htaccess to .htaccess.old")])
    assert "Rename www/.htaccess" not in words(scene.page("htaccess"))
    assert "Try without .htaccess for a moment" in words(scene.page("htaccess"))
    scene.step(
        "done",
        action="trial",
        message="Without .htaccess the site answers well.",
        result={"pages_before": BAD, "pages_after": GOOD, "helped": True},
    )
    page = scene.page()
    assert "The site is down." in page.select_one("#lead").get_text(), "a trial is always taken back"
    assert primaries(page) == ["Rename www/.htaccess to .htaccess.old and look again"]


def test_trial_of_an_earlier_failure_proves_nothing_about_this_one() -> None:
    scene = make_scene(offers=[offer("b", check="htaccess-trial", title="Rename www/.htaccess to .htaccess.old")])
    scene.step("done", action="trial", result={"pages_before": BAD, "pages_after": GOOD, "helped": True}, seconds_ago=600)
    Site.objects.filter(pk=scene.site.pk).update(verdict_since=timezone.now())
    assert "Rename www/.htaccess" not in words(scene.page("htaccess"))


def test_refolded_parts_and_pressed_buttons_have_ids_for_the_refresh(scene: Scene) -> None:
    scene.step("done-verified", result={"pages_after": GOOD})
    page = scene.page("read-log")
    assert all(part.get("id") for part in page.select("#repair details"))
    assert all(button.get("id") for button in page.select("#repair button"))


def test_hostile_words_stay_words() -> None:
    scene = make_scene(summary=f"Line {HOSTILE}")
    Site.objects.update(name=f"A {HOSTILE}")  # older than the rule that a name is one plain line
    Incident.objects.update(paths=[f"/{HOSTILE}"], cause_summary=f"Because {HOSTILE}")
    scene.step("failed", message=f"It said {HOSTILE}", action="look")
    repair = f"/repairs/{scene.case.pk}/"
    pages = [*(f"{repair}?step={step}" for step in STEPS), f"{repair}report/", "/repairs/", f"/diagnoses/{scene.diagnosis.pk}/"]
    for address in [*pages, "/causes/htaccess-invalid-directive/", f"/sites/{scene.site.pk}/connect/"]:
        text = scene.owner.get(address).content.decode()
        assert "<script>alert" not in text, address
        assert "\x1b" not in text and "\u202e" not in text, address


@pytest.mark.parametrize(("step", "closed", "skipped"), [("read-log", False, 1), ("read-log", True, 0), ("no-such-step" * 9, False, 0)])
def test_step_is_skipped_only_where_there_is_one_to_skip(scene: Scene, step: str, closed: bool, skipped: int) -> None:
    if closed:
        RepairCase.objects.update(closed_at=timezone.now(), outcome="left")
    response = scene.owner.post(f"/repairs/{scene.case.pk}/skip/", {"step": step})
    assert (response.status_code, scene.case.steps.filter(state="skipped").count()) == (302, skipped)


def test_closed_repair_offers_its_report_and_undo_only(scene: Scene) -> None:
    step = scene.step("done-verified", result={"pages_after": GOOD})
    response = scene.owner.post(f"/repairs/{scene.case.pk}/close/", {"outcome": "well"}, follow=True)
    assert b"The repair is closed" in response.content
    page = scene.page("htaccess")
    assert [form["action"] for form in page.select("main form")] == [f"/steps/{step.pk}/undo/"]
    assert primaries(page) == ["Read the report"]
    assert RepairCase.objects.get().outcome == "well"


def test_start_asks_first_and_only_who_may_write_is_asked(scene: Scene) -> None:
    scene.case.delete()
    address = f"/repairs/start/{scene.diagnosis.incident_id}/"
    assert b'id="open-guide"' in scene.owner.get(address).content
    assert b'id="open-guide"' not in scene.reader.get(address).content
    assert scene.reader.post(address).status_code == 403
    assert not RepairCase.objects.exists()
    assert scene.owner.post(address)["Location"] == f"/repairs/{RepairCase.objects.get().pk}/"
    assert scene.owner.get(address).status_code == 302, "two people share one repair"


def start_page(scene: Scene) -> BeautifulSoup:
    return BeautifulSoup(scene.owner.get(f"/repairs/start/{scene.diagnosis.incident_id}/").content, "html.parser")


def test_link_of_the_mail_shows_the_change_and_one_click_makes_it(scene: Scene) -> None:
    scene.case.delete()
    page = start_page(scene)
    assert primaries(page) == ["Correct line 6 of www/.htaccess and look again"] and page.select(".diff")
    form = page.select_one("input[name=digest]").find_parent("form")
    sent = {field["name"]: field["value"] for field in form.select("input[name]") if field["name"] != "csrfmiddlewaretoken"}
    answer = scene.owner.post(f"/repairs/start/{scene.diagnosis.incident_id}/", sent)
    case = RepairCase.objects.get()
    step = case.steps.get()
    assert (step.state, step.plan_digest, step.guide_step) == ("queued", sent["digest"], "htaccess")
    assert answer["Location"] == f"/repairs/{case.pk}/?step=htaccess"


def test_change_is_not_made_from_the_mail_where_a_colleague_has_opened_the_repair_meanwhile(scene: Scene) -> None:
    sent = {"action": "repair", "step": "htaccess", "repair": "correct-htaccess-line", "digest": offer()["digest"]}
    answer = scene.owner.post(f"/repairs/start/{scene.diagnosis.incident_id}/", sent)
    assert answer["Location"] == f"/repairs/{scene.case.pk}/" and not scene.case.steps.exists()


def test_link_of_the_mail_asks_for_the_password_that_only_a_person_knows() -> None:
    scene = make_scene(offers=[])
    scene.case.delete()
    scene.diagnosis.findings.update(cause="database-access-denied", check_id="database", path="www/wp-config.php")
    page = start_page(scene)
    assert primaries(page) == ["Try it, and show what would be written"] and page.select_one("input[type=password]")
    sent = {"action": "login", "password": "wine-and-bread"}
    answer = scene.owner.post(f"/repairs/start/{scene.diagnosis.incident_id}/", sent)
    step = RepairCase.objects.get().steps.get()
    assert (step.state, step.action, step.guide_step) == ("queued", "look", "database")
    assert answer["Location"] == f"/repairs/{step.case_id}/?step=database"


@pytest.mark.parametrize("what", ["read-only", "being-read", "older", "unknown"])
def test_link_of_the_mail_only_opens_the_guide_where_nothing_can_be_offered_yet(scene: Scene, what: str) -> None:
    scene.case.delete()
    if what == "read-only":
        Site.objects.update(read_only_since=timezone.now())
    elif what == "being-read":
        scene.site.diagnoses.create(incident=scene.diagnosis.incident, state="running", requested_at=timezone.now())
    elif what == "older":
        Incident.objects.update(first_failure_at=timezone.now() + timedelta(seconds=1))
    else:
        scene.site.diagnoses.update(offers=[])
    assert primaries(start_page(scene)) == ["Start the guided repair"] and not start_page(scene).select("input[name=digest]")


def fail_again(scene: Scene, kind: str = "server-error") -> None:
    now = timezone.now()
    Site.objects.filter(pk=scene.site.pk).update(verdict="down", kind=kind, last_probe_at=now)
    Page.objects.filter(site=scene.site).update(verdict="down", failing_since=now - timedelta(minutes=1), last_status=500)


def test_copy_of_the_database_from_before_the_failure_stands_out_where_a_part_of_it_is_missing() -> None:
    scene, now = make_scene(offers=[]), timezone.now()
    scene.diagnosis.findings.update(cause="database-table-missing", check_id="database", path="www/wp-config.php", line=None)
    fail_again(scene)
    kept = {"site": scene.site, "state": "kept", "seen_at": now, "name": "shop", "tables": {"wp_posts": "x"}}
    before, _since = (DatabaseDump.objects.create(began_at=now - timedelta(minutes=minutes), **kept) for minutes in (90, 0))
    page = scene.page()
    assert primaries(page) == ["Put the database back as it was"]
    assert page.select_one("#dump-first")["href"] == f"/repairs/{scene.case.pk}/database/dumps/{before.pk}/"
    before.delete()
    assert primaries(scene.page()) == ["Try it, and show what would be written"]


def test_change_of_an_earlier_failure_counts_as_past_when_the_site_fails_anew(scene: Scene) -> None:
    scene.step("done-verified", message="Every page is well.", seconds_ago=600, result={"pages_before": BAD, "pages_after": GOOD})
    fail_again(scene)
    page = scene.page()
    assert page.select_one("[aria-current=step] b").get_text() == "Test the .htaccess file"
    assert not page.select_one("[aria-current=step].done")
    assert primaries(page) == ["Correct line 6 of www/.htaccess and look again"]
    past = page.select_one("#earlier-failure")
    assert "Earlier in this repair" in past.get_text() and "Every page is well." in past.get_text()
    assert "Every page is well." not in words(page).replace(" ".join(past.get_text(" ").split()), "")


def test_open_repair_follows_the_newest_diagnosis_and_the_newest_incident(scene: Scene) -> None:
    Incident.objects.update(resolved_at=timezone.now())
    newer = make_incident(scene.site, fingerprint="another")
    later = scene.site.diagnoses.create(incident=newer, state="done", requested_at=timezone.now(), offers=[offer("c", title="Line 9")])
    page = scene.page("htaccess")
    assert primaries(page) == ["Go on: Read the error log"] and f"/incidents/{newer.pk}/" in str(page)
    assert later.pk != scene.diagnosis.pk and page.select_one("input[name=digest]")["value"] == "c" * 64


def test_refused_undo_is_no_success(scene: Scene) -> None:
    step = scene.step("done-verified", result={"pages_before": BAD, "pages_after": GOOD})
    undoing.note_refused(step.pk, "www/.htaccess: it has changed.")
    notice = scene.page("htaccess").select_one("section .notice")
    assert notice["class"] == ["notice", "warn"]
    assert notice.select_one("strong").get_text() == "It was not undone. www/.htaccess: it has changed."


def test_file_that_was_kept_as_it_is_tells_nothing_about_the_site(scene: Scene) -> None:
    scene.step("kept", result={"pages_before": BAD, "pages_after": GOOD}, undone_at=timezone.now())
    Site.objects.update(verdict="up")
    assert "The site is well." in words(scene.page())


def test_undo_on_a_site_that_is_well_says_what_it_means(scene: Scene) -> None:
    scene.step("done-verified", result={"pages_before": BAD, "pages_after": GOOD})
    assert "The site was broken before this change and will be broken again." in words(scene.page())


def test_file_that_keeps_visitors_out_is_not_offered_to_be_renamed() -> None:
    locked = offer("d", title="Rename www/.htaccess to .htaccess.old") | {
        "repair_id": "rename-htaccess",
        "caution": "It keeps visitors out.",
    }
    page = make_scene(offers=[offer(), locked]).page("htaccess")
    assert "Rename www/.htaccess" not in words(page)


def test_after_closing_no_step_is_recommended(scene: Scene) -> None:
    RepairCase.objects.update(closed_at=timezone.now(), outcome="left")
    assert "Recommended" not in scene.page().get_text()


def test_site_without_hosting_account_is_connected_first(scene: Scene) -> None:
    scene.case.delete()
    Site.objects.update(host=None)
    page = start_page(scene)
    assert primaries(page) == ["Connect its hosting account first"]


def test_failure_found_after_a_verified_change_is_a_new_one_before_any_probe_was_well(scene: Scene) -> None:
    scene.step("done-verified", message="Every page is well.", seconds_ago=60, result={"pages_before": BAD, "pages_after": GOOD})
    fail_again(scene)
    Page.objects.filter(site=scene.site).update(failing_since=timezone.now() - timedelta(minutes=9))
    assert scene.page("htaccess").select_one("section .notice.ok")
    scene.site.diagnoses.update(verdict="down", requested_at=timezone.now())
    page = scene.page("htaccess")
    assert not page.select("section .notice.ok") and page.select_one("#earlier-failure")


def test_one_more_fault_after_a_change_that_did_not_cure_is_the_next_thing_to_do(scene: Scene) -> None:
    scene.step("done-not-cured", plan_digest="e" * 64, result={"pages_before": BAD, "pages_after": BAD})
    assert primaries(scene.page()) == ["Correct line 6 of www/.htaccess and look again"]


def test_refused_undo_names_the_later_step_of_the_same_file(scene: Scene) -> None:
    first, second = scene.step("done-verified", title="First"), scene.step("done-verified", title="Correct line 9")
    for step in (first, second):
        step.journal.create(position=0, change="write", path="/www/.htaccess", shown="www/.htaccess", recorded_at=timezone.now())
    assert undoing._first_undo(first) == "First undo the later step “Correct line 9”."
    assert undoing._first_undo(second) == ""


def test_cause_that_nothing_here_can_mend_waits_for_whoever_mends_it_by_hand() -> None:
    scene = make_scene(offers=[])
    assert scene.page("read-log").select_one("#look").get_text() == "I have mended it: look again"
    scene.site.diagnoses.update(offers=[offer()])
    assert scene.page("read-log").select_one("#look").get_text() == "Read it again"
