"""Figures of the past as the pages draw them: bars by day, medians, and the chart of a site over a day, a week, a quarter or two years."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sites.drawing import Bar, Curve, Point, curve
from sites.history import rolling, rollups
from sites.history.keeping import HOURS_FOR
from sites.history.rollups import Figures
from sites.models import DayRollup, HourRollup, MinuteRollup

BAR_DAYS = 30
Days = dict[date, tuple[int, int, int]]  # good, suspect, failed


def days_of(site_ids: Iterable[int], today: date) -> dict[int, Days]:
    """The last thirty days of these sites."""
    found: dict[int, Days] = defaultdict(dict)
    rows = DayRollup.objects.filter(site_id__in=list(site_ids), day__gt=today - timedelta(days=BAR_DAYS), day__lte=today)
    for site_id, day, good, suspect, failed in rows.values_list("site_id", "day", "good", "suspect", "failed"):
        found[site_id][day] = (good, suspect, failed)
    return found


def medians(site_ids: Iterable[int], today: date) -> dict[int, float | None]:
    """The median answer time in ms of today and yesterday."""
    found: dict[int, list[rollups.Times]] = defaultdict(list)
    rows = DayRollup.objects.filter(site_id__in=list(site_ids), day__gte=today - timedelta(days=1), day__lte=today)
    for site_id, times in rows.values_list("site_id", "times"):
        found[site_id].append(rollups.unpack_times(bytes(times)))
    return {site_id: rollups.percentile(rollups.merge(times), 0.5) for site_id, times in found.items()}


def bars_of(days: Days, today: date) -> list[Bar]:
    """A bar for each of the last thirty days, oldest first."""
    return bars_of_many([days], today)[0]


def bars_of_many(many: Iterable[Days], today: date) -> list[list[Bar]]:
    """The same for many sites: nearly all their bars are alike, and their words are put together once."""
    spans = [today - timedelta(days=back) for back in range(BAR_DAYS - 1, -1, -1)]
    names = {day: date_format(day, "j M") for day in spans}
    empty = {day: Bar("none", _("%(day)s: not probed") % {"day": names[day]}) for day in spans}
    well = {day: Bar("ok", _("%(day)s: well") % {"day": names[day]}) for day in spans}

    def bar(day: date, figures: tuple[int, int, int] | None) -> Bar:
        good, suspect, failed = figures or (0, 0, 0)
        if suspect or failed:
            return _marked(names[day], good, suspect, failed)
        return well[day] if good else empty[day]

    return [[bar(day, days.get(day)) for day in spans] for days in many]


def _marked(name: str, good: int, suspect: int, failed: int) -> Bar:
    if failed:
        return Bar("bad", _("%(day)s: %(share)s of probes failed") % {"day": name, "share": percent(failed / (good + suspect + failed))})
    words = ngettext("%(day)s: %(n)d single failure", "%(day)s: %(n)d single failures", suspect)
    return Bar("warn", words % {"day": name, "n": suspect})


def percent(share: float | None) -> str:
    """A share as people read availability: 100 %, 99.94 %, 97.3 %; never rounded up to 100 when it is less."""
    if share is None:
        return "–"
    if share >= 1:
        return "100 %"
    value = share * 100
    return f"{min(value, 99.99):.2f} %" if value >= 99 else f"{value:.1f} %"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the past that the chart can show, cut into slots about as fine as 700 pixels can show."""

    key: str
    name: str | Promise
    starts: str | Promise
    middle: str | Promise
    slots: int
    slot: timedelta

    @property
    def length(self) -> timedelta:
        return self.slots * self.slot


SPANS = (
    Span("24h", gettext_lazy("24 hours"), gettext_lazy("24 hours ago"), gettext_lazy("12 hours ago"), 144, timedelta(minutes=10)),
    Span("7d", gettext_lazy("7 days"), gettext_lazy("7 days ago"), gettext_lazy("3½ days ago"), 168, timedelta(hours=1)),
    Span("90d", gettext_lazy("90 days"), gettext_lazy("90 days ago"), gettext_lazy("45 days ago"), 90, timedelta(days=1)),
    Span("2y", gettext_lazy("2 years"), gettext_lazy("2 years ago"), gettext_lazy("a year ago"), 146, timedelta(days=5)),
)


