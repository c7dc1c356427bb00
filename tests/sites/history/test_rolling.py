"""Each result counts once in minutes, hours and days, whenever and in whatever order it came in."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from sites.history import rolling, rollups
from sites.history.rollups import Figures
from sites.models import DayRollup, HourRollup, MinuteRollup, Page, ProbeResult, RollupMark, RollupTouch, Site
from sites.models.probe import Counts
from sites.probing.outcome import Kind, Purpose
from tests.factories import make_site
from tests.sites.samples import START, after, fail, see

pytestmark = pytest.mark.django_db


def day_figures(site: Site) -> dict[object, Figures]:
    return {row.day: rolling.figures_of((row.good, row.suspect, row.failed, row.times)) for row in DayRollup.objects.filter(site=site)}


def hour_figures(site: Site) -> dict[int, Figures]:
    return {row.hour: rolling.figures_of((row.good, row.suspect, row.failed, row.times)) for row in HourRollup.objects.filter(site=site)}


def minute_figures(site: Site) -> dict[int, Figures]:
    rows = MinuteRollup.objects.filter(site=site)
    return {row.hour * 60 + n: figures for row in rows for n, figures in rollups.unpack_minutes(bytes(row.packed)).items()}


def expected(site: Site, seconds: int) -> dict[int, Figures]:
    """The figures by spans of so many seconds, counted straight from the results."""
    found: dict[int, Figures] = {}
    for result in ProbeResult.objects.filter(page__site=site, purpose="routine").exclude(kind="blocked"):
        figures = found.setdefault(int(result.at.timestamp() // seconds), Figures())
        if result.kind in ("ok", "maintenance"):
            number = rollups.time_class(result.ms)
            figures.add(Figures(good=1, times={number: 1}))
        else:
            figures.add(Figures(failed=1) if result.counts == Counts.FAILED else Figures(suspect=1))
    return found


def without_empty(found: dict[int, Figures]) -> dict[int, Figures]:
    return {key: figures for key, figures in found.items() if figures != Figures()}


def test_routine_probes_are_counted_and_no_others():
    site = make_site()
    pages = site.pages.all()
    see(pages, 0, ms=50.0)
    see(pages, 60, ms=100.0)
    see(pages, 120, Kind.SERVER_ERROR)
    see(pages, 125, purpose=Purpose.CONFIRMATION)
    see(pages, 140, purpose=Purpose.CONFIRMATION)
    see(pages, 180, Kind.BLOCKED)
    see(pages, 86_400, ms=50.0)
    rolling.roll_up()
    times = {rollups.time_class(50.0): 1, rollups.time_class(100.0): 1}
    first, second = START.date(), START.date() + timedelta(days=1)
    assert day_figures(site) == {first: Figures(2, 1, 0, times), second: Figures(1, 0, 0, {rollups.time_class(50.0): 1})}
    hour = rolling.hour_of(START)
    assert hour_figures(site)[hour] == Figures(2, 1, 0, times)
    assert minute_figures(site)[hour * 60 + 2] == Figures(suspect=1)


def test_failure_that_is_confirmed_later_counts_as_failed_from_its_beginning():
    site = make_site()
    see(site.pages.all(), 3598, Kind.SERVER_ERROR)
    rolling.roll_up()
    day = START.date()
    assert day_figures(site)[day] == Figures(suspect=1)
    see(site.pages.all(), 3603, Kind.SERVER_ERROR, purpose=Purpose.CONFIRMATION)
    see(site.pages.all(), 3660, Kind.SERVER_ERROR)
    rolling.roll_up()
    hour = rolling.hour_of(START)
    assert day_figures(site)[day] == Figures(failed=2)
    assert (hour_figures(site)[hour], hour_figures(site)[hour + 1]) == (Figures(failed=1), Figures(failed=1))
    assert RollupTouch.objects.count() == 0


def test_run_twice_changes_nothing():
    site = make_site()
    see(site.pages.all(), 0)
    fail(site, 60)
    assert rolling.roll_up() == 2
    before = (day_figures(site), hour_figures(site), minute_figures(site))
    assert rolling.roll_up() == 0
    assert (day_figures(site), hour_figures(site), minute_figures(site)) == before


def test_late_result_is_counted_once_in_its_own_time():
    site = make_site(paths=("/a",))
    home, other = site.pages.all()
    see([home], 7200)
    rolling.roll_up()
    see([other], 30)
    rolling.roll_up()
    hour = rolling.hour_of(START)
    assert [hour_figures(site)[n].good for n in (hour, hour + 2)] == [1, 1]
    assert day_figures(site)[START.date()].good == 2


def test_step_that_somebody_else_has_made_is_not_made_again():
    site = make_site()
    see(site.pages.all(), 0)
    mark = RollupMark.objects.get_or_create(pk=1)[0]
    one, other = (rolling._Work(mark, ProbeResult.objects.latest("pk").pk) for _ in range(2))
    one.read()
    other.read()
    assert (one.store(), other.store()) == (True, False)
    assert day_figures(site)[START.date()].good == 1


def test_pause_is_caught_up_in_small_steps(monkeypatch):
    monkeypatch.setattr(rolling, "RESULTS_AT_ONCE", 7)
    monkeypatch.setattr(rolling, "_TOUCHES_AT_ONCE", 2)
    site = make_site(paths=("/a",))
    for minute in range(20):
        see(site.pages.all(), 60 * minute)
    fail(site, 1500)
    fail(site, 9000)
    rolling.roll_up()
    assert without_empty(hour_figures(site)) == expected(site, 3600)


def test_results_from_before_the_mark_are_not_counted_for_their_day_again():
    site = make_site()
    see(site.pages.all(), 0)
    see(site.pages.all(), 60)
    DayRollup.objects.create(site=site, day=START.date(), good=2)
    newest = ProbeResult.objects.latest("pk").pk
    RollupMark.objects.update_or_create(pk=1, defaults={"days_from_id": newest})
    see(site.pages.all(), 120)
    rolling.roll_up()
    assert (day_figures(site)[START.date()].good, hour_figures(site)[rolling.hour_of(START)].good) == (3, 3)


def test_site_deleted_meanwhile_does_no_harm():
    site, other = make_site(), make_site()
    see([*site.pages.all(), *other.pages.all()], 0)
    fail(site, 60)
    site.delete()
    rolling.roll_up()
    assert day_figures(other)[START.date()].good == 1


@pytest.mark.parametrize("seed", range(4))
def test_sums_are_those_of_the_results_whatever_the_order(monkeypatch, seed):
    chance = random.Random(seed)
    site = make_site(paths=("/a",))
    pages = list(site.pages.all())
    for step in range(150):
        kind = chance.choice([Kind.OK] * 5 + [Kind.SERVER_ERROR] * 2 + [Kind.MAINTENANCE, Kind.BLOCKED])
        purpose = chance.choice([Purpose.ROUTINE, Purpose.ROUTINE, Purpose.CONFIRMATION])
        see([chance.choice(pages)], step * 40 - chance.choice([0, 0, 200]), kind, purpose=purpose, ms=chance.uniform(1, 4000))
        Page.objects.update(due_at=after(step * 40 + 40))
        if chance.random() < 0.2:
            rolling.roll_up()
    rolling.roll_up()
    assert without_empty(hour_figures(site)) == expected(site, 3600)
    assert without_empty(minute_figures(site)) == expected(site, 60)
    assert rollups.total(day_figures(site).values()) == rollups.total(expected(site, 86_400).values())
