"""What changed: two baselines, or one and the files as they are on a real host; secrets never in plain."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from diagnostics import diagnosing
from diagnostics.baselines import comparing, showing, taking, wording
from diagnostics.connections import politeness
from diagnostics.evidence import Evidence, PageSeen, SiteSeen, TextFile, TreeEntry
from diagnostics.models import Baseline, BaselineContent, ConnectionLease, Diagnosis, DiagnosisChanges, FileComparison
from sites import queueing
from sites.models import Host, Site
from tests.diagnostics.baselines.conftest import SECRET
from tests.factories import make_incident
from tests.servers import SshServer

pytestmark = pytest.mark.django_db
NEW_SECRET = b"another-hushed-one"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "enqueue", lambda *_args, **_more: True)


def update(docroot: Path, server: SshServer) -> None:
    plugin = docroot / "wp-content" / "plugins" / "akismet"
    (plugin / "akismet.php").write_bytes(b"<?php\n/* Plugin Name: Akismet\n * Version: 5.3 */ // more")
    (plugin / "class.php").write_bytes(b"<?php")
    config = docroot / "wp-config.php"
    config.write_bytes(config.read_bytes().replace(SECRET, NEW_SECRET).replace(b"false", b"true"))
    (docroot / "index.php").unlink()
    server.own(plugin / "class.php")


def run(site: Site, older: Baseline, newer: Baseline | None = None) -> FileComparison:
    return comparing.run(comparing.request(site, older, newer).pk)


def told(row: FileComparison) -> list[tuple[str, str, str]]:
    return [(group.title, group.counts, group.versions) for group in wording.rows(showing.result_of(row))]


EXPECTED = [
    ("Configuration wp-config.php", "1 changed", ""),
    ("Plugin Akismet", "1 changed, 1 added", "5.2 → 5.3"),
    ("Files in the docroot", "1 removed", ""),
]


def test_live_files_are_compared_with_a_baseline(site: Site, docroot: Path, server: SshServer) -> None:
    older = taking.take(site)
    update(docroot, server)
    row = run(site, older)
    assert (row.state, row.error) == ("done", "")
    assert told(row) == EXPECTED
    (config, *_others) = wording.rows(showing.result_of(row))
    assert "+define('WP_DEBUG', true);" in config.files[0].diff
    assert "not shown here has changed" in config.files[0].diff
    assert Baseline.objects.count() == 1 and BaselineContent.objects.count() == 4  # what was only looked at is not kept


def test_two_baselines_are_compared_without_the_host(site: Site, docroot: Path, server: SshServer) -> None:
    older = taking.take(site)
    update(docroot, server)
    newer = taking.take(site)
    Host.objects.update(port=1)
    assert told(run(site, older, newer)) == EXPECTED


def test_no_secret_of_a_comparison_is_in_the_database_in_plain(site: Site, docroot: Path, server: SshServer) -> None:
    older = taking.take(site)
    update(docroot, server)
    result = showing.result_of(run(site, older))
    assert not any(secret.decode() in repr(result) for secret in (SECRET, NEW_SECRET))
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed_result FROM diagnostics_filecomparison")
        raw = b"".join(bytes(row[0]) for row in cursor.fetchall())
    assert b"DB_PASSWORD" not in raw and b"wp-config" not in raw


def test_nothing_changed_is_said(site: Site) -> None:
    result = showing.result_of(run(site, taking.take(site)))
    assert wording.headline(result) == "Nothing changed." and wording.rows(result) == []


def test_host_that_cannot_be_reached_is_told(site: Site) -> None:
    older = taking.take(site)
    Host.objects.update(port=1)
    row = run(Site.objects.select_related("host").get(pk=site.pk), older)
    assert row.state == "failed" and row.error


def test_damaged_baseline_is_told(site: Site) -> None:
    older = taking.take(site)
    Baseline.objects.update(manifest=b"SMMF\x01rubbish")
    assert "damaged" in run(site, Baseline.objects.get(pk=older.pk)).error


@pytest.mark.parametrize("reason", ["in use", "wanted"])
def test_comparison_that_is_not_its_turn_waits_and_is_made_later(site: Site, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    baseline, now = taking.take(site), timezone.now()
    monkeypatch.setattr(politeness, "WAIT_S", 0.3)
    monkeypatch.setattr(comparing, "_SIGN_EVERY_S", -1.0)
    Host.objects.update(protocol="sftp")
    slot = {"slot": 0} if reason == "in use" else {"slot": None, "urgent": True}
    lease = {"holder": "elsewhere:1:1", "purpose": "repair", "since": now, "until": now + timedelta(minutes=1), **slot}
    row = comparing.request(site, baseline, None)
    if reason == "in use":
        other = ConnectionLease.objects.create(host=site.host, **lease)
        assert comparing.run(row.pk) is None
    else:
        live = comparing.gathering.look

        def and_somebody_waits(*args: object, **kwargs: object) -> object:
            ConnectionLease.objects.create(host=site.host, **lease)
            return live(*args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(comparing.gathering, "look", and_somebody_waits)
        assert comparing.run(row.pk) is None
        monkeypatch.setattr(comparing.gathering, "look", live)
        other = ConnectionLease.objects.get()
    row.refresh_from_db()
    assert (row.state, row.error) == ("queued", "")
    other.delete()
    done = comparing.run(row.pk)
    assert done is not None and done.state == "done", done.error


def test_cancelled_comparison_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "_SIGN_EVERY_S", 0.0)
    row = comparing.request(site, taking.take(site), None)
    FileComparison.objects.update(cancel=True)
    assert comparing.run(row.pk).error == "It was cancelled."
    assert comparing.run(row.pk) is None


def test_only_the_last_comparisons_are_kept_and_a_waiting_one_serves_twice(site: Site) -> None:
    older = taking.take(site)
    for _number in range(comparing.KEPT_PER_SITE + 3):
        run(site, older)
    first = comparing.request(site, older, None)
    assert comparing.request(site, older, None) == first
    assert FileComparison.objects.count() == comparing.KEPT_PER_SITE


def test_what_a_dead_worker_or_an_absent_broker_left_is_swept(site: Site) -> None:
    older, now = taking.take(site), timezone.now()
    stuck = FileComparison.objects.create(site=site, older=older, requested_at=now, state="running", alive_at=now - timedelta(minutes=6))
    FileComparison.objects.create(site=site, older=older, requested_at=now - timedelta(minutes=1))
    assert comparing.sweep() == 1
    stuck.refresh_from_db()
    assert (stuck.state, stuck.sealed_result) == ("failed", None)


# --- beside a diagnosis ---------------------------------------------------------------------------------
def diagnosed(site: Site) -> Diagnosis:
    Baseline.objects.update(taken_at=timezone.now() - timedelta(hours=1))
    incident = make_incident(site)
    asked = Diagnosis.objects.create(site=site, incident=incident, requested_at=timezone.now())
    return diagnosing.run(asked.pk)


@pytest.fixture
def _failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site from outside; no web server is needed for its files."""
    monkeypatch.setattr(diagnosing.examining, "look", lambda site: SiteSeen(site.name, site.url, "down", "server-error"))


