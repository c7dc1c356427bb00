"""A dump put back into a real MariaDB: after one of what was there, verified table by table, undone, and taken back where it broke off."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from diagnostics import repairing
from diagnostics.changes import database_hand, recovering, through_database, undoing
from diagnostics.connections import connecting, purposes
from diagnostics.models import DatabaseChange, DatabaseDump, HostAction, RepairCase, Step
from diagnostics.site_databases import dumping, store
from diagnostics.transports.base import TransportError
from sites.models import Site
from tests import prepared
from tests.diagnostics.changes.test_killed import Installation
from tests.diagnostics.site_databases.conftest import SECRET, Base, Shop, ran
from tests.diagnostics.site_databases.test_dumping import login
from tests.factories import make_team, make_user
from tests.servers import SshServer
from tests.sites.views.pages import client_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(shop: Shop) -> Client:
    return client_of(make_user(team=shop.site.team))


def damage(shop: Shop) -> str:
    """An import that broke off: the settings of the program are gone, a new table is there. Answers what is in it then."""
    shop.base.run(
        "USE shop; DELETE FROM wp_options; INSERT INTO wp_posts (t) VALUES ('written since'); DROP TABLE wp_terms;"
        "CREATE TABLE wp_new (id INT); INSERT INTO wp_new VALUES (7);"
    )
    return shop.base.rows()


def dump_of(case: RepairCase) -> DatabaseDump:
    step = ran(repairing.look(case, "database", None, about=dumping.ABOUT))
    assert step.state == "done", step.message
    return DatabaseDump.objects.get(pk=step.result["dump"])


def restored(case: RepairCase, dump: DatabaseDump) -> Step:
    return ran(through_database.start_restore(case, dump, None))


def test_dump_is_put_back_verified_and_undone_exactly(shop: Shop, owner: Client) -> None:
    well = shop.base.rows()
    case = shop.case()
    dump = dump_of(case)
    broken = damage(shop)
    page = owner.get(f"/repairs/{case.pk}/database/dumps/{dump.pk}/")
    assert page.status_code == 200 and "Nothing is changed before" in page.content.decode() and shop.base.rows() == broken
    assert owner.post(f"/repairs/{case.pk}/database/dumps/{dump.pk}/").status_code == 302
    step = ran(case.steps.latest("pk"))
    assert (step.state, step.guide_step) == ("done-verified", "database"), step.message
    assert "wp_new:\n7\n" in shop.base.rows() and shop.base.rows().replace("wp_new:\n7\n\n", "") == well
    change = DatabaseChange.objects.get()
    assert change.phase == "made" and change.before is not None and change.before.state == "kept"
    undoing.undo(step)
    step.refresh_from_db()
    assert step.state == "undone" and shop.base.rows() == broken


def test_tables_that_the_dump_brought_go_with_the_undo(shop: Shop) -> None:
    case = shop.case()
    dump = dump_of(case)
    shop.base.run("DROP TABLE shop.wp_terms; DELETE FROM shop.wp_options")
    broken = shop.base.rows()
    step = restored(case, dump)
    assert step.state == "done-verified" and "wp_terms" in shop.base.rows()
    undoing.undo(step)
    assert shop.base.rows() == broken


def test_view_trigger_and_odd_values_come_back(shop: Shop) -> None:
    shop.base.run(
        "USE shop; CREATE TABLE `wp_we``ird -- name` (`a b` TEXT, `q` ENUM('x','y''z'), d DATETIME(6), j JSON, g GEOMETRY);"
        "INSERT INTO `wp_we``ird -- name` VALUES ('line\nbreak\r\\n\\0 -- Dump completed', 'y''z', '2026-01-02 03:04:05.000006', "
        '\'{"a": "ü"}\', POINT(1, 2)); CREATE DEFINER=me@localhost VIEW wp_seen AS SELECT t FROM wp_posts;'
        "CREATE DEFINER=me@localhost TRIGGER wp_told BEFORE INSERT ON wp_posts FOR EACH ROW SET NEW.t = CONCAT(NEW.t, '!');"
    )
    well = shop.base.rows()
    case = shop.case()
    dump = dump_of(case)
    shop.base.run("USE shop; DROP VIEW wp_seen; DROP TRIGGER wp_told; DROP TABLE `wp_we``ird -- name`; DELETE FROM wp_options")
    step = restored(case, dump)
    assert step.state == "done-verified", step.message
    assert shop.base.rows() == well and "wp_told" in shop.base.run("SHOW TRIGGERS FROM shop")


def test_dump_that_does_not_help_is_taken_back(shop: Shop) -> None:
    shop.base.run("DELETE FROM shop.wp_options WHERE option_name = 'blogname'")
    case = shop.case()
    dump = dump_of(case)
    shop.base.run("INSERT INTO shop.wp_posts (t) VALUES ('written since')")
    broken = shop.base.rows()
    step = restored(case, dump)
    assert step.state == "taken-back" and shop.base.rows() == broken and "It did not help" in step.message


def test_dump_that_the_database_refuses_half_way_is_taken_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    case = shop.case()
    dump = dump_of(case)
    broken = damage(shop)
    whole = store.blocks

    def spoilt(which: DatabaseDump) -> Iterator[bytes]:
        text = b"".join(whole(which))
        if which.pk == dump.pk and HostAction.objects.filter(verb="db-change").exists():  # while it is poured, not while it is read
            text = text.replace(b"INSERT INTO `wp_users`", b"INSRET INTO `wp_users`")
        yield text

    monkeypatch.setattr(store, "blocks", spoilt)
    step = restored(case, dump)
    assert step.state == "taken-back" and "You have an error" in step.message and shop.base.rows() == broken
    assert SECRET not in step.message


def test_without_a_dump_of_what_is_there_nothing_is_begun(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    case = shop.case()
    dump = dump_of(case)
    broken = damage(shop)
    monkeypatch.setattr("diagnostics.transports.commands._DUMP", "exit 127")
    step = restored(case, dump)
    assert step.state == "failed" and "Nothing was changed" in step.message and shop.base.rows() == broken
    assert DatabaseChange.objects.get().phase == "not-made"


def test_dump_of_another_database_is_not_put_into_this_one(shop: Shop) -> None:
    case = shop.case()
    dump = dump_of(case)
    broken = damage(shop)
    DatabaseDump.objects.update(prefix="other_")
    step = restored(case, dump)
    assert step.state == "failed" and "another database" in step.message and shop.base.rows() == broken


def test_site_that_is_well_is_left_alone(shop: Shop, owner: Client) -> None:
    case = shop.case()
    dump = dump_of(case)
    shop.base.run("INSERT INTO shop.wp_posts (t) VALUES ('written since')")
    now = shop.base.rows()
    step = restored(case, dump)
    assert step.state == "failed" and "nothing was changed" in step.message and shop.base.rows() == now
    assert DatabaseDump.objects.count() == 1


def test_read_only_mode_refuses_it_and_the_pouring_itself(shop: Shop) -> None:
    case = shop.case()
    dump = dump_of(case)
    broken = damage(shop)
    step = through_database.start_restore(case, dump, None)
    Site.objects.update(read_only_since="2026-01-01T00:00:00Z")
    assert ran(step).state == "failed" and shop.base.rows() == broken
    with pytest.raises(repairing.RepairRefused):
        through_database.start_restore(RepairCase.objects.get(), dump, None)


def test_pouring_itself_is_refused_in_read_only_mode(shop: Shop) -> None:
    before = shop.base.rows()
    Site.objects.update(read_only_since="2026-01-01T00:00:00Z")
    given = iter([b"DELETE FROM wp_options;\n"])
    with purposes.doing("repair", site=shop.site), connecting.writer_for(shop.site.host) as writer, pytest.raises(TransportError):
        database_hand.run(writer, login(shop), given, "x")
    assert shop.base.rows() == before


def test_statement_that_fails_stops_what_comes_after_it(shop: Shop) -> None:
    given = iter([b"DELETE FROM wp_terms;\nDELETE FROM no_such_table;\nDELETE FROM wp_options;\n"])
    with connecting.writer_for(shop.site.host) as writer, pytest.raises(database_hand.NotPutIn, match="no_such_table"):
        database_hand.run(writer, login(shop), given, "x")
    assert "plain" in shop.base.rows() and shop.base.run("SELECT COUNT(*) FROM shop.wp_terms").strip() == "0"


def test_later_restore_is_undone_first(shop: Shop) -> None:
    case = shop.case()
    dump = dump_of(case)
    first_broken = damage(shop)
    first = restored(case, dump)
    shop.base.run("DELETE FROM shop.wp_options; INSERT INTO shop.wp_posts (t) VALUES ('in between')")
    second_broken = shop.base.rows()
    second = restored(case, dump)
    with pytest.raises(repairing.RepairRefused, match="later step"):
        undoing.undo(first)
    undoing.undo(second)
    assert shop.base.rows() == second_broken
    undoing.undo(first)
    assert shop.base.rows() == first_broken


def test_undo_works_with_the_login_of_then(shop: Shop) -> None:
    """Also where the settings were broken since."""
    case = shop.case()
    dump = dump_of(case)
    broken = damage(shop)
    step = restored(case, dump)
    shop.settings.write_bytes(b"<?php broken")
    undoing.undo(step)
    assert shop.base.rows() == broken
    assert SECRET not in repr(DatabaseChange.objects.values().get())


def test_undo_whose_dump_is_gone_says_so(shop: Shop) -> None:
    case = shop.case()
    dump = dump_of(case)
    damage(shop)
    step = restored(case, dump)
    DatabaseChange.objects.get().before.delete()
    with pytest.raises(repairing.RepairRefused, match="no longer kept"):
        undoing.undo(step)
    step.refresh_from_db()
    assert step.state == "done-verified"


def test_dump_that_an_undo_needs_is_not_removed(shop: Shop, owner: Client) -> None:
    case = shop.case()
    dump = dump_of(case)
    damage(shop)
    restored(case, dump)
    before = DatabaseChange.objects.get().before
    assert owner.post(f"/repairs/{case.pk}/database/dumps/{before.pk}/forget/").status_code == 302
    assert DatabaseDump.objects.filter(pk=before.pk).exists()


def test_what_is_poured_is_noted_without_a_secret(shop: Shop) -> None:
    case = shop.case()
    dump = dump_of(case)
    damage(shop)
    restored(case, dump)
    rows = list(HostAction.objects.filter(verb="db-change"))
    assert len(rows) == 1 and "shop (me, localhost" in rows[0].path and rows[0].outcome == "done"
    assert not any("$(id)" in path for path in HostAction.objects.values_list("path", flat=True))


def test_reader_and_stranger_may_not(shop: Shop) -> None:
    case = shop.case()
    dump = dump_of(case)
    for who, status in ((make_user(team=shop.site.team, role="reader"), 403), (make_user(team=make_team()), 404)):
        client = client_of(who)
        for path in ("dump/", f"dumps/{dump.pk}/", f"dumps/{dump.pk}/forget/"):
            assert client.post(f"/repairs/{case.pk}/database/{path}").status_code == status
        assert client.get(f"/repairs/{case.pk}/database/dumps/{dump.pk}/").status_code == status


def test_step_that_was_left_half_done_is_taken_back_by_recovery(shop: Shop) -> None:
    case = shop.case()
    dump = dump_of(case)
    broken = damage(shop)
    step = through_database.start_restore(case, dump, None)
    change = DatabaseChange.objects.get()
    before = dump_of_now(shop)
    database_hand.record(change, "recorded", before=before, sealed_login=database_hand.sealed(login(shop)))
    Step.objects.filter(pk=step.pk).update(state="applying")
    shop.base.run("DROP TABLE shop.wp_users, shop.wp_posts")
    assert recovering.recover() == [step.pk]
    step.refresh_from_db()
    assert step.state == "taken-back" and shop.base.rows() == broken


def dump_of_now(shop: Shop) -> DatabaseDump:
    with connecting.reader_for(shop.site.host) as reader:
        return dumping.make(shop.site, reader, login(shop))


PREPARE = """
from django.utils import timezone
from sites import registration
from sites.models import *
from diagnostics import repairing, tasks
from diagnostics.changes import through_database
from diagnostics.connections import connecting
from diagnostics.models import *
from diagnostics.transports.base import ConnectionDetails
team = Team.objects.create(name="t")
details = ConnectionDetails("ssh", ADDRESS, PORT, USER, private_key=KEY, host_key=HOST_KEY)
host = connecting.create_host(team=team, name="h", details=details, profile="apache-755")
site = Site.objects.create(team=team, name="shop", url=URL, host=host, docroot=DOCROOT, verdict="down", kind="database-error")
registration.set_pages(site, ["/"])
case = repairing.open_case(site)
step = repairing.look(case, "database", None, about="database-dump")
tasks.run_step(step.pk)
step.refresh_from_db()
assert step.state == "done", step.message
"""
START = """
from diagnostics.changes import through_database
from diagnostics.models import *
print(through_database.start_restore(RepairCase.objects.get(), DatabaseDump.objects.get(), None).pk)
"""
WORK = """
from diagnostics import tasks
from diagnostics.models import *
tasks.run_step(Step.objects.latest("pk").pk)
"""
RECOVER = """
from diagnostics import tasks
from diagnostics.models import *
HostLock.objects.update(lease_until=None)  # nobody waits for the lease of the dead here
ConnectionLease.objects.all().delete()
tasks.recover_journal()
step = Step.objects.latest("pk")
print(step.state)
"""


@pytest.fixture
def installation(shop: Shop, account: SshServer, web: str, tmp_path: Path) -> Installation:
    rows = ",".join("(REPEAT('abcdefgh', 2000))" for _row in range(60))
    insert = f"INSERT INTO shop.wp_postmeta (t) VALUES {rows};"
    shop.base.run(insert * 40)
    prepared.installation(tmp_path / "var")
    made = Installation(tmp_path / "var", tmp_path)
    made.environment |= {"SITEMEND_ALLOWED_NETWORKS": "127.0.0.0/8"}
    values = {
        "URL": web, "KEY": account.private_key_text, "HOST_KEY": account.host_key, "ADDRESS": account.address, "PORT": account.port,
        "USER": account.user, "DOCROOT": f"{account.remote_home}/www",
    }  # fmt: skip
    made.run("\n".join(f"{name} = {value!r}" for name, value in values.items()) + PREPARE)
    return made


WHEN = {
    "while it dumps": "select count(*) from diagnostics_databasedump where state = 'making'",
    "when it was written down": "select count(*) from diagnostics_databasechange where phase = 'recorded'",
    "while it pours": "select count(*) from diagnostics_hostaction where verb = 'db-change'",
    "while it looks whether it helped": "select count(*) from diagnostics_databasechange where phase = 'made'",
}


QUICK = ("while it dumps", "while it pours")  # the others too where there is time


@pytest.mark.timeout(300)
@pytest.mark.parametrize("when", [name if name in QUICK else pytest.param(name, marks=pytest.mark.full) for name in WHEN])
def test_killed_worker_leaves_the_database_as_it_was_or_cured(installation: Installation, shop: Shop, base: Base, when: str) -> None:
    broken = damage(shop)
    installation.run(START)
    worker = installation.start(WORK)
    try:
        deadline = time.monotonic() + 90
        while installation.ask(WHEN[when])[0][0] == 0:
            assert worker.poll() is None and time.monotonic() < deadline, "the moment did not come"
            time.sleep(0.005)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
    state = installation.run(RECOVER)
    assert state == "taken-back"
    assert base.rows() == broken
