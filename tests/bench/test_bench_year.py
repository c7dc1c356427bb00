from __future__ import annotations

from dataclasses import asdict

import pytest

from sites.models import Incident, Notification
from sites.probing.outcome import Kind
from tests.bench import bench_year, year_world
from tests.bench.year_run import STATUS, SiteRun
from tests.bench.year_world import Spell
from tests.factories import make_site, make_team, make_user
from tests.sites.samples import see


@pytest.fixture(scope="module")
def small() -> bench_year.Result:
    return bench_year.simulate(sites=300, months=2, seed=1)


def test_hiccups_wake_nobody(small):
    assert small.false_per_1000 < 1, small.why_false


def test_no_outage_longer_than_two_intervals_is_missed(small):
    assert len(small.delays) > 100
    assert small.missed == []
    assert len(small.now_and_then) > 3
    assert small.missed_now_and_then == []


def test_an_outage_costs_two_mails_at_most(small):
    assert 0 < small.mails_per_outage <= 2
    assert {"new", "recovery", "regression", "flapping"} <= small.sorts.keys()


def test_incident_opens_within_two_minutes_in_most_cases(small):
    delays = sorted(small.delays)
    assert delays[len(delays) // 2] < 60
    assert delays[int(0.95 * len(delays))] < 150


def test_passing_over_changes_nothing(monkeypatch):
    """Every probe made one by one leads to the same incidents and mails, in a world where something happens all the time."""
    for name in ("OUTAGES_PER_SITE", "INTERMITTENT_PER_SITE", "FLAPPING_PER_SITE", "WINDOWS_PER_SITE", "BLOCKED_PER_SITE"):
        monkeypatch.setattr(year_world, name, 6.0)
    monkeypatch.setattr(year_world, "OWN_LINE_PER_MONTH", 12.0)
    world = year_world.draw_world(5, 0.2, seed=2)
    line = {start: start + 15 for start, _end in world.line}
    made = passed = 0
    for plan in world.sites:
        full, quick = (SiteRun(plan, world.span, line, skip).run() for skip in (False, True))
        assert [asdict(case) for case in quick.cases] == [asdict(case) for case in full.cases]
        assert quick.mails == full.mails
        made, passed = made + full.steps, passed + quick.steps
    assert made > 2 * passed > 0


def test_same_seed_draws_the_same_year():
    first, second = (year_world.draw_world(20, 1, seed=3) for _ in range(2))
    assert first == second
    assert first != year_world.draw_world(20, 1, seed=4)


def test_mails_to_one_recipient_within_a_minute_go_together():
    mails = [bench_year.Mail(at, team, "new", 1) for at, team in ((0, 1), (10, 1), (20, 1), (5, 2), (200, 1))]
    assert sorted(bench_year.delivered(mails)) == [(0, 1, 1), (5, 2, 1), (60.0, 1, 2), (200, 1, 1)]


@pytest.mark.django_db
def test_simulation_agrees_with_what_the_database_makes_of_the_same_samples():
    """An outage, a site that bounces, a server that is restarted, a failure that comes back: incidents and news are the same."""
    site = make_site(make_team(members=(make_user(),)), paths=("/more",))
    spells = [
        Spell(100, 400, Kind.SERVER_ERROR, "outage"), Spell(900, 912, Kind.UNREACHABLE, "hiccup"),
        Spell(1500, 2700, Kind.DATABASE_ERROR, "outage", rate=0.5), Spell(4600, 4900, Kind.GATEWAY_ERROR, "outage"),
        Spell(4900, 5200, Kind.UNREACHABLE, "outage"), Spell(6000, 6300, Kind.SERVER_ERROR, "outage"),
    ]  # fmt: skip
    pages = [year_world.PagePlan("/", -7.0, list(spells)), year_world.PagePlan("/more", -31.0, [spells[0], *spells[3:]])]
    samples: list[tuple[float, str, Kind]] = []
    plan = year_world.SitePlan(0, 0, 0, 60.0, pages)
    run = SiteRun(plan, 7200, {}, False, lambda page, at, kind, _silenced: samples.append((at, page.path, kind))).run()
    rows = {page.path: page for page in site.pages.select_related("site")}
    for at, path, kind in samples:
        told = {"status": STATUS.get(kind), "detail": str(kind), "excerpt": f"{kind} of the year"} if kind != Kind.OK else {}
        see([rows[path]], at, kind, **told)
    incidents = list(Incident.objects.order_by("pk"))
    assert [case.kind for case in run.cases] == [incident.kind for incident in incidents]
    assert [case.reopened for case in run.cases] == [incident.reopened for incident in incidents]
    assert [case.pattern for case in run.cases] == [incident.pattern for incident in incidents]
    assert [case.resolved is None for case in run.cases] == [incident.is_open for incident in incidents]
    news = Notification.objects.exclude(state="suppressed").order_by("created_at", "pk").values_list("kind", flat=True)
    assert [mail.kind for mail in sorted(run.mails, key=lambda mail: mail.at)] == list(news)
    assert len(incidents) >= 4
