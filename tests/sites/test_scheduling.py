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


def test_pages_of_the_usual_timetable_are_left_alone_by_the_look_at_the_clock() -> None:
    site = make_site(interval_s=60)
    due(site.pages.all(), 60)
    assert scheduling.mend_after_clock_was_set_back(after(1)) == 0
    assert site.pages.get().due_at == after(60)
