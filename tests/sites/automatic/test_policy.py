"""What an owner allows: hours in the site's zone, days, what makes no sense, and words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from diagnostics.repairs.kinds import kind_of, repairs_of
from diagnostics.repairs.registry import all_repairs
from sites.automatic.policy import KINDS, SET_ASIDE, Policy, read, words
from sites.models import Site

PARIS = "Europe/Paris"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "moment", "is_open", "closes"),
    [
        ((0, 24), "2026-07-01T12:00", True, None),
        ((22, 6), "2026-07-01T20:30", True, "2026-07-02T04:00"),  # 22:30 in Paris, until 6 there
        ((22, 6), "2026-07-01T03:59", True, "2026-07-01T04:00"),
        ((22, 6), "2026-07-01T04:00", False, None),
        ((22, 6), "2026-12-01T21:30", True, "2026-12-02T05:00"),  # in winter
        ((9, 17), "2026-12-01T08:00", True, "2026-12-01T16:00"),
        ((9, 17), "2026-12-01T16:00", False, None),
        ((9, 24), "2026-12-01T22:59", True, "2026-12-01T23:00"),
        ((22, 6), "2026-10-24T23:30", True, "2026-10-25T05:00"),  # the night in which clocks go back
    ],
)
def test_hours_are_those_of_the_sites_zone(hours: tuple[int, int], moment: str, is_open: bool, closes: str | None) -> None:
    policy = Policy(("permissions",), from_hour=hours[0], until_hour=hours[1], zone=PARIS)
    assert policy.is_open(at(moment)) is is_open
    if is_open:
        assert policy.closes_at(at(moment)) == (at(closes) if closes else None)


def test_day_begins_at_midnight_of_the_zone() -> None:
    assert Policy(("names",), zone=PARIS).day_began(at("2026-07-01T21:59")) == at("2026-06-30T22:00")
    assert Policy(("names",), zone=PARIS).day_began(at("2026-07-01T22:00")) == at("2026-07-01T22:00")


def test_what_is_held_comes_back_and_what_makes_no_sense_allows_nothing() -> None:
    chosen = Policy((SET_ASIDE,), 0.6, 22, 6, PARIS, 3, approval=True, by=7)
    assert read(chosen.stored()) == chosen
    assert Policy(()).stored() == {} == Site._meta.get_field("auto_repair").get_default()
    assert not read({}).is_on and not read({**chosen.stored(), "kinds": ["everything"]}).is_on
    assert not read({**chosen.stored(), "zone": "Mars/Olympus"}).is_on
    assert words(Policy(())) == [] and "22:00" in " ".join(words(chosen)) and "second person" in words(chosen)[-1]


def test_closing_hour_is_never_in_the_past() -> None:
    policy = Policy(("names",), from_hour=22, until_hour=6, zone=PARIS)
    for hours in range(24 * 3):
        now = at("2026-03-28T00:10") + timedelta(hours=hours)  # over the night in which clocks go forward
        if policy.is_open(now):
            closes = policy.closes_at(now)
            assert closes is not None and now < closes <= now + timedelta(hours=9)


def test_kinds_are_of_repairs_that_there_are() -> None:
    known = {repair.id for repair in all_repairs()}
    named = [repair_id for kind in KINDS for repair_id in repairs_of(kind)]
    assert set(named) <= known and len(named) == len(set(named))
    assert all(repairs_of(kind) for kind in KINDS)
    # what puts a whole file aside, and what asks a person for something, is of no kind
    assert kind_of("rename-htaccess") == kind_of("set-aside-theme") == kind_of("nobody-knows-it") == ""
