from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sites import scheduling, tasks
from sites.models import Page
from sites.probing.outcome import Kind, Purpose
from sites.registration import pause, resume
from tests.factories import make_site, make_team
from tests.sites.samples import START, after, see

pytestmark = pytest.mark.django_db


def due(pages: object, seconds: float, anchor: float = 0) -> None:
    Page.objects.filter(pk__in=[page.pk for page in pages]).update(due_at=after(seconds), anchor_at=after(anchor))


@pytest.mark.parametrize(("now", "expected"), [(0, 60), (59.9, 60), (60, 120), (600.5, 660), (-30, 0)])
def test_timetable_keeps_its_phase(now, expected):
    assert scheduling.next_due(START, 60, after(now)) == after(expected)


def test_due_pages_are_claimed_once_and_keep_their_phase():
    site = make_site(paths=("/a",), interval_s=60)
    due(site.pages.all(), 60)
    claims = scheduling.claim_due(after(73))
    assert [claim.next_due_at for claim in claims] == [after(120)] * 2
    assert scheduling.claim_due(after(73)) == []
    assert set(Page.objects.values_list("due_at", flat=True)) == {after(120)}


def test_most_overdue_pages_come_first():
    early, late = make_site(), make_site()
    due(late.pages.all(), 50)
    due(early.pages.all(), 10)
    assert [claim.site_id for claim in scheduling.claim_due(after(60), limit=1)] == [early.pk]


def test_batches_keep_sites_together_and_purposes_apart(monkeypatch):
    monkeypatch.setattr(scheduling, "BATCH_SIZE", 3)
    sites = [make_site(paths=("/a",)) for _ in range(4)]
    for site in sites:
        due(site.pages.all(), 0)
    see(sites[0].pages.filter(path="/"), 1, Kind.SERVER_ERROR)
    due(sites[0].pages.all(), 0)
    found = scheduling.batches(scheduling.claim_due(after(10)))
    assert [(batch[0].purpose, [claim.site_id for claim in batch]) for batch in found] == [
        (Purpose.CONFIRMATION, [sites[0].pk]),
        (Purpose.ROUTINE, [sites[0].pk, sites[1].pk, sites[1].pk]),
        (Purpose.ROUTINE, [sites[2].pk, sites[2].pk, sites[3].pk, sites[3].pk]),
    ]


def test_page_paused_meanwhile_is_not_put_back():
    site = make_site()
    claims = scheduling.claim_due()
    pause(site)
    scheduling.put_back(claims)
    assert site.pages.get().due_at is None


def test_claiming_costs_the_same_at_any_number():
    team = make_team()

    def queries(number: int) -> int:
        Page.objects.all().delete()
        site = make_site(team)
        Page.objects.bulk_create(Page(site=site, path=f"/{n}", due_at=START, anchor_at=START) for n in range(number))
        with CaptureQueriesContext(connection) as captured:
            assert len(scheduling.claim_due(after(5))) == number
        return len(captured)

    assert queries(3) == queries(3000)


def test_lag_is_what_is_overdue_or_claimed_without_result():
    site = make_site(interval_s=60, time_limit_s=10)
    due(site.pages.all(), 0)
    assert scheduling.lag_s(after(0)) == 0
    assert scheduling.lag_s(after(42)) == 42
    scheduling.claim_due(after(42))
    assert scheduling.lag_s(after(50)) == 0
    scheduling.claim_due(after(61))
    assert scheduling.lag_s(after(100)) == 30
    see(site.pages.all(), 101)
    assert scheduling.lag_s(after(102)) == 0


def test_paused_site_is_not_probed_and_not_late():
    site = make_site()
    pause(site)
    assert (scheduling.claim_due(site.created_at + timedelta(days=1)), scheduling.lag_s(site.created_at + timedelta(days=1))) == ([], 0)
    assert tasks.probe_batch([site.pages.get().pk], "routine") == 0
    resume(site)
    assert len(scheduling.claim_due()) == 1


def test_first_probe_is_at_once_and_the_next_at_a_phase_of_its_own():
    phases = set()
    for _ in range(20):
        first, anchor = scheduling.first_due(60, START)
        assert (first, START - timedelta(seconds=60) <= anchor <= START) == (START, True)
        phases.add(anchor)
    assert len(phases) > 10


def test_clock_that_was_set_back_stops_no_probing() -> None:
    site = make_site(interval_s=60)
    a_day = 86_400
    see(site.pages.all(), a_day)
    due(site.pages.all(), a_day + 60, a_day)
    assert not scheduling.claim_due(after(0))
    assert scheduling.mend_after_clock_was_set_back(after(0)) == 1
    assert [claim.page_id for claim in scheduling.claim_due(after(0))] == [site.pages.get().pk]
    see(site.pages.all(), 70, Kind.SERVER_ERROR)
    see(site.pages.all(), 75, Kind.SERVER_ERROR, purpose=Purpose.CONFIRMATION)
    assert site.pages.get().verdict == "down"


def test_pages_that_refuse_probes_keep_their_pause() -> None:
    site = make_site(interval_s=60)
    for seconds in (0, 120, 360):
        see(site.pages.all(), seconds, Kind.BLOCKED)
    page = site.pages.get()
    assert page.due_at == after(840)
    assert scheduling.mend_after_clock_was_set_back(after(361)) == 0
    assert site.pages.get().due_at == page.due_at
    assert scheduling.mend_after_clock_was_set_back(after(-4000)) == 1


def test_pages_of_the_usual_timetable_are_left_alone_by_the_look_at_the_clock() -> None:
    site = make_site(interval_s=60)
    due(site.pages.all(), 60)
    assert scheduling.mend_after_clock_was_set_back(after(1)) == 0
    assert site.pages.get().due_at == after(60)


