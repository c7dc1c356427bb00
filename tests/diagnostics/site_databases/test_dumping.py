"""Dumps of a real MariaDB over a real OpenSSH: whole, sealed, within the quota, and with no secret anywhere; half a dump is none."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from diagnostics import repairing, tasks
from diagnostics.connections import connecting
from diagnostics.facts.settings.logins import DatabaseLogin
from diagnostics.facts.settings.secret import Secret
from diagnostics.models import DatabaseDump, DumpPiece, HostAction, RepairCase, Step
from diagnostics.site_databases import dumping, store
from diagnostics.site_databases.reaching import Unreachable
from diagnostics.site_databases.reading import Sections
from sites.models import Host
from tests.diagnostics.site_databases.conftest import SECRET, Shop, ran

pytestmark = pytest.mark.django_db(transaction=True)


def dumped(shop: Shop, case: RepairCase | None = None) -> Step:
    return ran(repairing.look(case or shop.case(), "database", None, about=dumping.ABOUT))


def text_of(dump: DatabaseDump) -> bytes:
    return b"".join(store.blocks(dump))


def login(shop: Shop, **changes: object) -> DatabaseLogin:
    values = {"host": "localhost", "user": "me", "password": Secret(SECRET), "name": "shop", "socket": shop.base.line, "prefix": "wp_"}
    return DatabaseLogin(**{**values, **changes})  # type: ignore[arg-type]


def test_dump_is_whole_sealed_and_of_this_site_alone(shop: Shop) -> None:
    before = shop.base.rows()
    step = dumped(shop)
    dump = DatabaseDump.objects.get()
    assert (step.state, dump.state, dump.name, dump.prefix, dump.made_by) == ("done", "kept", "shop", "wp_", "mariadb-dump"), step.message
    text = text_of(dump)
    assert text.rstrip().endswith(b"-- Dump completed") and "Zoë 🛒".encode() in text and b"0x00FF1A0D0A27225C" in text
    assert b"somebody else" not in text and len(dump.tables) == 12 and dump.size == len(text)
    assert all(b"blogname" not in bytes(piece.sealed) and bytes(piece.sealed).startswith(b"gAAAA") for piece in DumpPiece.objects.all())
    assert shop.base.rows() == before and "12 tables" in step.message
    again = DatabaseDump.objects.get(pk=dumped(shop, step.case).result["dump"])
    assert (again.sha256, again.tables) == (dump.sha256, dump.tables)


def process_list() -> str:
    """What every user of the machine sees of the others: read by ourselves, for `ps` is too slow to meet a short program."""
    lines = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            lines.append(each.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(lines)


def test_secret_is_in_no_process_list_and_no_note(shop: Shop) -> None:
    rows = ",".join("(REPEAT('abcdefgh', 20000))" for _row in range(40))
    shop.base.run(f"CREATE TABLE shop.wp_long (t LONGTEXT); INSERT INTO shop.wp_long VALUES {rows}")
    seen: list[str] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.append(process_list())
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        dumped(shop)
    finally:
        stop.set()
        watcher.join()
    assert any("mariadb-dump" in each and "defaults-file" in each for each in seen)
    assert not any("$(id)" in each for each in seen)
    assert not any("$(id)" in path for path in HostAction.objects.values_list("path", flat=True))
    assert not list(shop.home.glob("**/*.cnf")) and not list(Path("/tmp").glob("*.cnf"))


def test_dump_that_breaks_off_is_none_and_leaves_nothing(shop: Shop) -> None:
    shop.base.run("ALTER TABLE shop.wp_posts ENGINE=MyISAM; FLUSH TABLES")
    index = shop.base.data / "shop/wp_posts.MYI"
    index.write_bytes(index.read_bytes()[:200])
    try:
        step = dumped(shop)
    finally:
        shop.base.run("DROP TABLE IF EXISTS shop.wp_posts")
    assert step.state == "failed" and "wp_posts" in step.message and SECRET not in step.message
    assert DatabaseDump.objects.get().state == "failed" and not DumpPiece.objects.exists()


@pytest.mark.parametrize(
    ("change", "said"), [({"password": Secret("wrong")}, "1045"), ({"name": "gone"}, "1044"), ({"prefix": "zz_"}, "zz_")]
)
def test_database_that_gives_nothing_says_why(shop: Shop, change: dict[str, object], said: str) -> None:
    with connecting.reader_for(shop.site.host) as reader, pytest.raises((dumping.NotDumped, Unreachable), match=said):
        dumping.make(shop.site, reader, login(shop, **change))
    assert not DumpPiece.objects.exists()


def test_host_without_the_program_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.transports.commands._DUMP", "exit 127")
    assert "neither" in dumped(shop).message


def test_connection_without_commands_says_so(shop: Shop) -> None:
    Host.objects.filter(pk=shop.site.host_id).update(protocol="sftp")
    step = dumped(shop)
    assert step.state == "failed" and "SSH" in step.message


def test_dump_that_is_larger_than_the_quota_is_not_kept(shop: Shop, settings: object) -> None:
    settings.SITEMEND_DUMPS_MB_PER_SITE = 1  # type: ignore[attr-defined]
    shop.base.run("CREATE TABLE shop.wp_noise (b LONGBLOB)")
    shop.base.run("INSERT INTO shop.wp_noise VALUES " + ",".join("(RANDOM_BYTES(1024))" for _row in range(2500)))
    step = dumped(shop)
    assert step.state == "failed" and "larger" in step.message and not DumpPiece.objects.exists()


def test_oldest_dump_gives_way_and_a_needed_one_does_not(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    case = shop.case()
    first, second = (DatabaseDump.objects.get(pk=dumped(shop, case).result["dump"]) for _each in range(2))
    monkeypatch.setattr(store, "limit", lambda: first.stored + second.stored + 10)
    third = dumped(shop, case).result["dump"]
    assert set(DatabaseDump.objects.values_list("pk", flat=True)) == {second.pk, third}


def test_what_a_dead_worker_left_is_ended(shop: Shop) -> None:
    long_ago = timezone.now() - timedelta(minutes=10)
    dump = DatabaseDump.objects.create(site=shop.site, began_at=long_ago, seen_at=long_ago)
    DumpPiece.objects.create(dump=dump, number=0, sealed=b"gAAAAhalf")
    tasks.recover_journal()
    dump.refresh_from_db()
    assert dump.state == "failed" and not DumpPiece.objects.exists()


@pytest.mark.parametrize("damage", ["cut", "swapped", "changed"])
def test_damaged_dump_is_not_whole(shop: Shop, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PIECE", 400)
    dump = DatabaseDump.objects.get(pk=dumped(shop).result["dump"])
    pieces = list(dump.pieces.all())
    assert len(pieces) > 2
    if damage == "cut":
        pieces[-1].delete()
    elif damage == "swapped":
        DumpPiece.objects.filter(pk=pieces[0].pk).update(sealed=pieces[1].sealed)
    else:
        DatabaseDump.objects.filter(pk=dump.pk).update(sha256="0" * 64)
        dump.refresh_from_db()
    with pytest.raises(store.DumpBroken):
        store.verify(dump)


def blocks_of(size: int) -> Callable[[bytes], list[bytes]]:
    return lambda text: [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_parts_of_a_dump_are_told_whatever_its_blocks_are(size: int) -> None:
    text = (
        b"-- MariaDB dump\n--\n-- Table structure for table `a`\n--\nCREATE TABLE `a` (x int);\n-- Dumping data for table `a`\n"
        b"INSERT INTO `a` VALUES ('-- Table structure for table `b`\r');\n--\n-- Table structure for table `we``ird`\n--\nx\n"
        b"-- Dump completed\n"
    )
    found = Sections()
    for block in blocks_of(size)(text):
        found.feed(block)
    assert list(found.tables) == ["a", "we`ird"] and found.is_complete and found.size == len(text)
    cut = Sections()
    cut.feed(text[:-8])
    assert not cut.is_complete
