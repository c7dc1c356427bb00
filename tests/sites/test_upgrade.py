"""What an installation of before has counted by day is still there after its migrations."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

UPGRADE = """
import json, django; django.setup()
from datetime import timedelta
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

call_command("migrate", "sites", "0006", verbosity=0)
old = MigrationExecutor(connection).loader.project_state([("sites", "0006_storms_patterns_own_line")]).apps
model = lambda name: old.get_model("sites", name)
now = timezone.now()
site = model("Site").objects.create(team=model("Team").objects.create(name="t"), name="shop", url="https://shop.example/")
page = model("Page").objects.create(site=site)
for back in range(3):
    day = (now - timedelta(days=back)).date()
    model("DayRollup").objects.create(site=site, day=day, good=300, suspect=1, failed=2, ms_sum=9.0, buckets={"20": 290, "31": 10})
for hours in (50, 3, 1):
    model("ProbeResult").objects.create(page=page, at=now - timedelta(hours=hours), purpose="routine", kind="ok", status=200, ms=40.0)
call_command("migrate", verbosity=0)

from sites.history import rolling, rollups
from sites.models import DayRollup, HourRollup
rolling.roll_up()
rolling.roll_up()
days = [[row.good, row.suspect, row.failed, rollups.unpack_times(bytes(row.times))] for row in DayRollup.objects.order_by("day")]
print(json.dumps([days, sum(row.good for row in HourRollup.objects.all())]))
"""


@pytest.mark.timeout(120)
def test_days_of_before_are_kept_and_the_last_day_is_counted_by_hour(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SITEMEND_")}
    environment |= {"SITEMEND_VAR_DIR": str(tmp_path), "DATABASE_URL": "", "REDIS_URL": "", "SITEMEND_ENV_FILE": os.devnull}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    shown = subprocess.run([sys.executable, "-c", UPGRADE], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110)
    assert shown.returncode == 0, shown.stderr
    days, hours = json.loads(shown.stdout)
    assert days == [[300, 1, 2, {"20": 290, "31": 10}]] * 3
    assert hours == 2