def test_page_without_a_result_for_three_intervals_is_overdue() -> None:
    slow, quick, paused = make_site(interval_s=300, time_limit_s=10), make_site(interval_s=20, time_limit_s=10), make_site(interval_s=20)
    for site in (slow, quick, paused):
        due(site.pages.all(), 0)
        see(site.pages.all(), 0)
    pause(paused)
    assert scheduling.overdue(after(70)) == []
    (found,) = scheduling.overdue(after(71))
    assert (found.page_id, found.site_id, found.interval_s) == (quick.pages.get().pk, quick.pk, 20)
    assert found.waiting_since == found.last_at == after(0)
    assert [page.site_id for page in scheduling.overdue(after(911))] == [slow.pk, quick.pk]


def test_page_that_never_had_a_result_is_overdue_and_one_just_resumed_is_not() -> None:
    never, resumed = make_site(interval_s=60), make_site(interval_s=60)
    due(never.pages.all(), 0)
    due(resumed.pages.all(), 1000, 990)
    see(resumed.pages.all(), 0)
    (found,) = scheduling.overdue(after(1001))
    assert (found.site_id, found.waiting_since, found.last_at) == (never.pk, after(0), None)


def test_page_that_refuses_probes_is_asked_less_often_and_not_late() -> None:
    site = make_site(interval_s=60, time_limit_s=10)
    due(site.pages.all(), 0)
    for _ in range(8):
        see(site.pages.all(), (site.pages.get().due_at - START).total_seconds(), Kind.BLOCKED)
    last = (site.pages.get().last_at - START).total_seconds()
    assert (site.pages.get().due_at - START).total_seconds() == last + 3600
    assert (scheduling.lag_s(after(last + 3600)), scheduling.overdue(after(last + 3600))) == (0, [])
    assert len(scheduling.overdue(after(last + 3 * 3600 + 11))) == 1


def test_overdue_costs_the_same_at_any_number() -> None:
    def queries(number: int) -> int:
        for page in range(number):
            see(make_site(interval_s=20 + 10 * page).pages.all(), page)
        Page.objects.update(due_at=START, anchor_at=START)
        with CaptureQueriesContext(connection) as captured:
            assert len(scheduling.overdue(after(86_400))) == Page.objects.count()
        return len(captured)

    assert queries(1) == queries(12)


def test_usual_lag_is_read_from_how_far_probes_lie_behind_their_timetable() -> None:
    sites = [make_site(interval_s=60) for _ in range(20)]
    for number, site in enumerate(sites):
        due(site.pages.all(), 0)
        see(site.pages.all(), 300 + number / 10)
    assert scheduling.lag_p95_s(after(310)) == 1.8
    assert scheduling.lag_p95_s(after(1000)) is None
    first = make_site(interval_s=60)
    due(first.pages.all(), 2050, 2000)
    see(first.pages.all(), 2050)
    assert scheduling.lag_p95_s(after(2051)) is None


def test_page_of_a_long_interval_is_due_again_soon_when_its_batch_is_lost() -> None:
    lost, well = make_site(interval_s=86_400), make_site(interval_s=86_400)
    for site in (lost, well):
        see(site.pages.all(), -10)
        due(site.pages.all(), 0)
    (batch,) = scheduling.batches(scheduling.claim_due(after(5)))
    assert scheduling.expiry_s(batch) == 300
    probed = well.pages.get()
    see(well.pages.all(), 6)
    assert scheduling.settle([probed], after(7)) == 1
    assert (lost.pages.get().due_at, well.pages.get().due_at) == (after(305), after(86_400))
    assert [claim.site_id for claim in scheduling.claim_due(after(305))] == [lost.pk]


def test_page_wanted_at_once_meanwhile_is_not_put_off() -> None:
    site = make_site(interval_s=3600)
    due(site.pages.all(), 0)
    scheduling.claim_due(after(5))
    probed = site.pages.get()
    see(site.pages.all(), 6)
    due(site.pages.all(), 6)
    assert scheduling.settle([probed], after(7)) == 0
    assert site.pages.get().due_at == after(6)


def test_clock_that_jumps_ahead_makes_each_page_due_once_and_keeps_its_phase() -> None:
    site = make_site(interval_s=60)
    due(site.pages.all(), 60)
    a_day = 86_400
    assert [claim.next_due_at for claim in scheduling.claim_due(after(a_day + 10))] == [after(a_day + 60)]
    assert scheduling.claim_due(after(a_day + 20)) == []
    see(site.pages.all(), a_day + 10)
    assert scheduling.overdue(after(a_day + 60)) == []


def test_site_that_is_held_is_not_probed_not_late_and_keeps_its_phase() -> None:
    site, other = make_site(paths=("/a",), interval_s=60), make_site(interval_s=60)
    due([*site.pages.all(), *other.pages.all()], 60, anchor=7)
    scheduling.hold(site, 25, after(50))
    assert {claim.site_id for claim in scheduling.claim_due(after(74))} == {other.pk}
    assert set(site.pages.values_list("anchor_at", flat=True)) == {after(7)}
    other.pages.update(due_at=after(2000), anchor_at=after(990))
    scheduling.hold(site, 25, after(1000))
    assert scheduling.lag_s(after(1000)) < 60 and set(site.pages.values_list("anchor_at", flat=True)) == {after(967)}
    scheduling.release(site, after(1001))
    assert {claim.next_due_at for claim in scheduling.claim_due(after(1001)) if claim.site_id == site.pk} == {after(1027)}


def test_paused_site_stays_paused_when_it_is_held_and_released() -> None:
    site = make_site()
    pause(site)
    scheduling.hold(site, 25)
    scheduling.release(site)
    assert not site.pages.filter(due_at__isnull=False).exists()
