"""What is done on a real account is noted: logins, commands, writes; for what, by whom, and what came of it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from diagnostics import diagnosing
from diagnostics.changes import recovering, undoing
from diagnostics.changes.executor import Executor, NotApplied
from diagnostics.connections import auditing, connecting, purposes
from diagnostics.connections.locking import held
from diagnostics.models import HostAction, Step
from diagnostics.repairs.plan import Plan
from diagnostics.transports.base import Reader, Writer
from diagnostics.transports.watched import READS, WatchedReader, WatchedWriter
from sites.models import Host, Site
from tests.diagnostics.hosts_made import CONTENT, host_on, plan_for, serving, step_on
from tests.factories import make_host, make_site, make_user
from tests.fakes import FakeHost
from tests.servers import SshServer, cutting_proxy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SITEMEND_ALLOWED_NETWORKS", (ip_network("127.0.0.0/8"),))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    with serving(tmp_path) as running:
        yield running


def rows(host: Host, *verbs: str) -> list[HostAction]:
    found = HostAction.objects.filter(host=host).order_by("pk")
    return list(found.filter(verb__in=verbs) if verbs else found)


def applied(server: SshServer, host: Host, step: Step) -> None:
    with held(host) as lock, Executor(lambda: connecting.writer_for(host), lock) as executor:
        executor.apply(step, plan_for(server))


def test_every_write_of_a_step_is_noted_with_its_path_and_person(server: SshServer) -> None:
    host = host_on(server)
    step, alice = step_on(host), make_user("alice")
    with purposes.doing("repair", user=alice):
        applied(server, host, step)
    login, *_commands, write, chmod = rows(host)
    assert (login.verb, login.outcome, login.actor, login.user) == ("login", "done", "person", alice)
    assert login.reads > 4 and login.bytes_read >= 2 * len(CONTENT)
    assert (write.verb, write.path, write.size, write.mode) == ("write", f"{server.remote_home}/www/.htaccess", 17, 0o604)
    assert (chmod.verb, chmod.path, chmod.mode_words) == ("chmod", f"{server.remote_home}/www/index.html", "644")
    for row in (write, chmod):
        assert (row.outcome, row.step, row.site, row.purpose, row.user) == ("done", step, step.case.site, "repair", alice)


def test_undo_and_recovery_are_told_apart_from_the_repair(server: SshServer) -> None:
    host = host_on(server)
    step, bob = step_on(host), make_user("bob")
    applied(server, host, step)
    Step.objects.filter(pk=step.pk).update(state=Step.State.DONE_VERIFIED)
    undoing.undo(step, bob)
    undone = [row for row in rows(host, "write", "chmod") if row.purpose == "undo"]
    assert {(row.verb, row.user, row.outcome) for row in undone} == {("write", bob, "done"), ("chmod", bob, "done")}
    again = step_on(host, "second")
    applied(server, host, again)
    assert recovering.recover(host) == [again.pk]
    back = [row for row in rows(host, "write", "chmod") if row.purpose == "recovery"]
    assert {(row.verb, row.actor, row.step_id) for row in back} == {("write", "itself", again.pk), ("chmod", "itself", again.pk)}


def test_commands_over_ssh_are_noted_and_over_sftp_there_are_none(server: SshServer) -> None:
    for protocol, several in (("ssh", True), ("sftp", False)):
        host = host_on(server, protocol)
        with connecting.reader_for(host) as reader:
            assert len(list(reader.walk(f"{server.remote_home}/www", 100))) == 3
        commands = [row.path for row in rows(host, "command")]
        assert bool(commands) is several
        assert all(row.outcome == "done" for row in rows(host, "command"))
        if several:
            assert any(path.startswith(f"find {server.remote_home}/www ") for path in commands)


def test_refused_login_is_noted_and_its_secret_is_not(server: SshServer) -> None:
    host = host_on(server, private_key="", password="geheim-9")
    assert connecting.test_host(host).code == "login-refused"
    (row,) = rows(host)
    assert (row.verb, row.outcome, row.code, row.purpose) == ("login", "refused", "login-refused", "test")
    assert "geheim" not in str(HostAction.objects.values())


def test_login_that_was_made_before_its_account_was_stored_is_noted_with_it(server: SshServer) -> None:
    typed = connecting.details_for(host_on(server))
    tested = connecting.test_details(typed)
    assert tested.ok
    host = connecting.create_host(team=make_site().team, name="New", details=typed, profile="apache-755", tested=tested)
    assert [(row.verb, row.outcome, row.purpose) for row in rows(host)] == [("login", "done", "test")]


@pytest.mark.django_db(transaction=True)
def test_write_that_cannot_be_noted_is_not_made(server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    host = host_on(server)
    step = step_on(host)
    path = server.home / "www" / ".htaccess"
    before = (path.read_bytes(), path.stat().st_mtime_ns)

    def full(execute: object, sql: str, *rest: object) -> object:
        if "hostaction" in sql and sql.startswith("INSERT") and "'write'" in repr(rest):
            raise OperationalError("database or disk is full")
        return execute(sql, *rest)  # type: ignore[operator]

    with connection.execute_wrapper(full), pytest.raises(NotApplied) as caught:
        applied(server, host, step)
    assert caught.value.taken_back and "noted first" in caught.value.message
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert not rows(host, "write", "chmod")


def test_connection_lost_in_mid_write_is_noted_as_lost(server: SshServer) -> None:
    with cutting_proxy(server.address, server.port) as (proxy, cutter):
        host = host_on(server, "sftp", port=proxy.port)
        step = step_on(host)
        with held(host) as lock, Executor(lambda: connecting.writer_for(host), lock) as executor:
            executor.reader.home()
            cutter.left = 30_000
            change = replace(plan_for(server).changes[0], after=b"# long\n" * 20_000)
            with pytest.raises(NotApplied):
                executor.apply(step, Plan("r", "c", "t", "w", (change,)))
    write = rows(host, "write")[0]
    assert (write.outcome, write.code, write.size) == ("lost", "connection-lost", 140_000)


def test_diagnosis_names_who_asked_for_it_and_one_by_itself_nobody(server: SshServer) -> None:
    host, alice = host_on(server), make_user("alice")
    site = make_site(host=host, docroot=f"{server.remote_home}/www", url="http://127.0.0.1:9/")
    diagnosing.diagnose_now(site, None, alice)
    diagnosing.diagnose_now(site)
    logins = rows(host, "login")
    assert [(row.purpose, row.site, row.actor, row.user) for row in logins] == [
        ("diagnosis", site, "person", alice),
        ("diagnosis", site, "itself", None),
    ]
    assert all(row.reads for row in logins)
    assert not [row for row in rows(host) if row.verb not in ("login", "command")]


def test_what_a_command_does_is_noted_as_of_the_shell(server: SshServer) -> None:
    host = host_on(server)
    site = make_site(host=host, docroot=f"{server.remote_home}/www", url="http://127.0.0.1:9/")
    try:
        call_command("diagnose", site.name, "--json")
    except SystemExit:
        pass  # a site that fails has findings: exit status 1
    assert {row.actor for row in rows(host)} == {"shell"}


def test_readings_by_itself_within_an_hour_are_one_row(server: SshServer) -> None:
    host = host_on(server, "sftp")
    for _round in range(3):
        with purposes.doing("access-log"), connecting.reader_for(host) as reader:
            reader.read_tail(f"{server.remote_home}/www/index.html", 100)
    (row,) = rows(host)
    assert (row.times, row.reads, row.bytes_read) == (3, 3, 24)
    HostAction.objects.update(at=timezone.now() - timedelta(hours=2))
    with purposes.doing("access-log"), connecting.reader_for(host) as reader:
        reader.home()
    with purposes.doing("access-log", user=make_user()), connecting.reader_for(host) as reader:
        reader.home()
    assert [row.times for row in rows(host)] == [3, 1, 1]


def test_old_rows_go_and_changes_are_kept_longer_than_readings() -> None:
    host, now = make_site(host=None).team.hosts.create(name="h"), timezone.now()
    for days in (1, 40, 500):
        for verb, outcome in (("login", "done"), ("login", "refused"), ("write", "done")):
            HostAction.objects.create(host=host, verb=verb, outcome=outcome, at=now - timedelta(days=days))
    assert auditing.prune(now) == 4
    left = {(row.verb, row.outcome, (now - row.at).days) for row in rows(host)}
    assert left == {("login", "done", 1), ("login", "refused", 1), ("write", "done", 1), ("login", "refused", 40), ("write", "done", 40)}


def test_account_with_very_many_rows_keeps_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "MOST_PER_HOST", 5)
    host, now = make_site(host=None).team.hosts.create(name="h"), timezone.now()
    HostAction.objects.bulk_create(HostAction(host=host, verb="write", at=now - timedelta(minutes=n)) for n in range(12))
    assert auditing.prune(now) == 7
    assert min(row.at for row in rows(host)) == now - timedelta(minutes=4)


@pytest.mark.parametrize("number", [1, 30])
def test_removing_costs_the_same_however_many_accounts_there_are(number: int, django_assert_max_num_queries: Any) -> None:
    for n in range(number):
        HostAction.objects.create(host=make_host(name=f"h{n}"), verb="write", at=timezone.now())
    with django_assert_max_num_queries(4):
        assert auditing.prune() == 0


def test_deleted_site_leaves_what_was_done_on_the_account() -> None:
    host = make_site(host=None).team.hosts.create(name="h")
    site = make_site(host=host)
    HostAction.objects.create(host=host, site=site, verb="write", at=timezone.now())
    Site.with_deleted.filter(pk=site.pk).delete()
    assert [row.site for row in rows(host)] == [None]


def methods(kind: type) -> set[str]:
    return {name for name, _method in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def test_every_way_to_read_is_counted_and_every_way_to_write_is_noted() -> None:
    assert methods(Reader) <= READS
    assert methods(Writer) - methods(Reader) == methods(WatchedWriter) - {"pour"}  # which only shells have: it fills a database


def test_reader_passes_on_no_way_to_write() -> None:
    reader = WatchedReader(FakeHost({"/home/demo/x": b"1"}), None)  # type: ignore[arg-type]
    for name in methods(Writer) - methods(Reader):
        with pytest.raises(AttributeError):
            getattr(reader, name)
    assert reader.protocol == "sftp"
