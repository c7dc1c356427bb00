from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sites.history import figures, rolling, rollups
from sites.history.rollups import Figures
from sites.models import DayRollup, HourRollup, MinuteRollup, Site
from tests.factories import make_site

pytestmark = pytest.mark.django_db

FAST, SLOW = rollups.time_class(100.0), rollups.time_class(900.0)


def fill(site: Site) -> None:
    """Ten good answers and a slow one per span: of the last two hours by minute, of ten days by hour, of a year by day."""
    now = timezone.now()
    times = {FAST: 10, SLOW: 1}
    hour = rolling.hour_of(now)
    for ago in range(2):
        minutes = rollups.pack_minutes({n: Figures(11, 0, 0, times) for n in range(60)})
        MinuteRollup.objects.create(site=site, hour=hour - ago, packed=minutes)
    packed = rollups.pack_times(times)
    HourRollup.objects.bulk_create(
        HourRollup(site=site, hour=hour - ago, good=11, failed=11 if ago == 50 else 0, suspect=3, times=packed) for ago in range(240)
    )
    DayRollup.objects.bulk_create(
        DayRollup(site=site, day=now.date() - timedelta(days=ago), good=11, failed=11 if ago in (100, 200) else 0, times=packed)
        for ago in range(365)
    )


@pytest.mark.parametrize(("key", "failing", "available"), [("24h", 0, 100), ("7d", 1, 99.41), ("90d", 1, 99.59), ("2y", 2, 99.46)])
def test_each_span_is_drawn_from_the_figures_kept_for_it(django_assert_num_queries, key, failing, available):
    site = make_site()
    fill(site)
    with django_assert_num_queries(1):
        chart = figures.chart(site.pk, figures.span_of(key), timezone.now())
    assert (len(chart.curve.spans), float(chart.available.removesuffix(" %"))) == (failing, pytest.approx(available, abs=0.02))
    assert 80 < chart.median_ms < 125
    assert chart.p95_ms > 500
    assert chart.curve.line.startswith("M")
    assert chart.curve.upper.startswith("M")
    last = float(chart.curve.line.split()[-2].lstrip("LM"))
    assert last > 980  # the line ends at the present


def test_unknown_span_is_the_last_day():
    assert figures.span_of("nonsense").key == "24h"


def test_site_without_probes_has_no_curve():
    chart = figures.chart(make_site().pk, figures.span_of("7d"), timezone.now())
    assert (chart.curve, chart.available, chart.median_ms) == (None, "–", None)


def test_bars_of_many_sites_are_those_of_each():
    today = timezone.now().date()
    days = [{today: (10, 0, 0)}, {today: (9, 1, 0), today - timedelta(days=29): (0, 0, 3)}, {}]
    many = figures.bars_of_many(days, today)
    assert many == [figures.bars_of(each, today) for each in days]
    assert [bars[-1].tone for bars in many] == ["ok", "warn", "none"]
    assert many[1][0].words.endswith("100 % of probes failed")
