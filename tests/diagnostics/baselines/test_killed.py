"""A worker that is killed while it takes a baseline leaves none, and no half one; the next one is taken as if nothing had been."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests import prepared
from tests.diagnostics.changes.test_killed import Installation

PREPARE = """
from django.utils import timezone
from sites.models import *
from diagnostics.models import *
team = Team.objects.create(name="t")
host = Host.objects.create(team=team, name="h", protocol="local", state="works")
site = Site.objects.create(team=team, name="shop", url="http://shop.example/", host=host, docroot={docroot!r}, verdict="up", kind="ok")
from diagnostics.baselines import taking
taking.take(site, reason="daily")
BaselineWork.objects.create(site=site, due_at=timezone.now(), state="waiting")
"""
WORK = """
import pathlib, time
from diagnostics.baselines import taking
from diagnostics.models import BaselineWork
from sites.models import Site
(pathlib.Path({docroot!r}) / "one more").write_text("x")
print("began", flush=True)
taking.run(Site.objects.get().pk)
"""
AFTER = """
from datetime import timedelta
from diagnostics.baselines import storing, taking
from diagnostics.models import *
from sites.models import Site
counts = [len(list(storing.records(row))) for row in Baseline.objects.order_by("pk")]
whole = Baseline.objects.order_by("-pk").first().is_full
held = {record.digest for row in Baseline.objects.all() for record in storing.records(row) if record.digest}
held |= set(KeptFile.objects.values_list("sha256", flat=True))
stored = set(BaselineContent.objects.values_list("sha256", flat=True))
site = Site.objects.select_related("host").get()
taking.take(site)
again = [len(list(storing.records(row))) for row in Baseline.objects.order_by("pk")]
print([counts, whole, held == stored, again[-1]])
"""


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    docroot = tmp_path / "www"
    for folder in range(40):
        (docroot / f"folder{folder}").mkdir(parents=True)
        for number in range(100):
            (docroot / f"folder{folder}" / f"file{number}.php").write_bytes(b"x")
        (docroot / f"folder{folder}" / ".htaccess").write_bytes(b"# %d\n" % folder)
    made = Installation(tmp_path / "var", docroot)
    prepared.installation(tmp_path / "var")
    made.run(PREPARE)
    return made


@pytest.mark.parametrize("seed", range(3))
def test_killed_worker_leaves_the_baselines_as_they_were(installation: Installation, seed: int) -> None:
    worker = installation.start(WORK)
    assert worker.stdout is not None and worker.stdout.readline() == "began\n"
    time.sleep(random.Random(seed).uniform(0.0, 0.35))
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    counts, whole, same_files, again = eval(installation.run(AFTER))  # noqa: S307 (printed by our own script)
    assert counts in ([4081], [4081, 4082]) and whole and same_files and again == 4082
