"""Which sites are blind, and how: each problem by what the tables say, and no site that can be seen whole."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from diagnostics.coverage import queries
from diagnostics.coverage.problems import PROBLEMS
from diagnostics.coverage.queries import Wanted
from diagnostics.models import Baseline, Diagnosis, SiteSight
from diagnostics.sight import note_error_log
from sites.models import Host, Site, VisitorWatch
from tests.factories import make_host, make_site, make_team, make_user

pytestmark = pytest.mark.django_db
CAN = ["chmod", "list-modes", "read", "write"]
PLACES = {"docroot": "/www", "error_log": "/logs/error.log", "access_log": "/logs/access.log"}


def seen_whole(team: Any, **host_more: Any) -> Site:
    """A site of which nothing is hidden."""
    host = make_host(team, **({"state": "works", "capabilities": CAN} | host_more))
    site = make_site(team, host=host, **PLACES)
    now = timezone.now()
    Diagnosis.objects.create(site=site, state="done", requested_at=now)
    counted = {"files": 1, "counted": 0, "duration_s": 1.0, "is_whole_look": True, "manifest": b""}
    Baseline.objects.create(site=site, host=host, docroot="/www", protocol="sftp", taken_at=now, reason="daily", **counted)
    return site


def codes(site: Site) -> list[str]:
    user = make_user(team=site.team)
    return [problem.code for row in queries.listing(user, Wanted()).rows for problem in row.problems if row.site == site]


def host_of(**values: Any) -> Any:
    return lambda site: Host.objects.filter(pk=site.host_id).update(**values)


def own(**values: Any) -> Any:
    return lambda site: Site.objects.filter(pk=site.pk).update(**values)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (own(), []),
        (own(host=None), ["no-connection"]),
        (host_of(state="refused"), ["login-refused"]),
        (host_of(state="key-changed"), ["host-key-changed"]),
        (host_of(state="unreachable"), ["unreachable"]),
        (host_of(state="untested", capabilities=[]), ["untested"]),
        (own(docroot=""), ["no-docroot"]),
        (own(error_log=""), ["no-error-log"]),
        (lambda site: note_error_log(site, was_read=False), ["no-error-log"]),
        (lambda site: note_error_log(site, was_read=True), []),
        (lambda site: SiteSight.objects.create(site=site, error_log="unreadable", error_log_path="/another"), []),
        (own(access_log=""), ["no-access-log"]),
        (lambda site: VisitorWatch.objects.create(site=site, log="unreadable"), ["no-access-log"]),
        (lambda site: VisitorWatch.objects.create(site=site, log="read"), []),
        (own(read_only_since=timezone.now()), ["read-only-chosen"]),
        (host_of(read_only_since=timezone.now()), ["read-only-chosen"]),
        (host_of(capabilities=["list-modes", "read"]), ["read-only"]),
        (host_of(protocol="ftp", capabilities=["read", "write"]), ["no-modes"]),
        (host_of(protocol="ftps"), []),
        (lambda site: site.baselines.all().delete(), ["no-baseline"]),
        (lambda site: site.diagnoses.update(state="failed"), ["never-diagnosed"]),
        (own(practice=True, host=None), []),
        (own(deleted_at=timezone.now(), host=None), []),
    ],
)
def test_problem_is_told_from_the_tables(change: Any, found: list[str]) -> None:
    site = seen_whole(make_team())
    change(site)
    assert codes(site) == found


def test_every_problem_has_a_bit_of_its_own_and_the_worst_comes_first() -> None:
    team = make_team()
    user = make_user(team=team)
    mild, bad = seen_whole(team), seen_whole(team)
    site = make_site(team, host=make_host(team))
    own(error_log="")(mild)
    own(host=None)(bad)
    listing = queries.listing(user, Wanted())
    assert [row.site for row in listing.rows] == [bad, site, mild] and (listing.sites, listing.blind) == (3, 3)
    assert listing.counts["no-connection"] == 1 and set(listing.counts) == {problem.code for problem in PROBLEMS}
    assert [problem.code for problem in listing.rows[1].problems] == ["untested", "no-docroot", "never-diagnosed"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"only": "no-connection"}, ["b"]),
        ({"only": "nonsense", "q": "a.example"}, ["a"]),
        ({"q": "Zeta"}, ["a"]),
        ({"sort": "site"}, ["a", "b", "c"]),
        ({"sort": "site", "dir": "down"}, ["c", "b", "a"]),
        ({"sort": "account"}, ["c", "a", "b"]),
        ({"sort": "tested"}, ["b", "c", "a"]),
    ],
)
def test_list_is_narrowed_and_sorted(query: dict[str, str], names: list[str]) -> None:
    team = make_team()
    user = make_user(team=team)
    now = timezone.now()
    make_site(team, name="a", url="https://a.example/", host=make_host(team, name="Zeta", tested_at=now))
    make_site(team, name="b")
    make_site(team, name="c", host=make_host(team, name="Alpha", tested_at=now - timedelta(days=1)))
    make_site(make_team(), name="foreign")
    listing = queries.listing(user, Wanted.of(query))
    assert [row.site.name for row in listing.rows] == names and listing.page.paginator.count == len(names)


def test_queries_do_not_grow_with_the_sites() -> None:
    team = make_team()
    user = make_user(team=team)
    host = make_host(team)

    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            queries.listing(user, Wanted())
        return len(caught)

    for count in (3, 57):
        for _ in range(count):
            make_site(team, host=host)
        figures = asked()
        assert figures == 3


def test_command_tells_what_is_blind_and_ends_with_one() -> None:
    seen_whole(make_team())
    out = StringIO()
    call_command("coverage", "--json", stdout=out)
    assert json.loads(out.getvalue())["blind"] == 0
    make_site(make_team(), name="Shop")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("coverage", "--json", stdout=out)
    document = json.loads(out.getvalue())
    assert ended.value.code == 1 and document["rows"] == [{"site": "Shop", "host": None, "problems": ["no-connection"]}]
    assert (document["sites"], document["blind"], document["problems"]["no-connection"]) == (2, 1, 1)
