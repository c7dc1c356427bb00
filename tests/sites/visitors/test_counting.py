"""What visitors met becomes figures and, when it is more than a hiccup, one incident that ends when nobody meets it any more."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sites import incident_endings
from sites.delivery import deliver_due
from sites.models import Incident, Notification, Page, Site, VisitorFailure, VisitorIncident, VisitorPage, VisitorReport
from sites.probing.outcome import Kind
from sites.visitors import counting as visitors
from sites.visitors import incidents as visitor_incidents
from sites.visitors import pages as visitor_pages
from sites.visitors.marks import is_of_visitors
from sites.visitors.visits import Visit
from tests.factories import make_site, make_team, make_user
from tests.sites.samples import START, after, fail, see

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return make_site(make_team(members=(make_user("alice"),)), name="shop")


def visit(seconds: float = 0, path: str = "/checkout", status: int = 500, who: str = "a", **more: Any) -> Visit:
    return Visit(after(seconds), status, path, who=who, **({"agent": "Chrome"} | more))


def meet(site: Site, *visits: Visit, at: float | None = None) -> None:
    visitors.record(site, visits, by_log=True, now=after(at) if at is not None else max(v.at for v in visits) + timedelta(seconds=60))


def kinds() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("kind", flat=True))


# --- counted ------------------------------------------------------------------------------------------
def test_every_failure_counts_by_page_and_hour(site):
    meet(site, visit(0, "/order/17"), visit(5, "/order/18", who="b", agent="Firefox", request_id="abc"), visit(3700, "/order/19"))
    first, second = VisitorFailure.objects.order_by("hour")
    assert (first.key, first.count, first.addresses, first.agents) == ("/order/{n}", 2, ["a", "b"], {"Chrome": 1, "Firefox": 1})
    assert (first.first_at, first.last_at, first.request_id, first.path) == (after(0), after(5), "abc", "/order/17")
    assert (second.count, second.sources, second.methods) == (1, {"log": 1}, {"GET": 1})
    meet(site, visit(30, "/order/20", who="c"))
    first.refresh_from_db()
    assert (first.count, first.addresses) == (3, ["a", "b", "c"])


def test_scanner_of_thousand_paths_is_one_row(site):
    meet(site, *(visit(n / 10, f"/door-{chr(97 + n % 26)}{chr(97 + n // 26)}x", junk=True) for n in range(600)))
    assert VisitorFailure.objects.count() == visitors.MOST_KEYS + 1
    assert sum(VisitorFailure.objects.values_list("count", flat=True)) == 600
    assert Incident.objects.count() == VisitorPage.objects.count() == 0


def test_first_reading_of_a_long_log_is_quick(site):
    visits = [visit(-3600 * hour, f"/p/{chr(97 + n % 26)}{chr(97 + n // 26)}", who=str(n)) for hour in range(24) for n in range(60)]
    started = time.process_time()
    meet(site, *visits, at=60)
    meet(site, *visits, at=60)
    assert time.process_time() - started < 15
    assert VisitorFailure.objects.count() == 24 * 60


def test_what_is_old_or_no_server_error_does_not_count(site):
    meet(site, visit(-91 * 86_400), visit(0, status=404), at=60)
    assert VisitorFailure.objects.count() == 0


# --- an incident ----------------------------------------------------------------------------------------
def test_two_visitors_open_an_incident_that_is_mailed_and_probed(site):
    meet(site, visit(0), visit(30, who="b"))
    incident = Incident.objects.get()
    assert (incident.kind, incident.status, incident.scope, incident.paths) == ("server-error", 500, "some-pages", ["/checkout"])
    assert incident.message.startswith("Visitors got HTTP 500 on /checkout 2 times since ")
    assert incident.message.endswith("(2 addresses); from now on our own probes ask for it.")
    assert (incident.first_failure_at, incident.confirmed_by, kinds()) == (START, "2 requests (2 addresses)", ["new"])
    page = site.pages.get(path="/checkout")
    assert page.due_at is not None and page.due_at <= after(90) and "404" in page.expected_statuses
    assert [state.page for state in visitor_pages.added(site)] == [page]
    site.refresh_from_db()
    assert site.verdict == "unknown"


def test_mail_says_who_met_it_and_what_our_probes_see(site):
    meet(site, visit(0), visit(30, who="b"))
    see(site.pages.filter(path="/checkout"), 95)
    deliver_due(after(100))
    mail = Notification.objects.get()
    assert mail.subject == "shop fails for visitors on /checkout (500)"
    assert "Visitors got HTTP 500 on /checkout 2 times since" in mail.body_text
    assert "our own probes of it answer as expected." in mail.body_text and "our own probes of it answer as expected." in mail.body_html
    assert visitor_incidents.refresh_words() == 1
    assert Incident.objects.get().message.endswith("our own probes of it answer as expected.")


@pytest.mark.parametrize(
    "visits",
    [
        [visit(0), visit(10)],  # one visitor, reloaded once
        [visit(0), visit(700, who="b")],
        [visit(0, "/xmlrpc.php", junk=True), visit(5, "/xmlrpc.php", who="b", junk=True), visit(9, "/xmlrpc.php", who="c", junk=True)],
        [visit(0, status=503), visit(30, who="b", status=503), visit(60, who="c", status=503)],  # as during an update
    ],
)
def test_hiccup_wakes_nobody(site, visits):
    meet(site, *visits)
    assert (Incident.objects.count(), VisitorFailure.objects.count()) == (0, len({v.status for v in visits}))


def test_one_visitor_who_reloads_twice_and_503_for_five_minutes_count(site):
    meet(site, visit(0), visit(10), visit(20))
    meet(site, visit(0, "/", status=503), visit(310, "/", status=503, who="b"))
    assert sorted(Incident.objects.values_list("kind", flat=True)) == ["gateway-error", "server-error"]


def test_failures_of_two_readings_are_seen_together(site):
    meet(site, visit(0))
    meet(site, visit(200, who="b"))
    assert VisitorIncident.objects.get().count == 2


def test_further_failures_and_pages_join_it(site):
    meet(site, visit(0), visit(5, who="b"))
    meet(site, visit(100, who="c"))
    meet(site, visit(120, "/cart"), visit(130, "/cart", who="d"))
    incident = Incident.objects.get()
    assert (incident.paths, incident.visitors.count, len(incident.visitors.addresses)) == (["/checkout", "/cart"], 5, 4)
    assert (incident.last_seen_at, kinds()) == (after(130), ["new"])
    assert "5 times" in incident.message


def test_gateway_error_is_an_incident_of_its_own(site):
    meet(site, visit(0), visit(5, who="b"), visit(6, status=502), visit(7, status=504, who="b"))
    assert sorted(Incident.objects.values_list("kind", flat=True)) == ["gateway-error", "server-error"]


def test_burst_that_is_long_over_is_shown_and_not_told(site):
    meet(site, visit(0), visit(5, who="b"), at=2 * 3600)
    assert (Incident.objects.count(), VisitorFailure.objects.count()) == (0, 1)


def test_paused_site_is_only_counted(site):
    Site.objects.filter(pk=site.pk).update(paused_at=START)
    meet(site, visit(0), visit(5, who="b"))
    assert (Incident.objects.count(), VisitorFailure.objects.count()) == (0, 1)


def test_what_an_incident_tells_already_is_only_counted(site):
    fail(site)
    meet(site, visit(-20), visit(10, who="b"), visit(30, "/cart"), visit(40, "/cart", who="b"))
    assert (Incident.objects.count(), kinds(), VisitorFailure.objects.count()) == (1, ["new"], 3)
    see(site.pages.all(), 100), see(site.pages.all(), 130)
    meet(site, visit(120), visit(125, who="b"))
    assert Incident.objects.count() == 1
    meet(site, visit(400), visit(410, who="b"))
    assert Incident.objects.filter(resolved_at=None, visitors__isnull=False).count() == 1


def test_site_in_a_folder_has_paths_of_its_own():
    site = make_site(url="https://agency.example/shop/")
    meet(site, visit(0, "/shop/checkout"), visit(5, "/shop/checkout", who="b"), visit(6, "/blog"), visit(7, "/blog", who="b"))
    assert Incident.objects.get().paths == ["/checkout"]
    assert VisitorFailure.objects.get().path == "/shop/checkout"


# --- its pages ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("more", [{"method": "POST"}, {"path": "/cart/delete/1"}, {"path": "/reset/[removed]"}])
def test_page_that_may_do_something_is_not_probed(site, more):
    meet(site, visit(0, **more), visit(5, who="b", **more))
    assert (Incident.objects.count(), site.pages.count()) == (1, 1)
    assert "it is not a page that our probes can ask for" in Incident.objects.get().message


def test_few_pages_are_added_and_one_taken_out_does_not_come_back(site):
    for name in "abcdefgh":
        meet(site, visit(0, f"/{name}"), visit(5, f"/{name}", who="b"))
    assert len(visitor_pages.added(site)) == visitor_pages.MOST_ADDED
    page = site.pages.get(path="/a")
    assert visitor_pages.take_out(site, page.pk) == "/a" and visitor_pages.take_out(site, site.pages.first().pk) == ""
    meet(site, visit(60, "/a"), visit(65, "/a", who="b"))
    assert not site.pages.filter(path="/a").exists()


# --- our own probes ---------------------------------------------------------------------------------------
def test_probe_that_confirms_it_goes_on_with_the_same_incident(site):
    see(site.pages.all(), -5)
    meet(site, visit(0), visit(5, who="b"))
    page = site.pages.get(path="/checkout")
    see([page], 70, Kind.SERVER_ERROR), see([page], 75, Kind.SERVER_ERROR)
    incident = Incident.objects.get()
    assert (is_of_visitors(incident), incident.excerpt, kinds()) == (False, "Internal Server Error", ["new"])
    assert incident.visitors.seen_by_probe_at == after(75)
    meet(site, visit(100), visit(105, who="b"))
    see(site.pages.all(), 200), see(site.pages.all(), 230)
    incident.refresh_from_db()
    assert (incident.resolution, kinds(), Incident.objects.count()) == ("recovery", ["new", "recovery"], 1)


def test_site_that_fails_altogether_is_another_incident(site):
    meet(site, visit(0), visit(5, who="b"))
    fail(site, 70)
    assert Incident.objects.filter(resolved_at=None).count() == 2
    assert kinds() == ["new", "new"]


def test_good_probes_of_other_pages_do_not_end_it(site):
    meet(site, visit(0), visit(5, who="b"))
    home = list(site.pages.filter(path="/"))
    see(home, 70, Kind.SERVER_ERROR), see(home, 75, Kind.SERVER_ERROR), see(home, 100), see(home, 130)
    assert Incident.objects.filter(resolved_at=None, paths=["/checkout"]).exists()


# --- its end ------------------------------------------------------------------------------------------
def read_until(site: Site, seconds: float, lag_s: int = 0) -> None:
    watch = visitors.watch_of(site)
    watch.log_read_at, watch.log_lag_s = after(seconds), lag_s
    watch.save()


def test_it_ends_when_no_visitor_met_it_and_the_log_says_so(site):
    meet(site, visit(0), visit(5, who="b"))
    see(site.pages.all(), 70)
    assert visitor_incidents.resolve_quiet(after(1900)) == 0  # nobody has read the log since
    read_until(site, 1900, lag_s=300)
    assert visitor_incidents.resolve_quiet(after(1900)) == 0
    read_until(site, 2200, lag_s=300)
    assert visitor_incidents.resolve_quiet(after(2200)) == 1
    incident = Incident.objects.get()
    assert (incident.resolution, kinds()) == ("recovery", ["new", "recovery"])
    assert "No visitor met it for 30 min" in incident.entries.last().text
    assert "No visitor met it" in Notification.objects.get(kind="recovery").why


def test_page_that_is_not_probed_needs_a_longer_quiet(site):
    meet(site, visit(0, method="POST"), visit(5, who="b", method="POST"))
    read_until(site, 3600)
    assert visitor_incidents.resolve_quiet(after(3600)) == 0
    read_until(site, 7300)
    assert visitor_incidents.resolve_quiet(after(7300)) == 1


def test_page_that_fails_for_our_probes_keeps_it_open(site):
    meet(site, visit(0), visit(5, who="b"))
    Page.objects.filter(path="/checkout").update(verdict="suspect")
    read_until(site, 99_999)
    assert visitor_incidents.resolve_quiet(after(9000)) == 0


def test_back_within_half_an_hour_is_silent_and_later_a_regression(site):
    def end(seconds: float) -> None:
        see(site.pages.all(), seconds)
        read_until(site, seconds)
        assert visitor_incidents.resolve_quiet(after(seconds)) == 1

    meet(site, visit(0), visit(5, who="b"))
    end(1900)
    meet(site, visit(2500), visit(2505, who="b"))
    first = Incident.objects.get()
    assert (first.is_open, first.reopened, kinds()) == (True, 1, ["new", "recovery"])
    end(4400)
    meet(site, visit(20_000), visit(20_005, who="b"))
    second = Incident.objects.exclude(pk=first.pk).get()
    assert (second.regression_of, kinds()) == (first, ["new", "recovery", "regression"])


def test_person_may_close_it(site):
    meet(site, visit(0), visit(5, who="b"))
    assert incident_endings.resolve(Incident.objects.get(), make_user("bob"))
    assert visitor_incidents.resolve_quiet(after(9000)) == 0


# --- kept ---------------------------------------------------------------------------------------------
def test_rows_are_kept_for_ninety_days_and_not_too_many(site, monkeypatch):
    monkeypatch.setattr(visitors, "MOST_ROWS", 5)
    meet(site, *(visit(-3600 * n, "/old", junk=True) for n in range(9)), visit(-89 * 86_400), at=60)
    VisitorReport.objects.create(site=site, digest="x", at=timezone.now() - timedelta(days=3))
    assert visitors.prune(after(60)) == {"failures": 5, "pages": 0, "reports": 0}
    assert VisitorFailure.objects.count() == 5
    assert visitors.prune(after(92 * 86_400))["failures"] == 5
