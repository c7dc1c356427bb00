"""A batch whose process is killed, or whose database restarts, in the middle of its transaction: nothing half stored, nothing doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import prepared
from tests.postgres import NoPostgres, Postgres, postgres

ROOT = Path(__file__).resolve().parents[2]

BEGIN = """
import sys, json, django; django.setup()
from django.db import connection, connections
from sites.models import *
from sites.history import rolling
from sites.probing.outcome import Kind, Purpose
from sites.recording import record_batch
from tests.sites.samples import after, outcome, see

def batch():
    pages = list(Page.objects.select_related("site").order_by("pk"))
    failing = [outcome(page, 65, Kind.SERVER_ERROR, purpose=Purpose.CONFIRMATION) for page in pages if page.site.name == "shop"]
    return failing + [outcome(page, 66) for page in pages if page.site.name == "blog"]

def stop_after(beginning):
    # Says that this statement was made, within the open transaction, and waits.
    def stop(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.lstrip().startswith(beginning):
            print("there", flush=True)
            sys.stdin.readline()
        return result
    return connection.execute_wrapper(stop)

def say_count():
    rows = [[r.good, r.suspect, r.failed] for model in (HourRollup, DayRollup) for r in model.objects.order_by("site__name")]
    mails = Notification.objects.count()
    counts = [ProbeResult.objects.count(), Transition.objects.count(), Incident.objects.count(), mails, rows]
    print(json.dumps(counts), flush=True)
"""
PREPARE = """
from tests.factories import make_site, make_team, make_user
team = make_team(members=(make_user("alice"),))
shop, blog = make_site(team, name="shop", paths=("/a", "/b")), make_site(team, name="blog")
see([*shop.pages.all(), *blog.pages.all()], 0)
see(shop.pages.select_related("site"), 60, Kind.SERVER_ERROR)
Page.objects.filter(site=blog).update(due_at=after(1000))
rolling.roll_up()
"""
HELD = """
say_count()
with stop_after({beginning!r}):
    {work}
"""
# What a worker does when its connection broke: the same batch once more, on a new one.
HELD_AND_AGAIN = """
from django.db import OperationalError
try:
    with stop_after({beginning!r}):
        {work}
    print("stored at once", flush=True)
except OperationalError:
    connections.close_all()
    {work}
    say_count()
"""
BATCH, ROLL_UP = "record_batch(batch(), now=after(66))", "rolling.roll_up()"
BEFORE = [7, 7, 0, 0, [[1, 0, 0], [3, 3, 0], [1, 0, 0], [3, 3, 0]]]
AFTER = [11, 10, 1, 1, [[2, 0, 0], [3, 0, 3], [2, 0, 0], [3, 0, 3]]]


class Installation:
    """A database that several processes use one after the other."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder, self.url = folder, url

    def prepare(self) -> None:
        if self.url:
            prepared.migrate(self.folder, self.url)
        else:
            prepared.installation(self.folder)
        self.run(PREPARE)

    def start(self, code: str) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SITEMEND_")}
        environment |= {"SITEMEND_VAR_DIR": str(self.folder), "DATABASE_URL": self.url, "REDIS_URL": "", "EMAIL_URL": ""}
        environment |= {"DJANGO_SETTINGS_MODULE": "config.settings", "SITEMEND_ENV_FILE": os.devnull}
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen([sys.executable, "-c", BEGIN + code], cwd=ROOT, env=environment, text=True, **pipes)

    def run(self, code: str) -> str:
        return self.finish(self.start(code))

    def finish(self, process: subprocess.Popen[str], said: str = "") -> str:
        out, errors = process.communicate(said, timeout=60)
        assert process.returncode == 0, errors
        return out.strip()


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    try:
        with postgres() as found:
            yield found
    except NoPostgres as missing:
        pytest.skip(str(missing))


@pytest.fixture
def on_postgres(server: Postgres, tmp_path: Path) -> Installation:
    """A database of the test's own."""
    name = f"crash_{abs(hash(tmp_path)) % 10**9}"
    psql = ("psql", "-q", "-h", str(server.folder), "-p", str(server.port), "-d", "postgres")
    server._run(*psql, "-c", f"CREATE DATABASE {name} OWNER sitemend")
    return Installation(tmp_path, server.url.rpartition("/")[0] + f"/{name}")


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip() or process.communicate(timeout=30)[1]


def killed_in(installation: Installation, beginning: str, work: str) -> object:
    """Kills a process right after this statement of the work; answers what there was before."""
    process = installation.start(HELD.format(beginning=beginning, work=work))
    before = json.loads(line_of(process))
    assert line_of(process) == "there"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    return before


def nothing_is_half_stored_or_doubled(installation: Installation) -> None:
    """Killed in every part of a batch and of the roll-up, which are then run again, and once more than need be."""
    installation.prepare()
    for statement in ('INSERT INTO "sites_proberesult"', 'UPDATE "sites_site"', 'INSERT INTO "sites_incident"'):
        assert killed_in(installation, statement, BATCH) == BEFORE
    counts = installation.run(f"say_count()\n{BATCH}\n{BATCH}\nsay_count()").splitlines()
    assert [json.loads(line) for line in counts] == [BEFORE, [*AFTER[:4], BEFORE[4]]]
    killed_in(installation, 'INSERT INTO "sites_hourrollup"', ROLL_UP)
    counts = installation.run(f"say_count()\n{ROLL_UP}\n{BATCH}\n{ROLL_UP}\nsay_count()").splitlines()
    assert [json.loads(line) for line in counts] == [[*AFTER[:4], BEFORE[4]], AFTER]


@pytest.mark.timeout(180)
def test_killed_on_sqlite_nothing_is_half_stored_or_doubled(tmp_path: Path) -> None:
    nothing_is_half_stored_or_doubled(Installation(tmp_path))


@pytest.mark.full
@pytest.mark.timeout(180)
def test_killed_on_postgresql_nothing_is_half_stored_or_doubled(on_postgres: Installation) -> None:
    nothing_is_half_stored_or_doubled(on_postgres)


@pytest.mark.timeout(180)
def test_database_restarted_in_the_transaction_loses_and_doubles_nothing(server: Postgres, on_postgres: Installation) -> None:
    on_postgres.prepare()
    for beginning, work in (('UPDATE "sites_page"', BATCH), ('INSERT INTO "sites_dayrollup"', ROLL_UP)):
        process = on_postgres.start(HELD_AND_AGAIN.format(beginning=beginning, work=work))
        assert line_of(process) == "there"
        server.stop("immediate")
        server.start("-c fsync=off")
        counted = json.loads(on_postgres.finish(process, "\n"))
    assert counted == AFTER
