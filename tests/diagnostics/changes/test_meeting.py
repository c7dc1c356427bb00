"""A failure is met by whom it meets before a repair, and after it: a real server that reads the `.htaccess` which is broken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.utils import timezone

from diagnostics import queries, repairing, unattended
from diagnostics.changes import clues, meeting, ways
from diagnostics.changes.ways import Way
from diagnostics.models import Diagnosis, RepairCase, Step
from sites import recording
from sites.models import Look, Site
from tests.diagnostics.changes_made import put, site_in
from tests.factories import make_incident
from tests.http_server import HttpServer, Received, Reply

pytestmark = pytest.mark.django_db(transaction=True)

BROKEN = b"RewriteEngine On\nRewritRule ^old$ /new [L]\n"
Meets = Callable[[Received, int], bool]


def by_phones(request: Received, _number: int) -> bool:
    return "Mobile" in request.headers["user-agent"]


def by_bots(request: Received, _number: int) -> bool:
    return "Sitemendbot" in request.headers["user-agent"]


def by_members(request: Received, _number: int) -> bool:
    return "wordpress_logged_in_" in request.headers.get("cookie", "")


def without_a_query(request: Received, _number: int) -> bool:
    return not request.query


def every_fourth(_request: Received, number: int) -> bool:
    return number % 4 == 0


def never(_request: Received, _number: int) -> bool:
    return False


class Web:
    """Answers well, but to those whom the fault meets, while it is in the file."""

    def __init__(self, server: HttpServer, htaccess: Path) -> None:
        self.server, self.htaccess, self.meets, self.is_mended_by_luck = server, htaccess, never, False
        server.route("/", self._answer)

    def _answer(self, request: Received) -> Reply:
        is_broken = re.search(rb"^Rewrit(?!e)", self.htaccess.read_bytes(), re.MULTILINE)
        fails = is_broken and self.meets(request, len(self.server.requests))
        return Reply(500, b"<h1>Internal Server Error</h1>") if fails else Reply()


@pytest.fixture
def web(tmp_path: Path, settings) -> Iterator[Web]:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    folder = tmp_path / "www"
    folder.mkdir()
    with HttpServer() as server:
        yield Web(server, put(folder / ".htaccess", BROKEN))


@pytest.fixture
def site(web: Web, settings) -> Site:
    """As its probes hold it: well since an hour."""
    site = site_in(web.htaccess.parent, settings)
    hour = timezone.now() - timedelta(hours=1)
    site.url, site.verdict, site.verdict_since = web.server.url("/"), "up", hour
    site.save()
    site.pages.create(path="/", verdict="up")
    return site


def known_to_fail(site: Site, **more: object) -> None:
    make_incident(site, **more)


@pytest.mark.parametrize("meets", [by_phones, by_bots, by_members, without_a_query], ids=lambda each: each.__name__)
def test_failure_that_only_some_visitors_meet_is_repaired_and_verified_as_they_see_it(web: Web, site: Site, meets: Meets) -> None:
    web.meets = meets
    known_to_fail(site)
    document = unattended.repair_site(site, apply=True)
    assert (document["before"], document["after"], document["cured"], document["left"]) == ("down", "up", True, [])
    assert [step["state"] for step in document["steps"]] == ["done-verified"]
    assert b"RewriteRule" in web.htaccess.read_bytes()
    verified = Step.objects.get().result["pages_after"]
    assert all(page["kind"] == "ok" for page in verified)
    assert any(meets(request, 0) for request in web.server.requests[-6:]), "the last looks are those of whom it met"


def test_failure_that_comes_and_goes_is_asked_for_until_luck_does_not_explain_it(web: Web, site: Site) -> None:
    web.meets = every_fourth
    known_to_fail(site, pattern="intermittent", rate=0.25)
    web.server.requests.clear()
    document = unattended.repair_site(site, apply=True)
    assert (document["cured"], document["after"]) == (True, "up")
    mended = web.htaccess.stat().st_ctime
    after = [request for request in web.server.requests if request.query]
    assert ways.needed(0.25) == 17
    assert len(after) >= 17 + 4, mended
    assert len(web.server.requests) < 150


def test_change_that_makes_a_failure_rarer_is_no_cure(web: Web, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mended in the file, and the site still fails once in ten requests: three good answers are no proof."""
    answered = 0

    def answer(request: Received) -> Reply:
        nonlocal answered
        answered += 1
        is_broken = b"RewritRule" in web.htaccess.read_bytes()
        return Reply(500, b"broken") if answered % (3 if is_broken else 10) == 0 else Reply()

    web.server.route("/", answer)
    known_to_fail(site, pattern="intermittent", rate=0.33)
    document = unattended.repair_site(site, apply=True)
    assert (document["cured"], document["after"]) == (False, "down")
    assert web.htaccess.read_bytes() == BROKEN, "nothing stays of a run that did not cure"


