"""Baselines over a real sshd: taken while a site is well, by the day and when asked for, and never half."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from diagnostics.baselines import storing, taking
from diagnostics.connections import connecting, politeness
from diagnostics.models import Baseline, BaselineContent, BaselineWork, ConnectionLease, RepairCase
from sites import queueing
from sites.models import Host, Site
from sites.signals import deployment_finished
from sites.windows import deploying, maintenance
from tests.diagnostics.baselines.conftest import SECRET, well
from tests.factories import make_incident, make_site
from tests.servers import SshServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What is handed to the workers."""
    found: list[int] = []
    monkeypatch.setattr(queueing, "enqueue", lambda task, pk, **_more: not found.append(pk))
    return found


def take_now(site: Site) -> Baseline | None:
    taking.ask(site)
    return taking.run(site.pk)


def test_baseline_holds_what_lies_there(site: Site, handed: list[int]) -> None:
    baseline = take_now(site)
    assert baseline is not None
    records = {record.path: record for record in storing.records(baseline)}
    assert records[b"wp-content/plugins/akismet/akismet.php"].label == "Akismet\t5.2"
    assert (records[b"wp-content/uploads"].kind, records[b"wp-content/uploads"].count) == ("c", 1)
    assert (baseline.files, baseline.counted, baseline.reason, baseline.is_whole_look, baseline.protocol) == (4, 1, "asked", True, "ssh")
    work = BaselineWork.objects.get()
    assert (work.state, work.last_error, work.failures) == ("idle", "", 0) and work.due_at > timezone.now()
    kept = storing.contents(site.pk, [records[b"wp-config.php"].digest])
    assert SECRET in b"".join(kept.values())


def test_no_secret_is_in_the_database_in_plain(site: Site, handed: list[int]) -> None:
    take_now(site)
    assert BaselineContent.objects.count() == 4
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith("diagnostics_"):
                cursor.execute(f"SELECT * FROM {table}")
                assert SECRET not in repr([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor]).encode()


def test_taking_changes_nothing_on_the_host(site: Site, docroot: Path, handed: list[int]) -> None:
    def state() -> list[tuple[str, int, int]]:
        return [(str(path), path.lstat().st_mtime_ns, path.lstat().st_mode) for path in sorted(docroot.rglob("*"))]

    before = state()
    assert take_now(site) and state() == before


def test_one_connection_is_used(site: Site, server: SshServer, handed: list[int]) -> None:
    before = server.log.read_text().count("Accepted publickey")
    take_now(site)
    assert server.log.read_text().count("Accepted publickey") == before + 1


@pytest.mark.parametrize("trouble", ["down", "incident", "repair", "deployment", "maintenance", "paused", "refused", "no docroot"])
def test_none_is_taken_while(trouble: str, site: Site, handed: list[int]) -> None:
    now = timezone.now()
    if trouble == "down":
        Site.objects.update(verdict="down", kind="server-error")
    elif trouble == "incident":
        make_incident(site)
    elif trouble == "repair":
        RepairCase.objects.create(site=site, opened_at=now)
    elif trouble == "deployment":
        deploying.start(site)
    elif trouble == "maintenance":
        maintenance.create_once(site, now, timedelta(hours=1), title="x")
    elif trouble == "paused":
        Site.objects.update(paused_at=now)
    elif trouble == "refused":
        Host.objects.update(state=Host.State.REFUSED)
    else:
        Site.objects.update(docroot="")
    with pytest.raises(taking.NotNow):
        taking.ask(Site.objects.select_related("host").get(pk=site.pk))
    BaselineWork.objects.create(site=site, due_at=now - timedelta(hours=1))
    assert taking.dispatch() == 0 and handed == []
    BaselineWork.objects.update(state="waiting")
    assert taking.run(site.pk) is None and not Baseline.objects.exists()


def test_site_that_fails_while_its_files_are_read_leaves_no_baseline(
    site: Site, monkeypatch: pytest.MonkeyPatch, handed: list[int]
) -> None:
    look = taking.gathering.look

    def failing(*args: object, **more: object) -> object:
        found = look(*args, **more)
        Site.objects.update(verdict="down", kind="server-error")
        return found

    monkeypatch.setattr(taking.gathering, "look", failing)
    assert take_now(site) is None
    assert not Baseline.objects.exists() and not BaselineContent.objects.exists()
    assert "not known to be well" in BaselineWork.objects.get().last_error


def test_cancelled_one_leaves_no_baseline(site: Site, monkeypatch: pytest.MonkeyPatch, handed: list[int]) -> None:
    monkeypatch.setattr(taking, "_SIGN_EVERY_S", 0.0)
    taking.ask(site)
    sign = taking._Sign.__call__

    def cancelling(self: taking._Sign, seen: int) -> None:
        taking.cancel(site)
        sign(self, seen)

    monkeypatch.setattr(taking._Sign, "__call__", cancelling)
    assert taking.run(site.pk) is None and not Baseline.objects.exists()
    assert (BaselineWork.objects.get().state, BaselineWork.objects.get().last_error) == ("idle", "It was cancelled. Nothing was kept.")


def test_host_that_cannot_be_reached_is_tried_later(site: Site, handed: list[int]) -> None:
    Host.objects.update(port=1)
    now = timezone.now()
    BaselineWork.objects.create(site=site, due_at=now, state="waiting")
    assert taking.run(site.pk) is None
    work = BaselineWork.objects.get()
    assert work.state == "idle" and work.failures == 1 and work.last_error and work.due_at > now + timedelta(minutes=50)


