"""One bad look does not outweigh the probes that found the site well after it; what only some meet does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from diagnostics import situation
from diagnostics.changes import ways
from diagnostics.models import Diagnosis, RepairCase, Step
from sites.models import Site
from tests.factories import make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    """Its probes hold it for well, the last of them just now."""
    now = timezone.now()
    site = make_site()
    site.verdict, site.verdict_since, site.last_probe_at = "up", now - timedelta(days=3), now
    site.save()
    site.pages.update(verdict="up", last_status=200)
    return site


def row(browser: str, kind: str = "server-error") -> dict[str, object]:
    return {"path": "/", "browser": browser, "kind": kind, "status": 200 if kind == "ok" else 500, "ms": 20.0}


def looked(site: Site, *rows: dict[str, object], met: int = 0, rate: float = 1.0, minutes_ago: int = 30) -> Step:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    case = RepairCase.objects.filter(site=site).first() or RepairCase.objects.create(site=site, opened_at=at)
    result = {"pages_after": list(rows), "met": met, ways.IN_RESULT: ways.Way(rate=rate).as_json()}
    values = {"guide_step": "confirm", "action": "look", "title": "Confirm the error", "state": "done", "created_at": at}
    return Step.objects.create(case=case, finished_at=at, result=result, **values)


def test_one_bad_look_gives_way_to_the_probes_after_it(site: Site) -> None:
    step = looked(site, row("desktop"), row("phone"), met=5)
    assert situation.verdict_now(site, [step]) == "up"
    assert "other visitors" not in situation.lead(situation.verdict_now(site, [step]), [step], busy=False, probed="up")


def test_bad_look_counts_until_the_next_probe(site: Site) -> None:
    site.last_probe_at = timezone.now() - timedelta(hours=1)
    assert situation.verdict_now(site, [looked(site, row("desktop"), row("phone"), met=5)]) == "down"


@pytest.mark.parametrize(
    ("rows", "met", "rate"),
    [
        ([row("desktop", "ok"), row("phone", "ok"), row("member")], 1, 1.0),
        ([row("desktop", "ok"), row("phone")], 4, 1.0),
        ([row("desktop"), row("phone")], 3, 0.2),
    ],
    ids=["another visitor", "phones, again and again", "now and then, more than once"],
)
def test_what_the_probes_do_not_meet_is_believed(site: Site, rows: list[dict[str, object]], met: int, rate: float) -> None:
    assert situation.verdict_now(site, [looked(site, *rows, met=met, rate=rate)]) == "down"


def test_single_bad_answer_of_a_phone_is_not_believed(site: Site) -> None:
    assert situation.verdict_now(site, [looked(site, row("desktop", "ok"), row("phone"), met=1, rate=0.04)]) == "up"


def test_what_was_met_twice_at_different_times_is_believed(site: Site) -> None:
    bad = [row("desktop"), row("phone")]
    assert situation.verdict_now(site, [looked(site, *bad, minutes_ago=50), looked(site, *bad, minutes_ago=30)]) == "down"


@pytest.mark.parametrize("met_as", ["member", Diagnosis.AGAIN])
def test_diagnosis_that_met_what_probes_miss_is_believed(site: Site, met_as: str) -> None:
    at = timezone.now() - timedelta(minutes=30)
    found = Diagnosis.objects.create(site=site, state="done", verdict="down", requested_at=at, met_as=met_as)
    assert situation.verdict_now(site, [], found) == "down"


def test_one_bad_diagnosis_gives_way_to_the_probes_and_two_do_not(site: Site) -> None:
    now = timezone.now()
    first = Diagnosis.objects.create(site=site, state="done", verdict="down", requested_at=now - timedelta(minutes=30))
    assert situation.verdict_now(site, [], first) == "up"
    second = Diagnosis.objects.create(site=site, state="done", verdict="down", requested_at=now - timedelta(minutes=5))
    assert situation.verdict_now(site, [], second) == "down"
