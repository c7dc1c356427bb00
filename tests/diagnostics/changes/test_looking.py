"""What is seen of a site whose failure comes and goes, before and after a change; when a practice site is first probed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from django.utils import timezone

from diagnostics import examining, practising
from sites.models import Look
from sites.probing.outcome import Kind, Outcome, Purpose
from tests.factories import make_site, make_team
from tests.http_server import HttpServer, Reply


@pytest.mark.django_db
@pytest.mark.parametrize(("as_answered", "well"), [(False, False), (True, True)])
def test_good_answer_of_an_intermittent_failure_counts_only_after_a_change(as_answered: bool, well: bool) -> None:
    site = make_site()
    site.pattern = "intermittent"
    site.save()
    site.pages.update(verdict="down", kind="server-error", last_status=500, last_at=timezone.now())
    page = site.pages.get()
    answered = Outcome(key=page.pk, at=datetime.now(UTC), purpose=Purpose.CACHE_PROOF, url=page.url, kind=Kind.OK, status=200)
    view = examining.seen(site, [answered], as_answered=as_answered)
    assert examining.is_well(view) is well


@pytest.mark.django_db
@pytest.mark.parametrize("verdict", ["up", "suspect"])
def test_failure_that_comes_and_goes_is_waited_for_where_one_was_seen(settings, verdict: str) -> None:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with HttpServer() as server:
        server.route("/", lambda request: Reply(500 if len(server.requests) % 3 == 0 else 200))
        site = make_site(url=server.url("/"))
        site.pages.update(verdict=verdict)
        view = examining.look(site)
    assert examining.is_well(view) is (verdict == "up")
    assert len(server.requests) == (1 if verdict == "up" else 3)


@pytest.mark.django_db
def test_failure_for_phones_alone_is_found_where_a_look_met_it(settings) -> None:
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with HttpServer() as server:
        server.route("/", lambda request: Reply(500 if "Mobile" in request.headers["user-agent"] else 200))
        site = make_site(url=server.url("/"))
        Look.objects.create(page=site.pages.get(), what=Look.What.PHONE, verdict="suspect", due_at=timezone.now(), anchor_at=timezone.now())
        view = examining.look(site)
    assert not examining.is_well(view)


@pytest.mark.django_db
def test_practice_site_is_not_probed_before_its_servers_can_listen(settings, tmp_path) -> None:
    settings.SITEMEND_PRACTICE_DIR = tmp_path / "practice"
    before = timezone.now()
    site = practising.start(make_team())
    assert timedelta(seconds=3) < site.pages.get().due_at - before < timedelta(seconds=10)
