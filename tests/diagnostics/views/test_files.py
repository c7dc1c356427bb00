"""The pages of a site's files: baselines, comparisons, and what changed beside a diagnosis."""

from __future__ import annotations

import hashlib
import random
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.baselines import comparing, keeping, storing
from diagnostics.manifests.comparing import differences, grouped
from diagnostics.manifests.format import Record, encode
from diagnostics.models import Baseline, BaselineContent, BaselineWork, Diagnosis, DiagnosisChanges, FileComparison, KeptFile
from sites import queueing
from sites.credentials import seal_bytes
from sites.models import Host, Site
from tests.factories import make_host, make_incident, make_site, make_team, make_user

pytestmark = pytest.mark.django_db
OLD = [Record(b"a<b>.php", "f", 0o644, 10, 1_700_000_000), Record(b"wp-content/plugins/x/x.php", "f", 0o644, 1, 1, label="<i>X\t1.0")]
NEW = [OLD[0]._replace(size=12, mode=0o600, mtime=1_700_000_900), OLD[1]._replace(size=2, mtime=5, label="<i>X\t1.1")]


@pytest.fixture(autouse=True)
def handed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    monkeypatch.setattr(queueing, "enqueue", lambda task, pk, **_more: not found.append((task, pk)))
    return found


@pytest.fixture
def site(client: Client) -> Site:
    user = make_user("alice")
    client.force_login(user)
    host = make_host(make_team(members=(user,)), state=Host.State.WORKS)
    made = make_site(host=host, name="shop", docroot="/www")
    Site.objects.filter(pk=made.pk).update(verdict="up", kind="ok")
    return made


def keep(site: Site, records: list[Record], days: int = 0, **more: object) -> Baseline:
    values = {"docroot": "/www", "protocol": "sftp", "reason": "daily", "duration_s": 1, "is_whole_look": True, "files": 2, "counted": 7}
    return storing.store(site, encode(records), {}, host=site.host, taken_at=timezone.now() - timedelta(days=days), **(values | more))


def test_page_without_baseline_explains_and_offers_to_take_one(
    client: Client, site: Site, handed: list[tuple[str, int]], django_capture_on_commit_callbacks: object
) -> None:
    page = client.get(f"/sites/{site.pk}/files/").content.decode()
    assert "No baseline yet" in page and "Take a baseline now" in page and "Nothing is changed on the host" in page
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        client.post(f"/sites/{site.pk}/files/take/")
    assert handed == [("diagnostics.tasks.take_baseline", site.pk)]
    page = client.get(f"/sites/{site.pk}/files/").content.decode()
    assert "Waiting for its turn" in page and "Take a baseline now" not in page
    client.post(f"/sites/{site.pk}/files/cancel/")
    assert BaselineWork.objects.get().state == "idle"


def test_page_names_what_a_baseline_holds_beside_the_docroot(client: Client, site: Site) -> None:
    keep(site, OLD)
    assert "own:" not in client.get(f"/sites/{site.pk}/files/").content.decode()
    keep(site, OLD, beside=[{"base": "..", "folders": ["app", "<b>"], "shallow": True}, {"base": "../lib", "folders": ["src"]}])
    page = client.get(f"/sites/{site.pk}/files/").content.decode()
    assert "app, &lt;b&gt;, lib/src" in page


def test_page_without_connection_leads_to_it(client: Client, site: Site) -> None:
    Site.objects.update(host=None)
    page = client.get(f"/sites/{site.pk}/files/").content.decode()
    assert f"/sites/{site.pk}/connect/" in page and "Take a baseline now" not in page


def test_site_that_is_not_well_is_refused_with_the_reason(client: Client, site: Site) -> None:
    Site.objects.update(verdict="down", kind="server-error")
    answer = client.post(f"/sites/{site.pk}/files/take/", follow=True)
    assert "not known to be well" in answer.content.decode() and not BaselineWork.objects.exists()


def test_history_is_listed_and_compared(client: Client, site: Site) -> None:
    older, newer = keep(site, OLD, days=3), keep(site, NEW, is_cut=True, unread=1, is_whole_look=False)
    page = client.get(f"/sites/{site.pk}/files/").content.decode()
    assert page.count("<tr>") == 3 and "the list is not whole" in page and "1 folder could not be read" in page
    for one, other in ((older, newer), (newer, older)):
        answer = client.post(f"/sites/{site.pk}/files/compare/", {"older": one.pk, "newer": other.pk})
        row = FileComparison.objects.latest("pk")
        assert answer.headers["Location"] == f"/comparisons/{row.pk}/" and (row.older, row.newer) == (older, newer)
    assert "Waiting for its turn" in client.get(f"/comparisons/{row.pk}/").content.decode()
    comparing.run(row.pk)
    page = client.get(f"/comparisons/{row.pk}/").content.decode()
    assert "are not looked into again" in page
    assert "2 files differ: 2 changed." in page and "1.0 → 1.1" in page and "permissions 644 → 600" in page
    assert "a&lt;b&gt;.php" in page and "<i>X" not in page and "hx-get" not in page.split('id="comparison"')[1][:200]
    assert "Last comparisons" in client.get(f"/sites/{site.pk}/files/").content.decode()


