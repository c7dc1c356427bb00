"""How baselines are kept: the newest whole, the older ones small and still exact; what is thinned out leaves the others as they were."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from diagnostics.baselines import storing
from diagnostics.manifests.format import ManifestUnreadable, Record, encode
from diagnostics.models import Baseline, BaselineContent
from sites.models import Site
from tests.factories import make_site

pytestmark = pytest.mark.django_db
SECRET = b"<?php define('DB_PASSWORD', 'do-not-show-me-4711');"


def keep(site: Site, records: list[Record], small: dict[str, bytes] | None = None, **more: object) -> Baseline:
    values = {"docroot": "/www", "protocol": "sftp", "taken_at": timezone.now(), "reason": "daily", "duration_s": 1, "is_whole_look": True}
    return storing.store(site, encode(sorted(records)), small or {}, files=len(records), counted=0, **(values | more))


def history(site: Site, n: int, **more: object) -> list[tuple[Baseline, list[Record]]]:
    luck, kept = random.Random(4), []
    records = [Record(b"f%04d" % number, "f", 0o644, number, 1) for number in range(400)]
    for day in range(n):
        records = [record._replace(size=record.size + 1) if luck.random() < 0.02 else record for record in records if luck.random() > 0.01]
        records = sorted([*records, Record(b"new%d" % day, "f", 0o644, 1, day)])
        kept.append((keep(site, records, taken_at=timezone.now() - timedelta(days=n - day), **more), records))
    return kept


def now(baseline: Baseline) -> list[Record]:
    return list(storing.records(Baseline.objects.get(pk=baseline.pk)))


def test_every_baseline_of_the_history_comes_back_exactly() -> None:
    site = make_site()
    kept = history(site, 12)
    other = history(make_site(), 2)
    assert all(now(baseline) == records for baseline, records in (*kept, *other))
    assert list(Baseline.objects.filter(site=site).order_by("-pk").values_list("is_full", flat=True)) == [True] + [False] * 11
    sizes = [len(manifest) for manifest in Baseline.objects.filter(site=site).order_by("-pk").values_list("manifest", flat=True)]
    assert max(sizes[1:]) < sizes[0] / 3


def test_removing_any_of_them_leaves_the_others_as_they_were() -> None:
    kept = history(make_site(), 10)
    luck = random.Random(9)
    while len(kept) > 1:
        gone, _records = kept.pop(luck.randrange(len(kept) - 1))
        storing._remove(gone.pk)
        assert all(now(baseline) == records for baseline, records in kept)


def test_baseline_that_has_nothing_in_common_is_kept_whole_and_can_be_removed() -> None:
    site = make_site()
    lists = [[Record(b"%d-%04d" % (seed, number), "f", 0o644, seed, number) for number in range(200)] for seed in range(4)]
    kept = [(keep(site, records), records) for records in lists]
    assert all(now(baseline) == records for baseline, records in kept)
    for gone in (kept.pop(2), kept.pop(0)):
        storing._remove(gone[0].pk)
        assert all(now(baseline) == records for baseline, records in kept)


def test_missing_neighbour_is_told_instead_of_a_wrong_list() -> None:
    kept = history(make_site(), 3)
    Baseline.objects.filter(pk=kept[-1][0].pk).delete()
    with pytest.raises(ManifestUnreadable):
        list(storing.records(Baseline.objects.get(pk=kept[0][0].pk)))


def test_small_files_are_sealed_and_kept_once() -> None:
    site = make_site()
    digest = hashlib.sha256(SECRET).hexdigest()
    record = Record(b"wp-config.php", "f", 0o600, len(SECRET), 1, digest=digest)
    keep(site, [record], {digest: SECRET})
    keep(site, [record, Record(b"x", "f")], {digest: SECRET})
    assert BaselineContent.objects.count() == 1
    assert storing.contents(site.pk, [digest, "0" * 64]) == {digest: SECRET}
    assert storing.contents(make_site().pk, [digest]) == {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed FROM diagnostics_baselinecontent")
        raw = b"".join(bytes(row[0]) for row in cursor.fetchall())
        cursor.execute("SELECT manifest FROM diagnostics_baseline")
        raw += b"".join(bytes(row[0]) for row in cursor.fetchall())
    assert b"do-not-show-me" not in raw and b"DB_PASSWORD" not in raw


def test_second_baseline_at_the_same_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site()
    keep(site, [Record(b"a", "f")])
    monkeypatch.setattr(storing, "newest", lambda site_id: None)
    with pytest.raises(storing.Overtaken):
        keep(site, [Record(b"b", "f")])
    assert Baseline.objects.count() == 1


def test_what_is_kept_of_three_years() -> None:
    today = datetime(2026, 11, 22, 12, tzinfo=UTC)
    held = [today - timedelta(days=day, hours=1) for day in range(3 * 365)]
    gone = {held[index] for index in storing.superfluous(held, today)}
    left = [moment for moment in held if moment not in gone]
    assert len([moment for moment in left if today - moment <= timedelta(days=30)]) == 30
    assert len(left) <= 30 + 23 + 19 and today - left[-1] <= timedelta(days=731)
    gaps = [(newer - older).days for newer, older in zip(left, left[1:], strict=False)]
    assert max(gaps) <= 32


def test_thinning_day_by_day_ends_where_thinning_at_once_does() -> None:
    today = datetime(2026, 11, 22, 12, tzinfo=UTC)
    held: list[datetime] = []
    for day in range(800, -1, -1):
        now_then = today - timedelta(days=day)
        held.insert(0, now_then)
        dropped = set(storing.superfluous(held, now_then))
        held = [moment for index, moment in enumerate(held) if index not in dropped]
    assert 65 <= len(held) <= 80


def test_many_of_one_day_are_bounded() -> None:
    today = datetime(2026, 11, 22, 12, tzinfo=UTC)
    held = [today - timedelta(minutes=number) for number in range(500)]
    assert len(held) - len(storing.superfluous(held, today)) <= storing.MOST_LATELY + 3


def test_thinning_removes_rows_and_the_small_files_that_only_they_held() -> None:
    site = make_site()
    digests = {}
    for day in range(60, -1, -1):
        content = b"version %d" % (day // 10)
        digests[day] = hashlib.sha256(content).hexdigest()
        record = Record(b".htaccess", "f", 0o644, 9, day, digest=digests[day])
        keep(site, [record], {digests[day]: content}, taken_at=timezone.now() - timedelta(days=day, minutes=1))
    lost = hashlib.sha256(b"once").hexdigest()
    BaselineContent.objects.create(site=site, sha256=lost, sealed=b"x")
    while storing.thin(site.pk):
        continue
    rows = Baseline.objects.filter(site=site).order_by("-pk")
    assert 33 <= rows.count() <= 37
    for row in rows:
        (record,) = storing.records(row)
        assert storing.contents(site.pk, [record.digest])
    assert not BaselineContent.objects.filter(sha256=lost).exists()


def test_site_that_is_deleted_takes_its_baselines_along() -> None:
    site = make_site()
    history(site, 3)
    keep(site, [Record(b"x", "f", digest="a")], {"a": b"1"})
    site.delete()
    assert not Baseline.objects.exists() and not BaselineContent.objects.exists()