def span_of(key: str) -> Span:
    """The span with this key; the last day for any other."""
    return next((span for span in SPANS if span.key == key), SPANS[0])


@dataclass(frozen=True, slots=True)
class Chart:
    """A span of a site's past, drawn, with its figures."""

    span: Span
    curve: Curve | None
    available: str
    median_ms: float | None
    p95_ms: float | None


def chart(site_id: int, span: Span, now: datetime) -> Chart:
    """What the routine probes of a site's pages brought over a span."""
    slots: dict[int, Figures] = defaultdict(Figures)
    start = now - span.length
    for at, figures in _figures(site_id, span, start, now):
        number = int((at - start) / span.slot)
        if 0 <= number < span.slots:
            slots[number].add(figures)
    all_ = rollups.total(slots.values())
    return Chart(
        span=span,
        curve=_drawn(slots, span.slots) if slots else None,
        available=percent(rollups.availability(all_.good, all_.failed)),
        median_ms=rollups.percentile(all_.times, 0.5),
        p95_ms=rollups.percentile(all_.times, 0.95),
    )


def _figures(site_id: int, span: Span, start: datetime, now: datetime) -> Iterable[tuple[datetime, Figures]]:
    """The finest figures that are kept for this span, each with the middle of its time."""
    if span.slot < timedelta(hours=1):
        rows = MinuteRollup.objects.filter(site_id=site_id, hour__gte=rolling.hour_of(start), hour__lte=rolling.hour_of(now))
        for hour, packed in rows.values_list("hour", "packed"):
            for minute, figures in rollups.unpack_minutes(bytes(packed)).items():
                yield rolling.start_of(hour) + timedelta(minutes=minute, seconds=30), figures
    elif span.length <= HOURS_FOR:
        hours = HourRollup.objects.filter(site_id=site_id, hour__gte=rolling.hour_of(start), hour__lte=rolling.hour_of(now))
        for hour, *row in hours.values_list("hour", *rolling.FIGURES):
            yield min(now, rolling.start_of(hour) + timedelta(minutes=30)), rolling.figures_of(row)
    else:
        days = DayRollup.objects.filter(site_id=site_id, day__gte=start.date(), day__lte=now.date())
        for day, *row in days.values_list("day", *rolling.FIGURES):
            yield min(now - timedelta(seconds=1), rolling.noon_of(day)), rolling.figures_of(row)


def _drawn(slots: Mapping[int, Figures], count: int) -> Curve:
    """The median of each slot, the time that 95 % stayed below, and where it failed."""

    def line(share: float) -> list[Point]:
        return _joined([Point((n + 0.5) / count, rollups.percentile(slots[n].times, share)) for n in sorted(slots)], count)

    failing = _spans(sorted(n for n, figures in slots.items() if figures.failed), count)
    return curve(line(0.5), failing, line(0.95))


def _joined(points: Sequence[Point], count: int) -> list[Point]:
    """Leaves out slots without a probe when their neighbours are near: a site probed every 30 minutes still has one line."""
    joined: list[Point] = []
    for point in points:
        if point.value is None:
            continue
        if joined and point.x - joined[-1].x > 6 / count:
            joined.append(Point((point.x + joined[-1].x) / 2, None))
        joined.append(point)
    return joined


def _spans(slots: Iterable[int], count: int) -> list[tuple[float, float]]:
    spans: list[tuple[int, int]] = []
    for slot in slots:
        if spans and spans[-1][1] == slot:
            spans[-1] = (spans[-1][0], slot + 1)
        else:
            spans.append((slot, slot + 1))
    return [(first / count, last / count) for first, last in spans]
