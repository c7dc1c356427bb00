from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from sites.windows.occurrences import DAILY, MONTHLY, ONCE, WEEKLY, Timetable

PARIS = ZoneInfo("Europe/Paris")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def table(repeats: str, day: date, start: time, hours: float = 2, **more) -> Timetable:
    return Timetable(repeats, day, start, timedelta(hours=hours), more.pop("zone", PARIS), **more)


def starts(timetable: Timetable, at: datetime, most: int = 3) -> list[str]:
    return [f"{item.starts_at.astimezone(timetable.zone):%a %d.%m. %H:%M %z}" for item in timetable.next_ones(at, most)]


def test_once_is_on_for_its_duration_and_never_again():
    once = table(ONCE, date(2026, 11, 29), time(2))
    [only] = once.next_ones(utc(2026, 11, 22))
    assert (only.starts_at, only.ends_at) == (utc(2026, 11, 29, 1), utc(2026, 11, 29, 3))
    assert [only.covers(at) for at in (utc(2026, 11, 29, 0, 59), utc(2026, 11, 29, 1), utc(2026, 11, 29, 3))] == [False, True, False]
    assert once.current_or_next(utc(2026, 11, 29, 2)) == only
    assert once.current_or_next(utc(2026, 11, 29, 3)) is None


def test_daily_keeps_its_time_of_day_when_the_clock_changes():
    daily = table(DAILY, date(2026, 10, 24), time(23, 30))
    assert starts(daily, utc(2026, 10, 24, 12)) == ["Sat 24.10. 23:30 +0200", "Sun 25.10. 23:30 +0100", "Mon 26.10. 23:30 +0100"]


def test_time_that_the_clock_jumps_over_is_taken_with_the_offset_before_the_jump():
    spring = table(DAILY, date(2026, 3, 28), time(2, 30))
    assert [item.starts_at for item in spring.next_ones(utc(2026, 3, 28))] == [
        utc(2026, 3, 28, 1, 30),
        utc(2026, 3, 29, 1, 30),  # 03:30 by the new clock
        utc(2026, 3, 30, 0, 30),
    ]


def test_time_that_comes_twice_is_the_first_and_the_duration_is_exact():
    autumn = table(ONCE, date(2026, 10, 25), time(2, 30))
    [item] = autumn.next_ones(utc(2026, 10, 1))
    assert (item.starts_at, item.ends_at) == (utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 2, 30))
    assert f"{item.ends_at.astimezone(PARIS):%H:%M %Z}" == "03:30 CET"


def test_window_over_midnight_is_on_the_morning_after():
    nightly = table(DAILY, date(2026, 1, 1), time(23), hours=4)
    running = nightly.current_or_next(utc(2026, 6, 2, 0, 30))  # 02:30 in Paris
    assert running is not None and running.starts_at == utc(2026, 6, 1, 21)
    assert running.covers(utc(2026, 6, 2, 0, 30))


def test_weekdays_only():
    working = table(WEEKLY, date(2026, 11, 22), time(12), weekdays=frozenset({0, 4}))
    assert starts(working, utc(2026, 11, 22)) == ["Mon 23.11. 12:00 +0100", "Fri 27.11. 12:00 +0100", "Mon 30.11. 12:00 +0100"]


def test_month_that_is_too_short_has_it_on_its_last_day():
    monthly = table(MONTHLY, date(2026, 1, 31), time(4))
    assert starts(monthly, utc(2026, 2, 1)) == ["Sat 28.02. 04:00 +0100", "Tue 31.03. 04:00 +0200", "Thu 30.04. 04:00 +0200"]


def test_last_day_ends_a_timetable():
    daily = table(DAILY, date(2026, 1, 1), time(4), last_day=date(2026, 1, 2))
    assert len(daily.next_ones(utc(2025, 12, 1), most=10)) == 2
    assert daily.current_or_next(utc(2026, 1, 3)) is None


def test_occurrence_that_was_ended_is_over_and_the_next_one_comes():
    daily = table(DAILY, date(2026, 1, 1), time(4), zone=ZoneInfo("UTC"))
    ended = utc(2026, 1, 5, 4, 30)
    following = daily.current_or_next(utc(2026, 1, 5, 4, 30), ended)
    assert following is not None and following.starts_at == utc(2026, 1, 6, 4)


def test_weekdays_that_never_come_end_the_search():
    assert table(WEEKLY, date(2026, 1, 1), time(4)).current_or_next(utc(2026, 1, 1)) is None


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"])
def test_every_day_of_two_years_has_its_window_once(zone: str):
    daily = table(DAILY, date(2026, 1, 1), time(2, 15), hours=1, zone=ZoneInfo(zone))
    at, seen = utc(2025, 12, 30), []
    while len(seen) < 730:
        item = daily.current_or_next(at)
        assert item is not None and item.ends_at - item.starts_at == timedelta(hours=1)
        seen.append(item.starts_at)
        at = item.ends_at
    gaps = {later - earlier for earlier, later in zip(seen, seen[1:], strict=False)}
    assert max(gaps) <= timedelta(hours=25) and min(gaps) >= timedelta(hours=23)


@pytest.mark.parametrize("repeats", [ONCE, DAILY, WEEKLY, MONTHLY])
@pytest.mark.parametrize("day", [date(9999, 12, 31), date(1, 1, 1)])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_days_at_the_ends_of_the_calendar_bring_what_can_be_counted(repeats, day, zone):
    table_at_the_end = table(repeats, day, time(23, 59), 48, zone=ZoneInfo(zone), weekdays=frozenset(range(7)))
    found = table_at_the_end.next_ones(utc(2026, 11, 22))
    assert len(found) == (3 if day.year == 1 and repeats != ONCE else 0)