def test_each_site_has_its_time_of_day_and_the_first_comes_within_the_hour(site: Site, handed: list[int]) -> None:
    now = timezone.now()
    assert taking.dispatch(now) in (0, 1)
    assert taking.dispatch(now + timedelta(hours=1)) + len(handed) >= 1 and set(handed) == {site.pk}
    due = [taking.next_due(pk, now) for pk in range(500)]
    assert all(timedelta(hours=1) <= moment - now <= timedelta(hours=25) for moment in due)
    assert len({moment.hour for moment in due}) == 24
    assert taking.next_due(7, taking.next_due(7, now)) - taking.next_due(7, now) == timedelta(days=1)


def test_one_at_a_time_per_host_and_few_in_all(site: Site, host: Host, docroot: Path, handed: list[int]) -> None:
    now = timezone.now()
    others = [well(make_site(host=host, docroot=str(docroot))) for _number in range(3)]
    for each in (site, *others):
        BaselineWork.objects.create(site=each, due_at=now - timedelta(minutes=1))
    assert taking.dispatch(now) == 1 and taking.dispatch(now) == 0
    assert taking.run(handed[0]) is not None
    assert taking.dispatch(now) == 1 and len(set(handed)) == 2


def test_broker_that_is_away_loses_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "enqueue", lambda *_args, **_more: False)
    BaselineWork.objects.create(site=site, due_at=timezone.now())
    assert taking.dispatch() == 0 and BaselineWork.objects.get().state == "idle"


def test_what_a_dead_worker_left_is_due_again(site: Site, handed: list[int]) -> None:
    now = timezone.now()
    BaselineWork.objects.create(site=site, due_at=now + timedelta(hours=9), state="running", alive_at=now - timedelta(minutes=6))
    assert taking.dispatch(now) == 1 and "interrupted" in BaselineWork.objects.get().last_error


def test_second_run_of_the_same_task_does_nothing(site: Site, handed: list[int]) -> None:
    assert take_now(site) is not None and taking.run(site.pk) is None
    assert Baseline.objects.count() == 1


def test_deployment_that_went_well_brings_one_and_another_does_not(site: Site, handed: list[int]) -> None:
    for result in ("not-well", "not-known"):
        deployment_finished.send(sender=None, deployment_id=1, site_id=site.pk, result=result)
    assert not BaselineWork.objects.exists()
    deployment_finished.send(sender=None, deployment_id=1, site_id=site.pk, result="well")
    assert taking.dispatch() == 1
    assert taking.run(site.pk).reason == "deployment"


def test_daily_look_of_a_shell_lists_every_folder_and_without_a_shell_only_what_changed(site: Site, host: Host, handed: list[int]) -> None:
    take_now(site)
    daily = taking.take(site, reason="daily")
    assert daily.is_whole_look
    Host.objects.update(protocol="sftp")
    with connecting.reader_for(Host.objects.get()) as reader:
        reader_is_poor = "run-commands" not in reader.capabilities
    site = Site.objects.select_related("host").get(pk=site.pk)
    again = taking.take(site, reason="daily")
    assert reader_is_poor and list(storing.records(again)) == list(storing.records(Baseline.objects.get(pk=daily.pk)))
    Baseline.objects.update(taken_at=timezone.now() - timedelta(days=8))
    assert taking.take(site, reason="daily").is_whole_look


def test_docroot_that_is_a_link_is_followed_to_the_files(site: Site, docroot: Path, handed: list[int]) -> None:
    link = docroot.parent / "current"
    link.symlink_to(docroot)
    Site.objects.update(docroot=str(link))
    baseline = take_now(Site.objects.select_related("host").get(pk=site.pk))
    assert baseline is not None and baseline.files == 4


def test_two_that_were_asked_for_on_one_host_come_after_each_other(site: Site, host: Host, docroot: Path, handed: list[int]) -> None:
    other = well(make_site(host=host, name="blog", docroot=str(docroot)))
    for each in (site, other):
        taking.ask(each)
    BaselineWork.objects.filter(site=site).update(state="running")
    assert taking.run(other.pk) is None
    assert BaselineWork.objects.get(site=other).state == "waiting"
    BaselineWork.objects.update(alive_at=timezone.now() - timedelta(seconds=40))
    assert taking.dispatch() == 0 and handed == []
    BaselineWork.objects.filter(site=site).update(state="idle", due_at=timezone.now() + timedelta(days=1))
    taking.dispatch()
    assert handed == [other.pk]
    assert taking.run(other.pk) is not None


def test_what_a_person_asked_for_on_an_account_in_use_is_tried_again(
    site: Site, host: Host, handed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(politeness, "WAIT_S", 0.3)
    Host.objects.update(protocol="sftp")
    now = timezone.now()
    lease = {"holder": "elsewhere:1:1", "purpose": "repair", "since": now, "until": now + timedelta(minutes=1)}
    ConnectionLease.objects.create(host=host, slot=0, **lease)
    assert take_now(site) is None
    work = BaselineWork.objects.get()
    assert (work.reason, work.state, work.failures) == ("asked", "idle", 0) and "is in use" in work.last_error
    assert work.due_at < timezone.now() + timedelta(minutes=2)


def test_what_a_person_asked_for_and_gave_way_is_tried_again(site: Site, handed: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "_SIGN_EVERY_S", 0.0)
    monkeypatch.setattr(taking.politeness, "is_waited_for", lambda host: True)
    assert take_now(site) is None
    work = BaselineWork.objects.get()
    assert (work.reason, work.state) == ("asked", "idle") and "gave way" in work.last_error
    assert work.due_at < timezone.now() + timedelta(minutes=2)
