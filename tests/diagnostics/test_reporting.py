"""The report of a repair: only of its own time, each line of the log once, and never "nothing" where a probe saw something."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from diagnostics import queries, reporting
from diagnostics.models import FindingRecord, RepairCase
from sites.models import Incident, IncidentEntry, Page
from tests.diagnostics.views.cases import GOOD, Scene, make_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def found_later(scene: Scene, summary: str) -> None:
    later = scene.site.diagnoses.create(
        state="done", incident=scene.diagnosis.incident, requested_at=timezone.now() + timedelta(minutes=5), connection="sftp"
    )
    FindingRecord.objects.create(
        diagnosis=later, position=0, check_id="modes", cause="file-unreadable", severity="critical", confidence=0.9, summary=summary
    )


def test_report_of_a_closed_repair_tells_of_its_own_time(scene: Scene) -> None:
    Incident.objects.update(first_failure_at=timezone.now() - timedelta(hours=1))
    RepairCase.objects.update(closed_at=timezone.now(), outcome="well")
    found_later(scene, "A file cannot be read.")
    shown = reporting.markdown(RepairCase.objects.get())
    assert "Line 6 is misspelled." in shown and "A file cannot be read." not in shown


def test_list_tells_each_repair_by_what_was_found_in_it(scene: Scene) -> None:
    Incident.objects.update(cause_summary="Something of today.")
    assert [case.told for case in queries.tell_apart(RepairCase.objects.all())] == ["Line 6 is misspelled."]
    scene.step("done-verified", result={"pages_after": GOOD}, finding={"summary": "Line 4 was wrong."})
    page = scene.owner.get("/repairs/").content.decode()
    assert "Line 4 was wrong." in page and "Something of today." not in page


def test_lines_that_differ_in_time_client_and_process_only_are_told_once(scene: Scene) -> None:
    text = "[Sun Nov 22 03:00:{n:02d}.1 2026] [core:alert] [pid {n}:tid 9] [client 192.0.2.{n}:4{n}] /www/.htaccess: Invalid command"
    scene.diagnosis.log_lines = [{"at": f"03:00:{n:02d}", "text": text.format(n=n), "paired": False} for n in range(10, 45)]
    scene.diagnosis.save()
    lines = reporting.context(scene.case)["log_lines"]
    assert [(line["times"], line["at"]) for line in lines] == [(35, "03:00:44")]
    assert "×35" in reporting.markdown(scene.case)
    assert "×35" in scene.owner.get(f"/repairs/{scene.case.pk}/report/").content.decode()


def test_report_names_what_the_probe_saw_where_no_file_could_be_read(scene: Scene) -> None:
    scene.site.diagnoses.all().delete()
    scene.case.refresh_from_db()
    says = "The server refused the connection: nothing listens on that port."
    Page.objects.update(verdict="down", last_message=says)
    assert says in reporting.markdown(scene.case) and "Nothing was found." not in reporting.markdown(scene.case)
    assert says in scene.owner.get(f"/repairs/{scene.case.pk}/report/").content.decode()
    assert says in scene.page("hand-over").get_text()


def host_side(scene: Scene) -> RepairCase:
    """What only the host can mend, with what nobody there could do anything about beside it."""
    scene.diagnosis.findings.all().delete()
    rows = [
        ("php-service-down", "critical", "host", "PHP does not run.", "error-log", "connect() to unix:/run/php.sock failed"),
        ("recent-change", "warning", "account", "Something changed.", "change", "www/index.php was changed at 2026-11-22 03:10 UTC"),
        ("htaccess-bad-argument", "warning", "account", "A line of .htaccess is odd.", "file", "www/.htaccess:3: x"),
        ("php-memory-limit", "note", "account", "The limit is low.", "file", "memory_limit"),
    ]
    for n, (cause, severity, whose, summary, source, text) in enumerate(rows):
        FindingRecord.objects.create(
            diagnosis=scene.diagnosis, position=n, check_id="x", cause=cause, severity=severity, confidence=0.9, summary=summary,
            repairable_by=whose, evidence=[{"source": source, "at": "", "text": text, "paired": False}],
        )  # fmt: skip
    return RepairCase.objects.get(pk=scene.case.pk)


def test_report_for_the_host_holds_what_is_theirs_and_what_is_asked_of_them(scene: Scene) -> None:
    case = host_side(scene)
    IncidentEntry.objects.create(incident=Incident.objects.get(), kind="mail", text="Mail for owner@example.org: down", at=timezone.now())
    page = scene.owner.get(f"/repairs/{case.pk}/report/").content.decode()
    for shown in (reporting.markdown(case), page):
        assert "What we ask of you" in shown and "start it again" in shown and "PHP does not run." in shown
        assert "/run/php.sock" in shown
        for not_theirs in ("Something changed.", "was changed at", "is odd", "limit is low", "recent-change", "owner@example.org"):
            assert not_theirs not in shown, not_theirs
    assert "For your host" in page


def test_report_for_whoever_knows_the_site_tells_what_was_changed_once_and_as_no_fault(scene: Scene) -> None:
    case = host_side(scene)
    FindingRecord.objects.filter(cause="php-service-down").update(cause="htaccess-invalid-directive", repairable_by="account")
    shown = reporting.markdown(case)
    assert shown.count("was changed at 2026-11-22 03:10 UTC") == 1 and "What was changed shortly before" in shown
    assert "Something changed." not in shown and "A line of .htaccess is odd." in shown and "server-error" not in shown
