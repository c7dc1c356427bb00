"""The short way of good outcomes must lead to the same rows as judging them."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from sites import judging, recording, scheduling
from sites.history import rolling
from sites.models import DayRollup, Incident, Page, ProbeResult, Site, Transition
from sites.probing.outcome import Kind, Outcome, Purpose
from sites.recording import record_batch
from sites.storing.samples import load_state
from tests.factories import make_site, make_team
from tests.sites.samples import after, outcome, see

pytestmark = pytest.mark.django_db

_PAGE = [field.attname for field in Page._meta.concrete_fields if field.attname not in ("id", "site_id", "state", "goods_since")]
_SITE = [field.attname for field in Site._meta.concrete_fields if field.attname not in ("id", "team_id", "name", "url", "created_at")]
_INCIDENT = ("fingerprint", "kind", "first_failure_at", "last_seen_at", "resolved_at", "paths", "scope", "pattern", "reopened")
_RESULT = ("page__path", "at", "purpose", "kind", "status", "ms", "first_byte_ms", "detail", "counts")


def judged_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "store_calm", lambda outcomes, sites, now: outcomes)


def rows(site: Site) -> list[object]:
    """Everything that is stored of a site, without keys."""
    return [
        list(Page.objects.filter(site=site).order_by("position").values(*_PAGE)),
        [load_state(page) for page in Page.objects.filter(site=site).order_by("position")],
        [{key for key in page.state if key not in ("fails", "failed_at")} for page in Page.objects.filter(site=site).order_by("position")],
        list(Site.objects.filter(pk=site.pk).values(*_SITE)),
        list(ProbeResult.objects.filter(page__site=site).order_by("at", "page__position", "pk").values(*_RESULT)),
        list(Transition.objects.filter(page__site=site).order_by("at", "page__position").values("page__path", "at", "old", "new", "why")),
        list(Incident.objects.filter(site=site).order_by("opened_at", "pk").values(*_INCIDENT)),
        list(DayRollup.objects.filter(site=site).order_by("day").values("day", "good", "suspect", "failed", "times")),
    ]


KINDS = [Kind.OK] * 60 + [Kind.SERVER_ERROR] * 6 + [Kind.MAINTENANCE, Kind.BLOCKED, Kind.UNREACHABLE]


def history_of(chance: random.Random, pages: int) -> list[tuple[int, list[tuple[int, float, Kind, Purpose, str]]]]:
    """Batches as they may come: (second, outcomes); now and then late, twice, of some pages only, cache-proof or with a remark."""
    batches = []
    spell = 0
    for round_ in range(1, 60):
        second = round_ * 60 + chance.choice([0, 0, 0, 5, 25])
        some = [n for n in range(pages) if chance.random() < 0.8]
        found = []
        spell = max(0, spell - 1) or (chance.randint(2, 5) if chance.random() < 0.06 else 0)
        for page in some:
            kind = Kind.SERVER_ERROR if spell and page else chance.choice(KINDS)
            purpose = chance.choice([Purpose.ROUTINE] * 12 + [Purpose.CONFIRMATION, Purpose.CACHE_PROOF])
            late = chance.choice([0.0] * 10 + [chance.uniform(0, 150)])
            found.append((page, second - late, kind, purpose, chance.choice([""] * 15 + ["told"])))
        batches.append((second, found))
        if chance.random() < 0.1:
            batches.append((second + 1, found))
    return batches


def play(site: Site, batches: list[tuple[int, list[tuple[int, float, Kind, Purpose, str]]]]) -> list[int]:
    pages = list(site.pages.order_by("position"))
    new = []
    for second, found in batches:
        outcomes: list[Outcome] = []
        for page, at, kind, purpose, message in found:
            token = "t" * 16 if purpose != Purpose.ROUTINE else ""
            more = {"purpose": purpose, "token": token, "ms": 40.0 + page}
            outcomes.append(outcome(pages[page], at, kind, **(more | ({"message": message} if message else {}))))
        new.append(record_batch(outcomes, now=after(second)))
        Page.objects.filter(pk__in=[item.key for item in outcomes], due_at__lte=after(second)).update(due_at=after(second + 40))
    return new


@pytest.mark.parametrize("seed", range(6))
def test_short_way_leads_to_the_same_rows_as_judging(monkeypatch, seed):
    chance = random.Random(seed)
    pages = chance.choice([1, 1, 2, 4])
    paths = tuple(f"/{n}" for n in range(pages - 1))
    short, judged = (make_site(make_team(), interval_s=60, paths=paths) for _ in range(2))
    Page.objects.filter(site__in=(short, judged)).update(due_at=after(0), anchor_at=after(-13))
    batches = history_of(chance, pages)
    new = play(short, batches)
    with monkeypatch.context() as patch:
        judged_all(patch)
        assert play(judged, batches) == new
    rolling.roll_up()
    for one, other in zip(rows(short), rows(judged), strict=True):
        assert one == other
    assert Incident.objects.filter(site=short).exists() or seed


def test_good_batch_of_calm_sites_is_not_judged(monkeypatch):
    site = make_site(paths=("/a",))
    pages = list(site.pages.all())
    see(pages, 0)
    Page.objects.update(due_at=after(100))
    monkeypatch.setattr(recording, "Batch", None)
    assert see(pages, 60, ms=77.0) == 2
    site.refresh_from_db()
    page = site.pages.first()
    assert (page.last_at, page.last_ms, page.state, page.due_at) == (after(60), 77.0, {}, after(100))
    assert (site.last_probe_at, site.last_ms) == (after(60), 77.0)


@pytest.mark.parametrize("more", [{"kind": Kind.MAINTENANCE}, {"message": "told"}, {"token": "t" * 16}, {"purpose": Purpose.CACHE_PROOF}])
def test_whatever_is_more_than_a_plain_good_outcome_is_judged(monkeypatch, more):
    site = make_site()
    see(site.pages.all(), 0)
    monkeypatch.setattr(recording, "Batch", None)
    with pytest.raises(AttributeError):
        see(site.pages.all(), 60, **more)


@pytest.mark.parametrize(("goods", "step", "remembered"), [(4, 60, True), (300, 60, False), (5, 20_000, False)])
def test_single_failure_is_remembered_without_judging_what_follows(monkeypatch, goods, step, remembered):
    site = make_site()
    for seconds, kind in ((0, Kind.OK), (60, Kind.SERVER_ERROR), (65, Kind.OK), (80, Kind.OK)):
        see(site.pages.all(), seconds, kind)
    before = load_state(site.pages.get())
    Page.objects.update(due_at=after(10_000_000))
    with monkeypatch.context() as patch:
        patch.setattr(recording, "Batch", None)
        for number in range(1, goods + 1):
            see(site.pages.all(), 80 + step * number)
    page = site.pages.get()
    expected = before
    for number in range(1, goods + 1):
        expected = judging.judge(expected, Kind.OK, after(80 + step * number), judging.Policy()).state
    assert load_state(page) == expected
    assert (bool(expected.fails), page.goods_since) == (remembered, goods)
    see(site.pages.all(), 80 + step * (goods + 1), Kind.MAINTENANCE)
    assert (site.pages.get().goods_since, "fails" in site.pages.get().state) == (0, remembered)


def test_due_page_that_was_probed_by_hand_gets_its_next_regular_time():
    site = make_site(interval_s=60)
    page = site.pages.get()
    Page.objects.filter(pk=page.pk).update(anchor_at=after(-10))
    see([page], 0)
    Page.objects.update(due_at=after(50))
    see([page], 55)
    page.refresh_from_db()
    assert page.due_at == scheduling.next_due(after(-10), 60, after(55)) == after(50) + timedelta(seconds=60)


def test_how_a_page_ends_is_learned_once_also_where_it_was_well_for_long() -> None:
    site = make_site(make_team())
    pages = list(site.pages.select_related("site"))
    for minute in range(3):
        see(pages, minute * 60)
    assert set(site.pages.values_list("ending", flat=True)) == {""}, "it never came to a last tag"
    see(pages, 300, ends=True)
    assert set(site.pages.values_list("ending", flat=True)) == {"whole"}
    (request,) = recording.requests_for(site.pages.select_related("site")[:1], Purpose.ROUTINE)
    assert request.expectation.ends
    site.pages.update(ending="any")
    see(pages, 360, ends=True)
    (request,) = recording.requests_for(site.pages.select_related("site")[:1], Purpose.ROUTINE)
    assert not request.expectation.ends, "a person said that it need not"
