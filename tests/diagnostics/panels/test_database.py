"""A database put back through the panel, on a real MariaDB: copied first, kept where it helps, else taken back; whatever dies between."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics import repairing, tasks
from diagnostics.changes import recovering, through_panel, undoing
from diagnostics.changes.through_panel import verifying
from diagnostics.connections.locking import HostBusy, held, try_acquire
from diagnostics.models import HostPanel, PanelChange, RepairCase, Step
from diagnostics.panels import connecting, databases, starting
from sites.models import Host, Site
from tests.diagnostics.panels.going_on import Killed, answering, killed_at, look, posts, site_at, to_its_end
from tests.factories import make_site, make_user
from tests.http_server import HttpServer, Reply
from tests.ovhcloud import OvhcloudHost
from tests.ovhcloud.databases import Database, MariaDb, TextData
from tests.programs import binary, mariadb

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_once")]
NAME = "shopdb"
WELL, BROKEN, NEWER = "well", "broken", "order of today"


@pytest.fixture(scope="module")
def line() -> Iterator[str]:
    if not binary("mariadbd"):
        pytest.skip("MariaDB is not installed")
    folder = Path(tempfile.mkdtemp(prefix="sitemend-db-"))
    with mariadb(folder / "db", "--skip-networking", "--innodb-buffer-pool-size=24M", "--key-buffer-size=1M") as found:
        yield found


@pytest.fixture
def database(ovh: OvhcloudHost, line: str) -> Database:
    """It was well yesterday, and holds something else now."""
    made = ovh.databases.add(NAME, MariaDb(line, NAME))
    made.data.load(b"CREATE TABLE state (words VARCHAR(99)); INSERT INTO state VALUES ('well');")
    ovh.databases.keep(NAME, "daily.1", 3600)
    write(made, BROKEN, NEWER)
    return made


def write(database: Database, *words: str) -> None:
    database.data.run("DELETE FROM state; " + "".join(f"INSERT INTO state VALUES ('{each}');" for each in words))  # type: ignore[attr-defined]


def words_of(database: Database) -> set[str]:
    return set(database.data.run("SELECT words FROM state").split("\n")) - {""}  # type: ignore[attr-defined]


@pytest.fixture
def server(database: Database) -> Iterator[HttpServer]:
    """The site's code fails by what its database holds."""
    with answering(lambda: WELL in words_of(database)) as made:
        yield made


