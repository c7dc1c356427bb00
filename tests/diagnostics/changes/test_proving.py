"""That a change helped is proven with few requests, or not claimed: real servers that fail by turns, are slow, or refuse too many."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count

import pytest
from django.utils import timezone

from diagnostics import diagnosing, repairing, steps, unattended
from diagnostics.changes import changing, meeting, ways
from diagnostics.changes.changing import Seen
from diagnostics.changes.executor import Executor
from diagnostics.changes.ways import Way
from diagnostics.connections import connecting
from diagnostics.connections.locking import held
from diagnostics.models import Step
from diagnostics.repairs.plan import Plan
from diagnostics.trying.bench import HOLD_S, Bench, Ended
from sites.models import Look, Site
from tests.diagnostics.changes.test_meeting import BROKEN, Web, by_members, every_fourth, known_to_fail, site, web
from tests.diagnostics.changes_made import new_step, put, rewrite
from tests.http_server import Received, Reply

__all__ = ["site", "web"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def is_mended(web: Web) -> bool:
    return b"RewriteRule" in web.htaccess.read_bytes()


def left_well_and_unproven(web: Web, site: Site, why: str) -> None:
    """A run whose change stands, with true words, and whose incident is left to the probes."""
    document = unattended.repair_site(site, apply=True)
    assert [step["state"] for step in document["steps"]] == ["done-not-cured"], document
    assert (document["after"], document["cured"]) == ("up", False)
    assert is_mended(web), "a site that is well is not still down: nothing is taken back"
    step = Step.objects.get()
    assert "every page answers well since" in step.message and why in step.message
    assert "still down" not in document["left"][0]["why"] and why in document["left"][0]["why"]
    assert site.incidents.get().is_open


def test_change_that_helped_and_cannot_be_proven_in_time_stands(web: Web, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changing, "LONGEST_S", 1.5)
    web.meets = every_fourth
    known_to_fail(site, pattern="intermittent", rate=0.25)
    left_well_and_unproven(web, site, "too slow")


@pytest.mark.parametrize("status", [403, 429])
def test_firewall_that_begins_to_refuse_is_no_failure_of_the_change(web: Web, site: Site, status: int) -> None:
    since = count()
    broken = iter([False, False, True])

    def answer(_request: Received) -> Reply:
        if not is_mended(web):
            return Reply(500, b"broken") if next(broken, len(web.server.requests) % 3 == 0) else Reply()
        return Reply(status, b"<h1>Forbidden</h1>") if next(since) > 8 else Reply()

    web.server.route("/", answer)
    known_to_fail(site, pattern="intermittent", rate=0.33)
    document = unattended.repair_site(site, apply=True)
    assert [step["state"] for step in document["steps"]] == ["done-not-cured"], document
    assert is_mended(web) and not document["cured"]
    assert "began to refuse" in Step.objects.get().message


def test_refusal_among_many_requests_is_not_taken_for_the_failure_that_is_looked_for(web: Web, site: Site) -> None:
    web.server.route("/", lambda _request: Reply(403, b"<h1>Forbidden</h1>") if len(web.server.requests) > 9 else Reply())
    known_to_fail(site, cause="htaccess-invalid-directive")
    document = unattended.repair_site(site, apply=True)
    assert (document["steps"], document["cured"], web.htaccess.read_bytes()) == ([], False, BROKEN)
    assert "began to refuse" in document["left"][0]["why"]
    assert len(web.server.requests) < 25


def test_slow_site_of_many_pages_is_proven_with_bounded_requests(web: Web, site: Site) -> None:
    """Ten pages that take their time, of which one in four answers fails."""

    def answer(_request: Received) -> Reply:
        time.sleep(0.1)
        fails = not is_mended(web) and len(web.server.requests) % 4 == 0
        return Reply(500, b"broken") if fails else Reply()

    for number in range(10):
        path = f"/{number}" if number else "/"
        web.server.route(path, answer)
        if number:
            site.pages.create(path=path, verdict="up", position=number)
    known_to_fail(site, pattern="intermittent", rate=0.25)
    document = unattended.repair_site(site, apply=True)
    assert (document["cured"], document["after"]) == (True, "up")
    assert len(web.server.requests) < 200


def test_only_whom_it_meets_is_asked_between_the_first_and_the_last_look(web: Web, site: Site) -> None:
    web.meets = by_members
    site.pages.create(path="/about", verdict="up", position=1)
    web.server.route("/about", Reply())
    known_to_fail(site)
    document = unattended.repair_site(site, apply=True)
    assert document["cured"], document
    after = [request.path for request in web.server.requests if request.query][-13:-6]
    assert after.count("/") == 4 and after.count("/about") == 3, "three visitors each, and then the member alone where it was met"


# --- what is looked at again later, or was changed elsewhere --------------------------------------
def awaited(site: Site, way: Way) -> Step:
    step = new_step(site)
    steps.conclude(step, Step.State.AWAITING_EFFECT, "Later.", **{ways.IN_RESULT: way.as_json()})
    return Step.objects.select_related("case__site").get(pk=step.pk)


def test_late_effect_is_looked_for_as_those_whom_the_failure_meets(web: Web, site: Site) -> None:
    web.meets = by_members
    known_to_fail(site)
    step = awaited(site, Way((*ways.BROWSERS, "member"), "member", ("/",)))
    assert changing.conclude_late(step).state == "done-not-cured"
    assert site.incidents.get().is_open
    put(web.htaccess, b"RewriteEngine On\n")
    step = awaited(site, Way((*ways.BROWSERS, "member"), "member", ("/",)))
    assert changing.conclude_late(step).state == "done-verified"


def test_late_effect_on_what_fails_now_and_then_is_asked_for_often(web: Web, site: Site) -> None:
    web.meets = every_fourth
    known_to_fail(site, pattern="intermittent", rate=0.25)
    assert changing.conclude_late(awaited(site, Way(rate=0.25))).state == "done-not-cured"


def test_late_effect_on_what_fails_too_rarely_is_not_called_proven_and_stands(web: Web, site: Site) -> None:
    known_to_fail(site, pattern="intermittent", rate=0.01)
    step = awaited(site, Way(rate=0.01))
    step.result["unattended"] = True
    step.check_again_at = timezone.now()
    step.save()
    repairing.look_again()
    step.refresh_from_db()
    assert (step.state, step.result[changing.UNPROVEN]) == ("done-not-cured", True)
    assert "so rarely" in step.message
    assert site.incidents.get().is_open


def test_way_of_a_site_knows_whom_its_looks_met_and_where(site: Site) -> None:
    now = timezone.now()
    page = site.pages.create(path="/shop", verdict="up", position=1)
    Look.objects.create(page=page, what=Look.What.PHONE, verdict="down", due_at=now, anchor_at=now)
    known_to_fail(site, pattern="intermittent", rate=0.01)
    way = ways.known(site)
    assert (way.browsers, way.meets, way.paths, way.is_provable) == (ways.BROWSERS, "phone", ("/shop",), False)


# --- trials ---------------------------------------------------------------------------------------
def tried(web: Web, site: Site, ms: float, content: bytes = b"RewriteEngine On\n") -> tuple[Step, Seen | None]:
    """One look of a trial, of a site whose pages took so long and that fails once in four."""
    web.meets = every_fourth
    known_to_fail(site, pattern="intermittent", rate=0.25)
    before = meeting.meet(site)
    assert not before.is_well and before.way.comes_and_goes
    before = replace(before, way=replace(before.way, rate=0.25), pages=tuple({**page, "ms": ms} for page in before.pages))
    web.server.requests.clear()
    step = new_step(site)
    with held(site.host) as lock, Executor(lambda: connecting.writer_for(site.host), lock) as executor:
        steps.claim(step)
        try:
            return step, Bench(step, executor, before).without(Plan("r", "c", "t", "w", (rewrite(web.htaccess, content),)))
        except Ended:
            return step, None


def test_trial_that_would_leave_the_site_changed_for_long_is_not_made(web: Web, site: Site) -> None:
    step, seen = tried(web, site, 8000)
    assert (step.state, seen, web.htaccess.read_bytes()) == ("failed", None, BROKEN)
    assert "would stay changed for about" in step.message
    assert web.server.requests == []


def test_probes_are_held_back_for_as_long_as_a_trial_asks(web: Web, site: Site) -> None:
    site.pages.update(due_at=timezone.now(), anchor_at=timezone.now())
    began = timezone.now()
    _step, seen = tried(web, site, 3000)
    assert seen is not None and seen.is_well and not seen.unmet
    assert len(web.server.requests) >= ways.needed(0.25)
    assert (site.pages.get().due_at - began).total_seconds() > HOLD_S + site.time_limit_s + 15
    assert web.htaccess.read_bytes() == BROKEN


def test_trial_asks_a_page_only_until_it_fails(web: Web, site: Site) -> None:
    _step, seen = tried(web, site, 100, BROKEN + b"# more\n")
    assert seen is not None and not seen.is_well
    assert len(web.server.requests) <= 9


# --- how long a diagnosis may look for it ----------------------------------------------------------
def test_diagnosis_of_a_slow_site_ends_in_time_also_when_nobody_meets_its_failure(web: Web, site: Site) -> None:
    web.server.route("/", lambda _request: Reply(delay_s=1.5))
    known_to_fail(site, pattern="intermittent", rate=0.02)
    began = time.monotonic()
    assert diagnosing.diagnose_now(site).state == "done"
    assert time.monotonic() - began < 30


def test_diagnosis_that_meets_the_failure_proves_nothing(web: Web, site: Site) -> None:
    web.meets = by_members
    known_to_fail(site)
    diagnosis = diagnosing.diagnose_now(site)
    assert (diagnosis.verdict, diagnosis.findings.first().cause) == ("down", "htaccess-invalid-directive")
    assert diagnosis.met_as == "member"
    assert len(web.server.requests) == 4, "one look, then as a plain probe, a bot and a member"


def test_guided_look_hands_on_what_it_met_and_nobody_searches_twice(web: Web, site: Site) -> None:
    known_to_fail(site)
    case = repairing.open_case(site)
    meeting.meet(site)
    alone = len(web.server.requests)
    web.server.requests.clear()
    assert repairing.run_step(repairing.look(case, "read-log", None).pk).state == "done"
    assert len(web.server.requests) == alone