@pytest.mark.parametrize("chosen", [{}, {"older": ""}, {"older": "same", "newer": "same"}])
def test_two_different_moments_are_needed(client: Client, site: Site, chosen: dict[str, str]) -> None:
    one = keep(site, OLD)
    data = {name: str(one.pk) if value == "same" else value for name, value in chosen.items()}
    answer = client.post(f"/sites/{site.pk}/files/compare/", data, follow=True)
    assert "Choose two different moments" in answer.content.decode() and not FileComparison.objects.exists()


@pytest.mark.parametrize("key", ["other", "x", "9" * 30, "0"])
def test_baseline_of_another_site_does_not_exist(client: Client, site: Site, key: str) -> None:
    keep(site, OLD)
    other = keep(make_site(), OLD)
    data = {"older": str(other.pk) if key == "other" else key}
    assert client.post(f"/sites/{site.pk}/files/compare/", data).status_code == 404


def test_failed_comparison_says_why(client: Client, site: Site) -> None:
    row = FileComparison.objects.create(
        site=site, older=keep(site, OLD), requested_at=timezone.now(), state="failed", error="The line <broke>."
    )
    page = client.get(f"/comparisons/{row.pk}/").content.decode()
    assert "could not be compared" in page and "The line &lt;broke&gt;." in page


def test_site_page_shows_its_baseline_and_what_went_wrong(client: Client, site: Site) -> None:
    assert "No baseline yet" in client.get(f"/sites/{site.pk}/").content.decode()
    keep(site, OLD)
    BaselineWork.objects.create(site=site, due_at=timezone.now(), last_error="The host <refused>.")
    page = client.get(f"/sites/{site.pk}/").content.decode()
    assert "Baseline of" in page and f"/sites/{site.pk}/files/" in page and "The host &lt;refused&gt;." in page


def test_diagnosis_and_incident_show_what_changed(client: Client, site: Site) -> None:
    baseline, incident = keep(site, OLD, days=1), make_incident(site)
    diagnosis = Diagnosis.objects.create(site=site, incident=incident, requested_at=timezone.now(), state="done")
    for page in (f"/diagnoses/{diagnosis.pk}/", f"/incidents/{incident.pk}/"):
        assert "What changed since it last worked" not in client.get(page).content.decode()
    result = comparing.Result(grouped(differences(OLD, NEW)), {})
    DiagnosisChanges.objects.create(
        diagnosis=diagnosis, baseline=baseline, baseline_at=baseline.taken_at, sealed_result=comparing.seal_result(result)
    )
    for page in (f"/diagnoses/{diagnosis.pk}/", f"/incidents/{incident.pk}/"):
        text = client.get(page).content.decode()
        assert "What changed since it last worked" in text and "2 files differ: 2 changed." in text
    DiagnosisChanges.objects.update(sealed_result=comparing.seal_result(comparing.Result(grouped([]), {})))
    assert "look for the reason elsewhere" in client.get(f"/diagnoses/{diagnosis.pk}/").content.decode()


def test_page_costs_the_same_queries_for_one_and_for_many(client: Client, site: Site, django_assert_max_num_queries: object) -> None:
    for day in range(30, 0, -1):
        keep(site, OLD, days=day)
    with django_assert_max_num_queries(32):  # type: ignore[operator]
        client.get(f"/sites/{site.pk}/files/")


def test_what_is_kept_for_repairs_is_told_and_may_be_switched_off(client: Client, site: Site) -> None:
    url = f"/sites/{site.pk}/files/"
    content = b"<?php\n"
    digest = hashlib.sha256(content).hexdigest()
    at = timezone.now()
    storing.store(
        site, encode([Record(b"a.php", "f", 0o644, 6, 1)]), {digest: content}, host=site.host, taken_at=at, docroot="/www", protocol="sftp",
        reason="daily", duration_s=1, is_whole_look=True, files=1, counted=0,
    )  # fmt: skip
    keeping.note(site, keeping.Kept([Record(b"a.php", "f", 0o644, 6, 1, digest=digest)]), at)
    page = client.get(url).content.decode()
    assert "1 file can be put back" in page and "Keep no program files of this site" in page
    assert "1 program or settings file is kept" in client.get(f"/sites/{site.pk}/").content.decode()
    answer = client.post(f"{url}keep/", {"keep": "off"}, follow=True).content.decode()
    assert "Contents of program files are not kept" in answer and not KeptFile.objects.exists()
    assert not BaselineContent.objects.exists()
    assert "The next baseline keeps" in client.post(f"{url}keep/", {"keep": "on"}, follow=True).content.decode()


def test_oldest_contents_go_first_and_configuration_stays(site: Site, settings: object) -> None:
    settings.SITEMEND_KEPT_MB_PER_SITE = 1
    old, new = timezone.now() - timedelta(days=2), timezone.now()
    for name, at in ((b"old.php", old), (b"new.php", new), (b"wp-config.php", old)):
        content = random.Random(name).randbytes(370_000)
        digest = hashlib.sha256(content).hexdigest()
        BaselineContent.objects.create(site=site, sha256=digest, sealed=seal_bytes(content))
        keeping.note(site, keeping.Kept([Record(name, "f", 0o644, 370_000, 1, digest=digest)]), at)
    assert keeping.make_room(site.pk) == 1
    assert set(KeptFile.objects.values_list("path", flat=True)) == {"new.php", "wp-config.php"}
    assert keeping.amount(site).size <= keeping.limit() and keeping.make_room(site.pk) == 0
