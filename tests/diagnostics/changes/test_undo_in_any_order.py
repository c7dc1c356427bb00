"""Random changes of a few files, undone in random order: what is refused changes nothing, and in the end all is as it was."""

from __future__ import annotations

import posixpath
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from diagnostics.changes import journal
from diagnostics.changes.executor import Executor
from diagnostics.connections.locking import acquire
from diagnostics.models import HostLock, JournalEntry, Step
from diagnostics.repairs.plan import Change, ChangeMode, CreateFile, CreateFolder, Plan, RemoveFile, RenameFile, RenameFolder, WriteFile
from diagnostics.transports import open_writer
from diagnostics.transports.base import ConnectionDetails, FileKind, Writer
from sites.models import Host, Site, Team
from sites.probing.guard import Guard
from tests.diagnostics.changes_made import new_step
from tests.fakes import FakeHost
from tests.servers import SshServer, sshd

pytestmark = pytest.mark.django_db
NAMES = ("a", "b c", ".htaccess")
FOLDERS = ("plugin", "plugin.off")  # there is one, under one of these names
IN_FOLDER = ("a", "b c")
MADE = "made"  # a folder that is not there at first
CONTENTS = (b"one\n", b"two\r\n", b"\xff three")  # so few that a later change often brings back what was there before
MODES = (0o604, 0o640, 0o600)
Opener = Callable[[], AbstractContextManager[Writer]]
State = dict[str, tuple[bytes, int, int]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@contextmanager
def on_fake() -> Iterator[tuple[Opener, str]]:
    host = FakeHost(folders={"/home/demo/www": 0o755, f"/home/demo/www/{FOLDERS[0]}": 0o755})
    yield lambda: nullcontext(host), "/home/demo/www"


@contextmanager
def on_ssh(server: SshServer) -> Iterator[tuple[Opener, str]]:
    real = Path(tempfile.mkdtemp(dir=server.home))
    real.chmod(0o755)
    (real / FOLDERS[0]).mkdir()
    server.own(real)
    server.own(real / FOLDERS[0])
    details = ConnectionDetails(
        "sftp", server.address, server.port, server.user, private_key=server.private_key_text,
        host_key=server.host_key, exempt=(server.address, server.port),
    )  # fmt: skip
    with open_writer(details, guard=Guard()) as writer:
        yield lambda: nullcontext(writer), f"{server.remote_home}/{real.name}"
    shutil.rmtree(real)


def state(writer: Writer, folder: str) -> State:
    """What is in the folder, as the transport tells it."""
    found = {}
    for entry in writer.list(folder):
        if entry.stat.kind is FileKind.FOLDER:
            found |= {f"{entry.path}/": (b"", entry.stat.mode, 0)} | state(writer, entry.path)
        else:
            found[entry.path] = (writer.read(entry.path, 1000), entry.stat.mode, int(entry.stat.mtime))
    return found


def named(folder: str, inner: str, now: State) -> list[str]:
    inside = (inner, MADE) if f"{folder}/{MADE}/" in now else (inner,)
    return [f"{folder}/{name}" for name in NAMES] + [f"{folder}/{each}/{name}" for each in inside for name in IN_FOLDER]


def any_beside(free: list[str], now: State) -> bool:
    """Whether a file can get another name in its folder."""
    return bool({posixpath.dirname(name) for name in free} & {posixpath.dirname(name) for name in now})


def inner_of(writer: Writer, folder: str) -> str:
    """The name that the folder in the folder has now."""
    return next(name for entry in writer.list(folder) if (name := entry.path.rpartition("/")[2]) in FOLDERS)


def random_change(seeded: random.Random, folder: str, inner: str, now: State) -> Change:
    if seeded.random() < 0.2:
        other = FOLDERS[1 - FOLDERS.index(inner)]
        return RenameFolder(f"{folder}/{inner}", inner, f"{folder}/{other}", other)
    if f"{folder}/{MADE}/" not in now and seeded.random() < 0.2:
        return CreateFolder(f"{folder}/{MADE}", MADE, seeded.choice((0o755, 0o700)))
    free = [name for name in named(folder, inner, now) if name not in now]
    now = {name: what for name, what in now.items() if not name.endswith("/")}
    kinds = (["create"] if free else []) + (["write", "mode", "remove"] if now else []) + (["rename"] * 2 if any_beside(free, now) else [])
    kind = seeded.choice(kinds)
    if kind == "create":
        path = seeded.choice(free)
        return CreateFile(path, path, seeded.choice(CONTENTS), seeded.choice(MODES))
    beside_free = {posixpath.dirname(name) for name in free}
    path = seeded.choice([name for name in sorted(now) if kind != "rename" or posixpath.dirname(name) in beside_free])
    content, mode, _time = now[path]
    if kind == "write":
        return WriteFile(path, path, content, seeded.choice([each for each in CONTENTS if each != content]), mode)
    if kind == "mode":
        return ChangeMode(path, path, "file", mode, seeded.choice([each for each in MODES if each != mode]))
    if kind == "rename":
        target = seeded.choice([name for name in free if posixpath.dirname(name) == posixpath.dirname(path)])
        return RenameFile(path, path, target, target, journal.sha256(content))
    return RemoveFile(path, path, content, mode)


def play(seed: int, opener: Opener, folder: str) -> None:
    host = Host.objects.create(team=Team.objects.create(name=f"t{seed}"), name="h", protocol="local")
    site = Site.objects.create(team=host.team, name=f"shop {seed}", url="http://shop.example/", host=host, docroot=folder)
    seeded = random.Random(seed)
    with opener() as writer, Executor(opener, acquire(host)) as executor:
        for name in (*NAMES[:2], f"{FOLDERS[0]}/{IN_FOLDER[0]}"):
            writer.create_exclusive(f"{folder}/{name}", seeded.choice(CONTENTS), seeded.choice(MODES), 1_600_000_000.0)
        before = state(writer, folder)
        standing: list[Step] = []
        for _turn in range(12):
            if standing and seeded.random() < 0.35:
                undo(executor, standing, seeded.choice(standing), writer, folder)
                continue
            step = new_step(site)
            executor.apply(
                step, Plan("r", "c", "t", "w", (random_change(seeded, folder, inner_of(writer, folder), state(writer, folder)),))
            )
            standing.append(step)
        for step in sorted(standing, key=lambda each: -each.pk):
            assert undo(executor, standing, step, writer, folder), f"newest first, nothing is refused, yet {told(step)} was in {seed}"
        assert state(writer, folder) == before, f"{told(JournalEntry.objects.latest('pk').step)} was in {seed}"
        for path in before:
            if not path.endswith("/"):
                writer.remove(path)
    HostLock.objects.all().delete()


def told(step: Step) -> str:
    """Every change of the host so far, for a failure."""
    rows = JournalEntry.objects.filter(step__case__site=step.case.site).order_by("pk")
    return str([(row.pk, row.change, row.path[-12:], row.target[-12:], row.state) for row in rows])


def undo(executor: Executor, standing: list[Step], step: Step, writer: Writer, folder: str) -> bool:
    before = state(writer, folder)
    back = executor.take_back(step)
    if back.complete:
        standing.remove(step)
    else:
        assert state(writer, folder) == before, "what is refused changes nothing"
    return back.complete


@pytest.mark.parametrize("part", range(4))
def test_undo_in_any_order_on_the_fake(part: int) -> None:
    for seed in range(part * 25, part * 25 + 25):
        with on_fake() as (opener, folder):
            play(seed, opener, folder)


def test_undo_in_any_order_over_sftp(server: SshServer) -> None:
    with on_ssh(server) as (opener, folder):
        for seed in range(1000, 1012):
            play(seed, opener, folder)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_undo_in_any_order_many_times() -> None:
    for seed in range(10_000, 12_000):
        with on_fake() as (opener, folder):
            play(seed, opener, folder)