@pytest.fixture
def _answering_500(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with a page that fails as a program does."""

    def look(site: Site) -> SiteSeen:
        page = PageSeen("/", site.url, "server-error", 500, timezone.now(), body=b"<title>500 Internal Server Error</title>")
        return SiteSeen(site.name, site.url, "down", "server-error", (page,), timezone.now())

    monkeypatch.setattr(diagnosing.examining, "look", look)


@pytest.mark.usefixtures("_answering_500")
def test_finding_names_what_changed_since_the_baseline(site: Site, docroot: Path) -> None:
    """Where no log says why: the plugin that was updated since all was well, with both versions."""
    taking.take(site)
    (docroot / "wp-content/plugins/akismet/akismet.php").write_bytes(b"<?php\n/* Plugin Name: Akismet\n * Version: 5.3 */ // more")
    os.utime(docroot / "wp-content/plugins", (1, 1))
    first = diagnosed(site).findings.get(check_id="recent-changes")
    assert (first.cause, first.path) == ("wordpress-plugin", "www/wp-content/plugins/akismet/akismet.php")
    assert "Akismet" in first.summary and first.evidence[0]["source"] == "change"
    assert "1 file of the plugin Akismet" in first.evidence[0]["text"]


@pytest.mark.usefixtures("_failing")
def test_diagnosis_tells_what_changed_since_it_last_worked(site: Site, docroot: Path, server: SshServer) -> None:
    taking.take(site)
    (docroot / ".htaccess").write_bytes(b"RewritEngine on\nSetEnv DB_PW " + SECRET + b"\n")
    (docroot / "wp-content" / "uploads" / "b.jpg").write_bytes(b"new")
    os.utime(docroot / "wp-content" / "plugins", (1, 1))
    since = showing.since(diagnosed(site))
    assert [(group.title, group.counts) for group in since.groups] == [("Configuration .htaccess", "1 changed")]
    assert since.headline == "1 file differs: 1 changed." and since.is_whole_look
    Baseline.objects.update(is_whole_look=False)
    assert not showing.since_of_incident(Diagnosis.objects.get().incident).is_whole_look
    assert "+RewritEngine on" in since.groups[0].files[0].diff and SECRET.decode() not in repr(since)


@pytest.mark.usefixtures("_failing")
def test_diagnosis_says_that_nothing_changed(site: Site) -> None:
    taking.take(site)
    since = showing.since(diagnosed(site))
    assert since.groups == [] and since.headline == "Nothing changed."


@pytest.mark.usefixtures("_failing")
def test_baseline_from_after_the_failure_began_is_none_to_compare_with(site: Site) -> None:
    taking.take(site)
    incident = make_incident(site, first_failure_at=timezone.now() - timedelta(hours=2))
    diagnosing.run(Diagnosis.objects.create(site=site, incident=incident, requested_at=timezone.now()).pk)
    assert not DiagnosisChanges.objects.exists()


def evidence(entries: list[TreeEntry], **more: object) -> Evidence:
    seen = SiteSeen("shop", "https://shop.example/", "down", "server-error", failing_since=timezone.now())
    return Evidence(seen, "apache-755", "ssh", tree=tuple(entries), docroot="/www", **more)


def test_folder_that_its_owner_may_not_read_hides_and_removes_nothing(site: Site, docroot: Path) -> None:
    from diagnostics.baselines import since

    taking.take(site)
    Baseline.objects.update(taken_at=timezone.now() - timedelta(hours=1))
    top, closed = TreeEntry("www", "/www", "folder", 0o755, 0, 1.0), TreeEntry("www/x", "/www/wp-content", "folder", 0o000, 0, 1.0)
    diagnosis = Diagnosis.objects.create(site=site, requested_at=timezone.now())
    row = since.note(diagnosis, evidence([top, closed], htaccess=(TextFile("www/.htaccess", "/www/.htaccess", b"x", 0o644, 1.0),)))
    groups = comparing.open_result(row.sealed_result).summary.groups
    removed = {named.path for group in groups for named in group.named if named.how == "removed"}
    assert removed == {"index.php", ".htaccess", "wp-config.php"}


@pytest.mark.usefixtures("_answering_500")
def test_changed_php_version_is_among_what_changed_with_its_time(site: Site, docroot: Path, server: SshServer) -> None:
    """The handler line that a panel writes into .htaccess, and .ovhconfig above the docroot."""
    site.profile = "ovh-mutualise"
    site.save()
    above = docroot.parent / ".ovhconfig"
    above.write_bytes(b"app.engine=php\napp.engine.version=7.4\n")
    server.own(above)
    assert taking.take(site).php == {"ovhconfig": "7.4"}
    above.write_bytes(b"app.engine=php\napp.engine.version=8.2\n")
    diagnosis = diagnosed(site)
    found = diagnosis.findings.get(check_id="recent-changes")
    assert (found.cause, found.path) == ("php-version-incompatible-code", ".ovhconfig")
    assert "PHP version" in found.summary and "7.4 → 8.2" in found.summary and found.evidence[0]["source"] == "change"
    since = showing.since(diagnosis)
    assert since.headline == "1 file differs: 1 changed.", "the file above the docroot that says so"
    assert [(group.title, group.versions) for group in since.groups] == [("PHP version", "7.4 → 8.2"), ("Configuration .ovhconfig", "")]
    assert since.groups[0].last is not None and since.groups[0].files[0].path == ".ovhconfig"


@pytest.mark.usefixtures("_answering_500")
def test_handler_line_of_another_php_version_is_told_once(site: Site, docroot: Path) -> None:
    (docroot / ".htaccess").write_bytes(b"AddHandler application/x-httpd-ea-php74 .php\n")
    assert taking.take(site).php == {"handler": "7.4"}
    (docroot / ".htaccess").write_bytes(b"AddHandler application/x-httpd-ea-php82 .php\n")
    found = diagnosed(site).findings.filter(check_id="recent-changes")
    assert [(row.cause, row.path) for row in found] == [("php-version-incompatible-code", "www/.htaccess")]


@pytest.mark.usefixtures("_answering_500")
def test_php_version_that_is_as_it_was_is_no_change(site: Site, docroot: Path) -> None:
    (docroot / ".htaccess").write_bytes(b"AddHandler application/x-httpd-ea-php82 .php\n")
    taking.take(site)
    diagnosis = diagnosed(site)
    assert not diagnosis.findings.filter(check_id="recent-changes").exists() and showing.since(diagnosis).groups == []