def test_failure_that_cannot_be_met_is_told_and_nothing_is_changed(web: Web, site: Site) -> None:
    known_to_fail(site, cause="htaccess-invalid-directive", cause_summary="Line 2 …")
    document = unattended.repair_site(site, apply=True)
    assert (document["cured"], document["steps"]) == (False, [])
    assert [each["cause"] for each in document["left"]] == ["htaccess-invalid-directive"]
    assert document["left"][0]["why"].startswith("needs a person: ") and "could not be met" in document["left"][0]["why"]
    assert web.htaccess.read_bytes() == BROKEN
    assert len(web.server.requests) < 40


def test_site_that_recovered_while_nobody_looked_is_found_well(web: Web, site: Site) -> None:
    Site.objects.filter(pk=site.pk).update(verdict="down", kind="server-error")
    long_ago = timezone.now() - timedelta(hours=2)
    state = {"verdict": "down", "kind": "server-error", "failing_since": long_ago.isoformat()}
    site.pages.update(verdict="down", kind="server-error", state=state, last_at=long_ago, last_status=500)
    site.refresh_from_db()
    document = unattended.repair_site(site, apply=True)
    assert (document["before"], document["after"], document["cured"], document["left"]) == ("down", "up", True, [])
    assert web.htaccess.read_bytes() == BROKEN


def test_site_that_is_well_is_asked_no_more_than_before(web: Web, site: Site) -> None:
    document = unattended.repair_site(site, apply=True)
    assert (document["before"], document["cured"], document["left"]) == ("up", True, [])
    assert len(web.server.requests) == 2


def test_refusal_of_robots_is_no_failure(web: Web, site: Site) -> None:
    web.server.route("/", lambda request: Reply(403 if "Sitemendbot" in request.headers["user-agent"] else 200))
    site.pages.update(must_contain="Welcome")
    outcomes = recording.retest(site, ("bot", recording.MEMBER))
    assert [outcome.is_failure for outcome in outcomes] == [False, False]


def test_cookie_of_the_site_stays_beside_that_of_a_member() -> None:
    headers = recording._with_cookie((("cookie", "stage=1"), ("X-Own", "2")))  # noqa: SLF001 - what leaves is seen on the wire otherwise
    assert headers == (("X-Own", "2"), ("Cookie", "stage=1; wordpress_logged_in_sitemend=probe"))


def test_plain_looks_beside_the_routine_probe_count_in_no_figure(web: Web, site: Site) -> None:
    before = site.pages.get().last_at
    recording.retest(site, (recording.PLAIN,))
    assert site.pages.get().last_at == before
    assert not web.server.requests[0].query


def test_look_that_met_it_says_as_whom_to_ask_first(web: Web, site: Site) -> None:
    web.meets = by_bots
    times = {"due_at": timezone.now(), "anchor_at": timezone.now()}
    Look.objects.create(page=site.pages.get(), what=Look.What.BOT, verdict="down", **times)
    assert clues.of(site).visitors == ("bot",)
    seen = meeting.meet(site)
    assert (seen.way, seen.unmet, seen.is_well) == (Way(("desktop", "phone", "bot"), "bot", ("/",)), "", False)


# --- the guided repair --------------------------------------------------------------------------
def opened(site: Site) -> RepairCase:
    case = repairing.open_case(site)
    assert repairing.run_step(repairing.look(case, "read-log", None).pk).state == "done"
    return RepairCase.objects.select_related("site__host", "diagnosis").get(pk=case.pk)


def test_person_is_offered_what_mends_a_failure_of_others_and_it_is_verified_as_they_see_it(web: Web, site: Site) -> None:
    web.meets = by_members
    known_to_fail(site)
    case = opened(site)
    Site.objects.filter(pk=site.pk).update(last_probe_at=timezone.now() + timedelta(seconds=1))  # well again, as always
    page = queries.repair_page(RepairCase.objects.get(pk=case.pk), "", may_write=True)
    assert (page["is_well"], page["offer"]["repair_id"]) == (False, "correct-htaccess-line")
    assert "answers its probes" in page["lead"]
    offer = page["offer"]
    values = {"repair_id": offer["repair_id"], "cause": offer["cause"], "digest": offer["digest"]}
    step = repairing.start(case, guide_step="htaccess", action="repair", **values)
    done = repairing.run_step(step.pk)
    assert done.state == Step.State.DONE_VERIFIED, done.message
    assert {page["browser"] for page in done.result["pages_after"]} == {"desktop", "phone", "member"}
    assert queries.repair_page(RepairCase.objects.get(pk=case.pk), "", may_write=True)["is_well"]