@pytest.fixture
def site(host: Host, server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> Site:
    return site_at(server, host, monkeypatch)


def read(case: RepairCase) -> list[dict[str, object]]:
    step = repairing.look_elsewhere(case, databases.READ, None)
    tasks.run_step(step.pk)
    stored = databases.told(case)
    assert stored is not None, Step.objects.get(pk=step.pk).message
    return stored


def started(case: RepairCase, dump: int | None = None) -> Step:
    stored = read(case)
    number = str(dump or stored[0]["dumps"][0]["id"])  # type: ignore[index]
    plan = databases.plan(case.site, stored, NAME, number)
    assert plan is not None
    return databases.start(case, NAME, number, plan.digest(), None)


# --- what is offered ----------------------------------------------------------------------------
def test_copies_are_told_with_the_moment_their_content_is_of(ovh: OvhcloudHost, database: Database, case: RepairCase) -> None:
    ovh.databases.keep(NAME, "weekly.1", 7200)
    ovh.databases.keep(NAME, "now", 60)
    rows = read(case)[0]["dumps"]
    ages = [round((timezone.now() - databases.moment_of(row)).total_seconds() / 3600) for row in rows]  # type: ignore[union-attr]
    assert [(row["kind"], age) for row, age in zip(rows, ages, strict=True)] == [("now", 0), ("daily.1", 25), ("weekly.1", 170)]  # type: ignore[index]


def test_hosting_with_many_databases_is_not_asked_more_than_it_bears(
    ovh: OvhcloudHost, database: Database, case: RepairCase, tmp_path: Path
) -> None:
    for number in range(11):
        (tmp_path / f"{number}.sql").write_text("x")
        ovh.databases.add(f"db{number:02}", TextData(tmp_path / f"{number}.sql"))
        for day in range(30):
            ovh.databases.keep(f"db{number:02}", "daily.1", day * 86_400)
    ovh.log.clear()
    rows = read(case)
    assert len(ovh.log) <= 60 and [row["name"] for row in rows if row.get("unread")] == ["db08", "db09", "db10", NAME]
    newest = databases.moment_of(rows[0]["dumps"][0])  # type: ignore[index]
    assert rows[0]["more"] and newest is not None


def test_copy_of_now_is_made_and_listed(ovh: OvhcloudHost, database: Database, case: RepairCase) -> None:
    read(case)
    step = to_its_end(ovh, databases.start_copy(case, NAME, None))
    assert step.state == "done" and posts(ovh) == ["dump"]
    newest = databases.told(case)[0]["dumps"][0]
    assert newest["kind"] == "now" and words_of(database) == {BROKEN, NEWER}
    with pytest.raises(repairing.RepairRefused):
        undoing.request(step, None)


def test_copy_that_takes_the_host_long_is_not_taken_for_abandoned(ovh: OvhcloudHost, database: Database, case: RepairCase) -> None:
    read(case)
    step = look(databases.start_copy(case, NAME, None))
    Step.objects.filter(pk=step.pk).update(started_at=timezone.now() - timedelta(minutes=30))
    tasks.recover_journal()
    step.refresh_from_db()
    assert step.state == "applying" and to_its_end(ovh, step).state == "done"


# --- put back -----------------------------------------------------------------------------------
def test_copy_that_helps_is_kept_and_undone_byte_for_byte(ovh: OvhcloudHost, database: Database, case: RepairCase) -> None:
    before = database.data.dump()
    step = to_its_end(ovh, started(case))
    assert (step.state, posts(ovh)) == ("done-verified", ["dump", "restore"]), step.message
    assert words_of(database) == {WELL} and not case.site.incidents.filter(resolved_at=None).exists()
    assert databases.told(case) is None
    undoing.request(step, None)
    tasks.undo_step(step.pk)
    step = to_its_end(ovh, step)
    assert (step.state, posts(ovh)) == ("undone", ["dump", "restore", "dump", "restore"]), step.message
    assert database.data.dump() == before


def test_nothing_is_put_back_before_the_copy_of_now_is_seen_finished(ovh: OvhcloudHost, database: Database, case: RepairCase) -> None:
    step = started(case)
    look(step)
    ovh.work.tasks[0].ends = "stuck"
    for _look in range(4):
        ovh.clock.forward(30)
        look(step)
    assert posts(ovh) == ["dump"] and words_of(database) == {BROKEN, NEWER}
    PanelChange.objects.update(recorded_at=timezone.now() - timedelta(hours=7))
    assert look(step).state == "failed" and "Nothing was changed" in step.message


def test_copy_that_the_host_gives_up_again_and_again_ends_with_nothing_changed(
    ovh: OvhcloudHost, database: Database, case: RepairCase
) -> None:
    ovh.work.ends = "cancelled"
    step = to_its_end(ovh, started(case))
    assert step.state == "failed" and posts(ovh) == ["dump"] * 3 and words_of(database) == {BROKEN, NEWER}


def test_copy_that_does_not_help_is_taken_back_by_itself(ovh: OvhcloudHost, database: Database, case: RepairCase) -> None:
    write(database, "older, and broken too")
    dump = ovh.databases.keep(NAME, "now", 60)
    write(database, BROKEN, NEWER)
    step = to_its_end(ovh, started(case, dump))
    assert step.state == "taken-back" and "did not help" in step.message and words_of(database) == {BROKEN, NEWER}
    assert posts(ovh) == ["dump", "restore", "dump", "restore"]


def test_restore_that_the_host_breaks_off_is_put_right_again(ovh: OvhcloudHost, database: Database, case: RepairCase) -> None:
    step = started(case)
    while posts(ovh)[-1:] != ["restore"]:
        look(step)
        ovh.clock.forward(30)
    ovh.work.tasks[-1].ends = "cancelled"
    write(database, "half of it")
    step = to_its_end(ovh, step)
    assert step.state == "taken-back" and "broke off" in step.message and words_of(database) == {BROKEN, NEWER}


def test_taking_back_that_the_host_gives_up_each_time_ends_with_a_person(ovh: OvhcloudHost, database: Database, case: RepairCase) -> None:
    step = to_its_end(ovh, started(case))
    undoing.request(step, None)
    tasks.undo_step(step.pk)
    while posts(ovh).count("restore") < 2:
        look(step)
        ovh.clock.forward(30)
    ovh.work.ends = ovh.work.tasks[-1].ends = "cancelled"
    step = to_its_end(ovh, step)
    assert step.state == "needs-attention" and "3 times" in step.message and NAME in step.message
    assert posts(ovh).count("restore") == 4


def test_copy_that_is_gone_meanwhile_is_not_put_back(ovh: OvhcloudHost, database: Database, case: RepairCase) -> None:
    step = started(case)
    database.dumps.clear()
    step = to_its_end(ovh, step)
    assert step.state == "stale" and posts(ovh) == [] and "no longer there" in step.message


def test_undo_is_refused_where_its_copy_is_gone_or_another_step_stands_on_it(
    ovh: OvhcloudHost, database: Database, case: RepairCase
) -> None:
    first = to_its_end(ovh, started(case))
    write(database, BROKEN)
    second = to_its_end(ovh, started(case, database.dumps[0].row["id"]))
    assert second.state == "done-verified"
    for step, words in ((first, "First undo"), (second, "no longer keeps")):
        if step is second:
            del database.dumps[-1]
        undoing.request(step, None)
        tasks.undo_step(step.pk)
        step.refresh_from_db()
        assert step.state == "done-verified" and words in step.message
    assert words_of(database) == {WELL}


# --- what stops it ------------------------------------------------------------------------------
@pytest.mark.parametrize("when", ["before it is started", "when its turn has come"])
def test_blocked_hosting_is_left_alone(ovh: OvhcloudHost, database: Database, case: RepairCase, when: str) -> None:
    stored = read(case)
    plan = databases.plan(case.site, stored, NAME, str(stored[0]["dumps"][0]["id"]))  # type: ignore[index]
    assert plan is not None
    ovh.access = "blocked"
    if when == "before it is started":
        connecting.test(connecting.of(case.site.host))
        with pytest.raises(starting.Refused, match="blocked this hosting"):
            databases.start(case, NAME, str(plan.dump["id"]), plan.digest(), None)
        return
    step = to_its_end(ovh, databases.start(case, NAME, str(plan.dump["id"]), plan.digest(), None))
    assert step.state == "failed" and "blocked this hosting" in step.message and posts(ovh) == []


def test_right_that_was_not_given_is_told(ovh: OvhcloudHost, database: Database, case: RepairCase) -> None:
    read(case)
    HostPanel.objects.update(rights=["read", "php"])
    with pytest.raises(starting.Refused, match="right to put databases"):
        databases.start_copy(case, NAME, None)


def test_host_is_held_from_the_first_look_to_the_end(ovh: OvhcloudHost, database: Database, case: RepairCase) -> None:
    step = started(case)
    with held(case.site.host):
        assert "Another repair is being made" in look(step).message and posts(ovh) == []
    look(step)
    assert posts(ovh) == ["dump"] and try_acquire(case.site.host) is None
    with pytest.raises(HostBusy), held(case.site.host, wait_s=0):
        pass
    assert to_its_end(ovh, step).state == "done-verified"
    lock = try_acquire(case.site.host)
    assert lock is not None


def test_every_other_site_is_looked_at_few_at_a_time(
    ovh: OvhcloudHost, database: Database, case: RepairCase, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "AT_ONCE", 2)
    for number in range(5):
        other = make_site(case.site.team, name=f"other-{number}", url=server.url("/last" if number == 4 else "/other"), host=case.site.host)
        Site.objects.filter(pk=other.pk).update(verdict="up")
    server.route("/last", lambda _request: Reply(200 if BROKEN in words_of(database) else 500, body=b"<h1>Last</h1>"))
    step = to_its_end(ovh, started(case))
    assert step.state == "taken-back" and "other-4" in step.message and words_of(database) == {BROKEN, NEWER}


# --- whatever dies or is lost -------------------------------------------------------------------
@pytest.mark.parametrize("trouble", ["after-doing", "reset"])
@pytest.mark.parametrize("ends", ["dump", "restore"])
def test_answer_that_nobody_heard_leads_to_a_known_end(
    ovh: OvhcloudHost, database: Database, case: RepairCase, trouble: str, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = started(case)
    real = ovh.answer

    def lose(call: object, *more: object) -> object:
        if call.method == "POST" and call.path.endswith(ends) and not lost:  # type: ignore[attr-defined]
            lost.append(call)
            if trouble == "reset":
                ovh.fails_with = []
                raise ConnectionResetError
            real(call, *more)  # type: ignore[arg-type]
            raise ConnectionResetError
        return real(call, *more)  # type: ignore[arg-type]

    lost: list[object] = []
    monkeypatch.setattr(ovh, "answer", lose)
    step = to_its_end(ovh, step)
    assert lost
    if step.state == "done-verified":
        assert words_of(database) == {WELL}
    else:
        assert (step.state, ends, trouble) == ("taken-back", "restore", "reset") and words_of(database) == {BROKEN, NEWER}
    assert posts(ovh).count("restore") == (1 if step.state == "done-verified" else 2)


@pytest.mark.parametrize("undone", [False, True], ids=["change", "undo"])
@pytest.mark.parametrize("stored", [False, True], ids=["before it is stored", "after"])
def test_worker_that_ends_at_any_stored_moment_leaves_nothing_in_between(
    ovh: OvhcloudHost, database: Database, case: RepairCase, monkeypatch: pytest.MonkeyPatch, stored: bool, undone: bool
) -> None:
    for ends_at in range(1, 40):
        write(database, BROKEN, NEWER)
        step = started(case, database.dumps[0].row["id"])
        if undone:
            to_its_end(ovh, step, 30)
            undoing.request(step, None)
            tasks.undo_step(step.pk)
        try:
            with killed_at(ends_at, monkeypatch, stored):
                to_its_end(ovh, step, 30)
            break  # every moment was one
        except Killed:
            ovh.clock.forward(10)
        assert recovering.recover() == []
        step = to_its_end(ovh, step, 30)
        expected = {"done-verified": {WELL}, "undone": {BROKEN, NEWER}, "failed": {BROKEN, NEWER}, "taken-back": {BROKEN, NEWER}}
        assert words_of(database) == expected[step.state], (ends_at, step.state, step.message)
        assert not undone or step.state == "undone"
    assert ends_at > 6
    assert through_panel.dispatch() == 0


# --- in the web ---------------------------------------------------------------------------------
def test_person_reads_chooses_sees_and_puts_back(ovh: OvhcloudHost, database: Database, case: RepairCase, client: Client) -> None:
    client.force_login(make_user("alice", team=case.site.team))
    page = f"/repairs/{case.pk}/?step=database"
    shown = client.get(page).content.decode()
    which = shown.partition('name="which" value="')[2].partition('"')[0]
    client.post(f"/repairs/{case.pk}/look-at-host/", {"which": which})
    tasks.run_step(Step.objects.get(repair_id=databases.READ).pk)
    shown = client.get(page).content.decode()
    assert NAME in shown and "daily backup" in shown and "Have a copy made now" in shown
    client.post(f"/repairs/{case.pk}/host-copy/", {"database": NAME})
    assert to_its_end(ovh, Step.objects.get(repair_id=databases.DUMP)).state == "done"
    number = database.dumps[0].row["id"]
    assert f'id="kept-{number}"' in client.get(page).content.decode()
    address = f"/repairs/{case.pk}/host-database/"
    plan = client.get(f"{address}?database={NAME}&dump={number}").content.decode()
    assert "is taken out" in plan and "It is copied first" in plan
    digest = plan.partition('name="digest" value="')[2].partition('"')[0]
    client.post(address, {"database": NAME, "dump": number, "digest": digest})
    step = Step.objects.get(repair_id=databases.REPAIR)
    look(step)
    assert "makes a copy of the database as it is now" in client.get(page).content.decode()
    assert to_its_end(ovh, step).state == "done-verified"
    shown = client.get(page).content.decode()
    assert f'id="undo-{step.pk}"' in shown and "The site works again" in shown
    for ending in ("", ".md"):
        assert step.title in client.get(f"/repairs/{case.pk}/report{ending or '/'}").content.decode()
    missing = client.get(f"{address}?database={NAME}&dump=1", follow=True)
    assert missing.status_code == 200 and "Read the databases first" in missing.content.decode()
