"""How often a change through a panel is looked at, and how long it may take."""

from __future__ import annotations

from datetime import timedelta

from diagnostics.models import PanelChange

Kind = PanelChange.Kind
HELD = timedelta(seconds=180)  # by one worker for one look, which may probe a site several times
APART = timedelta(seconds=5)
BUSY_APART = timedelta(seconds=15)
AWAY_APART = timedelta(seconds=30)
UNHEARD = timedelta(seconds=30)  # what was asked for and is not there by then, was not heard
MOST_ASKED = 3  # times for one and the same thing: a host that gives it up each time will not do it
LONGEST = {
    Kind.PHP: timedelta(minutes=60),
    Kind.DUMP: timedelta(hours=3),
    Kind.DATABASE: timedelta(hours=6),
    Kind.STORAGE: timedelta(hours=24),  # OVHcloud's guide: what takes longer is for its support
}


def longest(change: PanelChange) -> timedelta:
    """For one phase of this change."""
    return LONGEST[Kind(change.kind)]


def between_looks(change: PanelChange, age: timedelta) -> timedelta:
    """The storage of a hosting takes minutes to hours: it is not asked for every few seconds."""
    return APART if change.kind == Kind.PHP or age < timedelta(minutes=2) else BUSY_APART
