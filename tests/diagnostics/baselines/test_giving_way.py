"""A new failure on an account whose files are being read for a baseline: its diagnosis has the connection within seconds."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from diagnostics.baselines import taking
from diagnostics.connections import connecting, purposes
from diagnostics.models import Baseline, BaselineWork, ConnectionLease
from sites.models import Host, Site
from tests.config.running import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_diagnosis_does_not_wait_for_a_long_baseline(site: Site, host: Host, docroot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        folder = docroot / f"folder{number}"
        folder.mkdir()
        (folder / ".htaccess").write_bytes(b"# %d\n" % number)
    Host.objects.update(protocol="sftp")
    seen = taking._Sign.__call__

    def slowly(sign: taking._Sign, count: int) -> None:
        time.sleep(0.25)  # as over a slow line
        seen(sign, count)

    monkeypatch.setattr(taking._Sign, "__call__", slowly)
    BaselineWork.objects.create(site=site, state="waiting", due_at=timezone.now(), alive_at=timezone.now())

    def take() -> None:
        taking.run(site.pk)
        connection.close()

    baseline = threading.Thread(target=take)
    baseline.start()
    try:
        wait_for(lambda: ConnectionLease.objects.filter(slot=0, purpose="baseline").exists() and BaselineWork.objects.get().seen)
        began = time.monotonic()
        with purposes.doing("diagnosis"), connecting.reader_for(Host.objects.get(pk=host.pk)) as reader:
            assert time.monotonic() - began < 8
            assert reader.home()
    finally:
        baseline.join(60)
    work = BaselineWork.objects.get()
    assert "gave way" in work.last_error and work.due_at > timezone.now() and not Baseline.objects.exists()