def test_failure_that_the_probes_dismissed_is_still_there_for_a_person_until_an_incident_ends(web: Web, site: Site) -> None:
    web.meets = by_members
    incident = make_incident(site)
    case = opened(site)
    Site.objects.filter(pk=site.pk).update(verdict_since=timezone.now(), last_probe_at=timezone.now())  # suspect for a moment
    assert not queries.repair_page(RepairCase.objects.get(pk=case.pk), "", may_write=True)["is_well"]
    incident.resolved_at = timezone.now()
    incident.save()
    assert queries.repair_page(RepairCase.objects.get(pk=case.pk), "", may_write=True)["is_well"]


def proposed(site: Site, case: RepairCase) -> Step:
    offer = next(each for each in repairing.offers(case) if each.repair_id == "correct-htaccess-line")
    values = {"repair_id": offer.repair_id, "cause": offer.cause, "digest": offer.digest}
    return repairing.start(case, guide_step="htaccess", action="repair", **values)


def test_what_is_not_met_any_more_is_not_written_to_and_the_person_is_told(web: Web, site: Site) -> None:
    web.meets = by_phones
    known_to_fail(site)
    step = proposed(site, opened(site))
    web.meets = never
    done = repairing.run_step(step.pk)
    assert done.state == Step.State.STALE and "could not be met" in done.message
    assert web.htaccess.read_bytes() == BROKEN


def test_person_may_mend_what_comes_and_goes_unmet_and_is_not_told_that_it_helped(web: Web, site: Site) -> None:
    web.meets = every_fourth
    known_to_fail(site, pattern="intermittent", rate=0.25)
    Site.objects.filter(pk=site.pk).update(verdict="down", pattern="intermittent", kind="server-error")
    site.pages.update(verdict="down", kind="server-error", last_status=500, last_at=timezone.now())
    step = proposed(site, opened(site))
    web.meets = never
    done = repairing.run_step(step.pk)
    assert done.state == Step.State.DONE_NOT_CURED
    assert "nobody can say yet that it helped" in done.message
    assert site.incidents.get().is_open, "the probes say when it is over"


# --- how often ----------------------------------------------------------------------------------
@pytest.mark.parametrize(("rate", "asks"), [(1.0, 1), (0.5, 7), (0.25, 17), (0.1, 44)])
def test_so_many_good_answers_leave_less_than_a_hundredth_to_luck(rate: float, asks: int) -> None:
    assert ways.needed(rate) == asks
    assert (1 - rate) ** asks <= ways.LUCK


def test_way_of_what_is_there_all_the_time_asks_as_before() -> None:
    assert (Way().rounds + 2, Way().times, Way().at_once) == (3, 1, 1)
    assert (Way(rate=0.25).rounds * ways.AT_ONCE >= 17, Way(rate=0.5).times) == (True, ways.LEAST_TIMES)


def test_share_measured_by_few_requests_is_held_for_smaller() -> None:
    assert ways.cautious_rate([True] * 4) == 1.0
    assert 0.15 < ways.cautious_rate([True] * 4 + [False] * 8) < 0.25
    assert 0 < ways.cautious_rate([True] + [False] * 11) < 1 / 12


def test_too_rare_a_failure_is_left_to_a_person(web: Web, site: Site) -> None:
    web.meets = every_fourth
    known_to_fail(site, pattern="intermittent", rate=0.01)
    document = unattended.repair_site(site, apply=True)
    assert (document["cured"], document["steps"]) == (False, [])
    assert "so rarely" in document["left"][0]["why"]


# --- what a diagnosis is believed, when nothing else speaks for a failure ----------------------------
def found_critical(site: Site, minutes_ago: int) -> None:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    diagnosis = Diagnosis.objects.create(site=site, state="done", requested_at=at, finished_at=at, verdict="down")
    values = {"check_id": "htaccess-lines", "cause": "htaccess-invalid-directive", "severity": "critical", "confidence": 0.98}
    diagnosis.findings.create(position=0, summary="Line 2 …", evidence=[], **values)


def test_site_that_is_well_is_left_alone_when_its_bad_diagnosis_is_of_this_morning(web: Web, site: Site) -> None:
    found_critical(site, minutes_ago=180)
    document = unattended.repair_site(site, apply=True)
    assert (document["before"], document["cured"], document["left"]) == ("up", True, [])
    assert len(web.server.requests) == 2


def test_diagnosis_ends_with_the_probes_that_found_the_site_well_again(site: Site) -> None:
    found_critical(site, minutes_ago=20)
    assert clues.of(site) is not None
    site.verdict_since = timezone.now() - timedelta(minutes=10)
    assert clues.of(site) is None


def test_older_diagnosis_names_the_cause_while_an_incident_is_open(site: Site) -> None:
    found_critical(site, minutes_ago=180)
    known_to_fail(site)
    assert clues.of(site).cause == "htaccess-invalid-directive"
