from __future__ import annotations

import time

import pytest
from django.db import OperationalError

from sites import recording
from sites.models import Page, ProbeResult
from sites.probing.outcome import Purpose
from sites.storing import rounds
from tests.factories import make_site
from tests.http_server import HttpServer, Reply

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loopback(settings) -> None:
    from sites.probing.guard import parse_networks

    settings.SITEMEND_ALLOWED_NETWORKS = parse_networks(["127.0.0.0/8"])


def pages_of(*sites: object) -> list[Page]:
    return list(Page.objects.filter(site__in=sites).select_related("site"))


def test_failure_is_stored_while_a_slow_site_is_still_waited_for(monkeypatch) -> None:
    stored: list[tuple[float, set[int]]] = []
    real = recording.record_batch

    def noting(outcomes, **more):
        stored.append((time.monotonic(), {outcome.key for outcome in outcomes}))
        return real(outcomes, **more)

    monkeypatch.setattr(recording, "record_batch", noting)
    monkeypatch.setattr(rounds, "STORE_EVERY_S", 0.2)
    with HttpServer() as server:
        server.route("/bad/", Reply(500))
        server.route("/half/slow", Reply(delay_s=1.5))
        server.route("/half/", Reply())
        bad, half = make_site(url=server.url("/bad/")), make_site(url=server.url("/half/"), paths=("/slow",))
        began = time.monotonic()
        assert rounds.probe_and_record(pages_of(bad, half), Purpose.ROUTINE) == 3
    (first_at, first), (_last_at, last) = stored
    assert first_at - began < 1.4
    assert first == {bad.pages.get().pk}
    assert last == set(half.pages.values_list("pk", flat=True))
    assert bad.pages.get().verdict == "suspect"


def test_results_wait_for_a_database_that_is_away(monkeypatch) -> None:
    real, tries = recording.record_batch, []

    def away_at_first(outcomes, **more):
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("server closed the connection unexpectedly")
        return real(outcomes, **more)

    monkeypatch.setattr(recording, "record_batch", away_at_first)
    monkeypatch.setattr(rounds, "_PAUSES_S", (0.01, 0.01, 0.01))
    monkeypatch.setattr(rounds.connection, "close", lambda: None)  # the test's transaction lives in this connection
    with HttpServer() as server:
        server.route("/", Reply())
        site = make_site(url=server.url())
        assert rounds.probe_and_record(pages_of(site), Purpose.ROUTINE) == 1
    assert (len(tries), ProbeResult.objects.count()) == (3, 1)


def test_page_of_a_long_interval_gets_its_regular_time(settings) -> None:
    with HttpServer() as server:
        server.route("/", Reply())
        site = make_site(url=server.url(), interval_s=3600)
        from sites import scheduling

        (claim,) = scheduling.claim_due()
        rounds.probe_and_record(pages_of(site), Purpose.ROUTINE)
    page = site.pages.get()
    assert page.due_at == scheduling.next_due(page.anchor_at, 3600, claim.was_due_at)


def test_hundreds_at_an_address_that_hangs_are_left_to_the_next_batch(monkeypatch) -> None:
    monkeypatch.setattr(rounds, "BEGIN_WITHIN_S", 0.5)
    with HttpServer() as hanging, HttpServer(host="127.0.0.2") as well:
        for n in range(40):
            hanging.route(f"/{n}", Reply(delay_s=5))
        well.route("/", Reply())
        sites = [make_site(name=f"s{n}", url=hanging.url(f"/{n}"), interval_s=3600, time_limit_s=1) for n in range(40)]
        sites.append(make_site(name="well", url=well.url()))
        began = time.monotonic()
        stored = rounds.probe_and_record(pages_of(*sites), Purpose.ROUTINE)
        took = time.monotonic() - began
    assert took < 3  # all of them, four at once, would take ten seconds
    assert 4 <= stored - 1 < 40
    assert Page.objects.get(site__name="well").verdict == "up"
    assert Page.objects.filter(site__url__contains=":", last_at=None).count() == 41 - stored


def test_failure_is_not_held_back_by_pages_of_the_same_site_that_hang(monkeypatch) -> None:
    monkeypatch.setattr(rounds, "STORE_EVERY_S", 0.1)
    monkeypatch.setattr(rounds, "HOLD_S", 0.3)
    stored: list[float] = []
    real = recording.record_batch
    monkeypatch.setattr(recording, "record_batch", lambda outcomes: (stored.append(time.monotonic()), real(outcomes))[1])
    with HttpServer() as server:
        server.route("/", Reply(500))
        server.route("/slow", Reply(delay_s=4))
        site = make_site(url=server.url(), paths=("/slow",))
        began = time.monotonic()
        assert rounds.probe_and_record(pages_of(site), Purpose.ROUTINE) == 2
    assert stored[0] - began < 3 and len(stored) == 2
