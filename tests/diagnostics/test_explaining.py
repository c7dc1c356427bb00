"""What a finding is to the person who reads it: the same in the mail, on every page, as JSON and in the catalogue."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.utils import timezone

from diagnostics import diagnosing, explaining, wants
from diagnostics.causes import CAUSES
from diagnostics.causes.alike import alike
from diagnostics.causes.asking import OF_HOST, asking_for
from diagnostics.causes.base import RepairableBy
from diagnostics.causes.by_hand import BY_HAND
from diagnostics.causes.guides import guide_of
from diagnostics.examining import Examination
from diagnostics.findings import Finding, Severity
from diagnostics.models import Diagnosis, FindingRecord
from sites import emails
from sites.models import Incident, Notification, Site
from tests.diagnostics.evidences import evidence
from tests.diagnostics.views.cases import Scene, make_scene
from tests.factories import make_incident, make_site

LINE = "[core:alert] [pid 9] /home/shop/www/.htaccess: Invalid command 'RewritEngine', perhaps misspelled"
PAIRED = {"source": "error-log", "at": "2026-11-22T03:12:04Z", "text": LINE, "paired": True}
CHANGE = {"source": "change", "at": "", "text": "file index.php changed 2 minutes before", "paired": False}


def finding(cause: str = "htaccess-invalid-directive", **more: object) -> FindingRecord:
    values = {
        "position": 0, "check_id": "htaccess-log", "cause": cause, "severity": "critical", "confidence": 0.98,
        "summary": "Line 12 of www/.htaccess uses a word that Apache does not know.", "path": "www/.htaccess", "line": 12,
        "evidence": [PAIRED], "repairable_by": str(CAUSES[cause].repairable_by),
    }  # fmt: skip
    return FindingRecord(**(values | more))


def told(scene: Scene, *rows: FindingRecord, inconclusive: tuple[dict[str, str], ...] = ()) -> tuple[Incident, Diagnosis]:
    """A failing site whose diagnosis found these."""
    incident = make_incident(scene.site)
    Site.objects.filter(pk=scene.site.pk).update(verdict="down", kind="server-error")
    diagnosis = Diagnosis.objects.create(
        site=scene.site, incident=incident, state="done", requested_at=timezone.now(), verdict="down", connection="sftp",
        inconclusive=list(inconclusive),
    )  # fmt: skip
    for row in rows:
        row.diagnosis = diagnosis
    FindingRecord.objects.bulk_create(rows)
    concluded = tuple(
        Finding(row.check_id, row.cause, Severity(row.severity), row.confidence, row.summary, path=row.path, line=row.line) for row in rows
    )
    diagnosing._tell(diagnosis, incident, list(rows), Examination(evidence({}), concluded, ()))
    return incident, diagnosis


def words(html: bytes | str) -> str:
    text = html.decode() if isinstance(html, bytes) else html
    return " ".join(unescape(re.sub(r"<[^>]+>", "", text)).split())


# --- the catalogue ----------------------------------------------------------------------------------------
def test_every_cause_tells_what_to_do_whom_to_ask_and_where_the_guide_speaks_of_it() -> None:
    assert set(BY_HAND) == set(CAUSES) and set(OF_HOST) <= set(CAUSES)
    for cause in CAUSES.values():
        assert cause.title and cause.explanation and BY_HAND[cause.code], cause.code
        assert alike(cause) and cause not in alike(cause), cause.code
        wrong = cause.repairable_by is not RepairableBy.NOBODY
        assert (asking_for(cause) is not None, guide_of(cause) is not None) == (wrong, wrong), cause.code


def test_being_confused_goes_both_ways() -> None:
    for cause in CAUSES.values():
        assert all(cause in alike(other) for other in alike(cause)), cause.code


def test_host_is_asked_about_everything_that_only_it_can_repair() -> None:
    for cause in CAUSES.values():
        asking = asking_for(cause)
        if cause.repairable_by is RepairableBy.HOST:
            assert asking is not None and asking.of_host, cause.code


# --- how sure, and why ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("confidence", "proofs", "said"),
    [
        (0.98, [PAIRED], "Certain, because the server wrote this line for our own test request."),
        (0.97, [{**PAIRED, "paired": False}], "Certain, because the log names it at the time of the failure."),
        (0.97, [{"source": "file", "text": "x"}, CHANGE], "Certain, because the file itself shows it."),
        (0.96, [{"source": "database", "text": "1045"}], "Certain, because the database was asked"),
        (0.8, [PAIRED], "Likely: this line was written for our own test request, but something else"),
        (0.8, [{**PAIRED, "paired": False}], "nothing ties it to our own test request"),
        (0.7, [{"source": "file", "text": "x"}], "no line of the log confirms it"),
        (0.6, [CHANGE], "Likely: it was changed just before the failure"),
        (0.4, [CHANGE], "Possible: only the time speaks for it."),
        (0.4, [], "Possible: it would explain what is seen, but nothing proves it."),
    ],
)  # fmt: skip
def test_sureness_says_why(confidence: float, proofs: list[dict[str, object]], said: str) -> None:
    assert said in explaining.because(confidence, proofs)


def test_consequences_and_changes_stand_apart_from_faults() -> None:
    rows = [
        finding(), finding("php-parse-error"),
        finding("php-class-not-found", severity="warning", follows="htaccess-invalid-directive"),
        finding("recent-change", severity="warning", follows="htaccess-invalid-directive", evidence=[CHANGE]),
        finding("disk-full", severity="warning"), finding("none", severity="note"),
    ]  # fmt: skip
    parts = explaining.parted(rows)
    assert parts.root is rows[0]
    assert (parts.faults, parts.consequences, parts.changes) == ((rows[1],), (rows[2],), (rows[3],))
    assert (parts.warnings, parts.notes) == ((rows[4],), (rows[5],))


def test_change_that_the_cause_names_already_is_not_told_twice() -> None:
    changed = finding("recent-change", severity="warning", follows="htaccess-invalid-directive", evidence=[CHANGE])
    assert explaining.parted([finding(evidence=[PAIRED, CHANGE]), changed]).changes == ()


# --- the same everywhere ----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_mail_incident_diagnosis_and_json_say_the_same() -> None:
    scene = make_scene()
    incident, diagnosis = told(scene, finding(repair_id="correct-htaccess-line"), finding("php-parse-error", evidence=[]))
    incident.refresh_from_db()
    row = diagnosing.as_json(diagnosis)["findings"][0]
    notification = Notification(kind="new", site=scene.site, incident=incident, recipient="a@example.org", created_at=timezone.now())
    mail = emails.new(notification)
    shown = [mail.text, words(mail.html)]
    shown += [words(scene.owner.get(path).content) for path in (f"/incidents/{incident.pk}/", f"/diagnoses/{diagnosis.pk}/")]
    for text in shown:
        for same in (row["summary"], "www/.htaccess:12", LINE, row["because"], "Correct a misspelt line of .htaccess"):
            assert same in text, same
    assert (row["sureness"], row["follows"]) == ("certain", "")
    assert "One more fault was found" in incident.cause_next and "One more fault" in shown[2]


@pytest.mark.django_db
def test_trouble_of_the_host_is_handed_over_with_words_ready_to_send() -> None:
    scene = make_scene()
    incident, diagnosis = told(scene, finding("php-service-down", summary="PHP is not running.", path="", line=None, repairable_by="host"))
    for path in (f"/incidents/{incident.pk}/", f"/diagnoses/{diagnosis.pk}/"):
        text = words(scene.owner.get(path).content)
        assert "Please change none of the site's files for it yet." in text
        assert "Please look at the PHP service of our account" in text and scene.site.url in text and LINE in text
    incident.refresh_from_db()
    mail = emails.new(Notification(kind="new", site=scene.site, incident=incident, recipient="a@example.org", created_at=timezone.now()))
    assert "See the incident" in mail.text and "guided repair" not in mail.text + mail.html


@pytest.mark.django_db
def test_cause_mended_by_hand_says_how_on_the_page_and_where_in_the_mail() -> None:
    scene = make_scene()
    incident, _diagnosis = told(scene, finding("database-access-denied", evidence=[]))
    incident.refresh_from_db()
    assert incident.cause_next.endswith("The page of the incident tells how, step by step.")
    text = words(scene.owner.get(f"/incidents/{incident.pk}/").content)
    assert "What you can do" in text and "Compare the name, user, password and address of the database" in text


# --- what could not be judged -----------------------------------------------------------------------------
LOG_GAPS = tuple({"check": check, "missing": "the error log could not be read: it is not known where it is"} for check in ("a", "b"))


@pytest.mark.django_db
def test_unknown_log_is_asked_for_where_it_can_be_named() -> None:
    scene = make_scene()
    Site.objects.filter(pk=scene.site.pk).update(error_log="")
    incident, diagnosis = told(scene, inconclusive=LOG_GAPS)
    assert [gap.checks for gap in wants.gaps_of(Diagnosis.objects.get(pk=diagnosis.pk))] == [("a", "b")]
    for path in (f"/incidents/{incident.pk}/", f"/diagnoses/{diagnosis.pk}/"):
        page = scene.owner.get(path).content.decode()
        assert f'href="/sites/{scene.site.pk}/places/"' in page and "2 checks need it." in page
    assert f"Why {scene.site.name} fails is not known yet" in words(scene.owner.get(f"/diagnoses/{diagnosis.pk}/").content)


@pytest.mark.django_db
def test_what_a_connection_would_give_is_told_once() -> None:
    site = make_site()
    gaps = [{"check": "a", "missing": "the error log could not be read: x"}, {"check": "b", "missing": "the files could not be read: x"}]
    diagnosis = Diagnosis.objects.create(site=site, state="done", requested_at=timezone.now(), connection="none", inconclusive=gaps)
    (gap,) = wants.gaps_of(diagnosis)
    assert gap.url == f"/sites/{site.pk}/connect/" and len(gap.missing) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(("confidence", "why_not", "hinted"), [(0.8, "", True), (0.98, "", False), (0.8, "It comes and goes.", False)])
def test_trial_is_recommended_only_where_nothing_is_certain(confidence: float, why_not: str, hinted: bool) -> None:
    scene = make_scene()
    _incident, diagnosis = told(scene, finding(confidence=confidence))
    Diagnosis.objects.filter(pk=diagnosis.pk).update(trials=[{"id": "x", "why_not": why_not, "about": 3}])
    assert ("A trial can tell more" in scene.owner.get(f"/diagnoses/{diagnosis.pk}/").content.decode()) is hinted


# --- the pages of the catalogue ---------------------------------------------------------------------------
@pytest.mark.django_db
def test_catalogue_shows_what_was_met_first_and_finds_words() -> None:
    scene = make_scene()
    told(scene, finding("php-memory-limit"))
    page = scene.owner.get("/causes/").content.decode()
    assert page.index("PHP ran out of memory") < page.index('id="causes-htaccess"')
    found = scene.owner.get("/causes/?q=Storage full").content.decode()
    assert "/causes/disk-full/" in found and "/causes/php-memory-limit/" not in found
    assert "No cause speaks of “xyzzy”" in scene.owner.get("/causes/?q=xyzzy").content.decode()


@pytest.mark.django_db
def test_page_of_a_cause_names_sites_repairs_and_words_of_the_own_teams_only() -> None:
    scene = make_scene()
    told(scene, finding())
    make_incident(make_site(name="somebody-elses"), cause="htaccess-invalid-directive")
    text = words(scene.owner.get("/causes/htaccess-invalid-directive/").content)
    assert "Seen once on your sites" in text and scene.site.name in text and "somebody-elses" not in text
    assert "Correct a misspelt line of .htaccess" in text and scene.site.url in text and "Tester le fichier .htaccess" in text
    never = words(scene.owner.get("/causes/root-disabled-by-host/").content)
    assert "Not seen on your sites so far." in never and "our site https://…" in never


@pytest.mark.django_db
def test_every_cause_has_a_page_that_reads_to_its_end() -> None:
    scene = make_scene()
    for code in CAUSES:
        response = scene.owner.get(f"/causes/{code}/")
        assert response.status_code == 200 and BY_HAND[code][-1] in unescape(response.content.decode()), code
