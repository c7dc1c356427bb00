from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.utils import timezone

from sites import recording, signals
from sites.models import Deployment, Incident, MaintenanceWindow, Notification, Page, Site
from sites.probing.outcome import Kind, Purpose
from sites.windows import deploying, maintenance
from tests.factories import make_site, make_team, make_user
from tests.http_server import HttpServer, Reply
from tests.sites.samples import START, after, fail, see

pytestmark = pytest.mark.django_db

MINUTE = 60


@pytest.fixture
def site() -> Site:
    made = make_site(make_team(members=(make_user("alice"),)), name="shop", paths=("/cart",))
    see(made.pages.all(), -30)
    return made


def mails() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("kind", flat=True))


def test_deployment_opens_a_window_of_fifteen_minutes(site):
    deployment = deploying.start(site, now=START)
    window = maintenance.running(site, after(1))
    assert window is not None and (window.ends_at, window.title) == (after(15 * MINUTE), "Deployment")
    assert (deployment.ends_at, deploying.running(site)) == (after(15 * MINUTE), deployment)
    assert maintenance.running(site, after(15 * MINUTE)) is None


def test_pages_are_probed_quickly_but_not_more_often_than_every_15_s(site):
    Page.objects.update(due_at=after(3600))
    deploying.start(site, now=START)
    assert set(Page.objects.values_list("due_at", flat=True)) == {START}
    see(site.pages.all(), 1)
    Page.objects.update(due_at=after(3600))
    deploying.watch(after(10))
    assert set(Page.objects.values_list("due_at", flat=True)) == {after(3600)}
    deploying.watch(after(16))
    assert set(Page.objects.values_list("due_at", flat=True)) == {after(16)}


def test_site_with_many_pages_is_probed_more_slowly():
    site = make_site(paths=[f"/{n}" for n in range(19)])
    see(site.pages.all(), 0)
    deploying.start(site, now=after(1))
    Page.objects.update(due_at=after(3600))
    deploying.watch(after(29))
    assert set(Page.objects.values_list("due_at", flat=True)) == {after(3600)}
    deploying.watch(after(30))
    assert set(Page.objects.values_list("due_at", flat=True)) == {after(30)}


def test_page_that_refuses_probes_is_not_asked_more_often(site):
    see(site.pages.all(), 0, Kind.BLOCKED)
    due = set(Page.objects.values_list("due_at", flat=True))
    deploying.start(site, now=after(1))
    deploying.watch(after(60))
    assert set(Page.objects.values_list("due_at", flat=True)) == due


def test_second_start_gives_more_time_and_never_less(site):
    first = deploying.start(site, 15, now=START)
    second = deploying.start(site, 30, now=after(10 * MINUTE))
    third = deploying.start(site, 5, now=after(11 * MINUTE))
    assert first == second == third
    assert (third.ends_at, Deployment.objects.count(), MaintenanceWindow.objects.count()) == (after(40 * MINUTE), 1, 1)
    window = maintenance.running(site, after(39 * MINUTE))
    assert window is not None and window.ends_at == after(40 * MINUTE)


def test_well_at_the_end_is_a_result_and_no_mail(site, django_capture_on_commit_callbacks):
    told = []
    signals.deployment_finished.connect(lambda **facts: told.append((facts["site_id"], facts["result"])), weak=False, dispatch_uid="t")
    try:
        deploying.start(site, now=START)
        fail(site, 60)  # while files are copied
        see(site.pages.all(), 120), see(site.pages.all(), 150)
        deploying.watch(after(15 * MINUTE))
        assert deploying.running(site) is not None
        see(site.pages.all(), 15 * MINUTE + 2)
        with django_capture_on_commit_callbacks(execute=True):
            assert deploying.watch(after(15 * MINUTE + 5)) == 1
    finally:
        signals.deployment_finished.disconnect(dispatch_uid="t")
    [deployment] = deploying.last_ones(site)
    assert (deployment.result, deployment.summary) == ("well", "All 2 pages answer as expected.")
    assert (told, mails(), deploying.running(site)) == ([(site.pk, "well")], [], None)


def test_not_well_at_the_end_is_mailed_at_once(site):
    deploying.start(site, now=START)
    cart = site.pages.get(path="/cart")
    for seconds in (60, 65, 120):
        see([cart], seconds, Kind.SERVER_ERROR)
    assert mails() == []
    deploying.finish(site, after(180))
    assert not Page.objects.filter(due_at__gt=after(180)).exists()
    see(site.pages.exclude(pk=cart.pk), 181)
    see([cart], 181, Kind.SERVER_ERROR)
    assert (mails(), Incident.objects.get().held_at) == (["new"], None)
    deploying.watch(after(183))
    [deployment] = deploying.last_ones(site)
    assert (deployment.result, deployment.summary) == ("not-well", "/cart answers 500.")


def test_failure_that_shows_only_after_the_end_is_confirmed_before_the_result(site):
    deploying.start(site, now=START)
    deploying.finish(site, after(60))
    home, cart = site.pages.all()
    see([home], 61)
    see([cart], 61, Kind.SERVER_ERROR)
    assert deploying.watch(after(62)) == 0
    see([cart], 66, Kind.SERVER_ERROR, purpose=Purpose.CONFIRMATION)
    assert (deploying.watch(after(67)), mails()) == (1, ["new"])
    assert deploying.last_ones(site)[0].result == "not-well"


def test_recovery_that_is_being_confirmed_is_waited_for(site):
    deploying.start(site, now=START)
    fail(site, 20)
    deploying.finish(site, after(60))
    see(site.pages.all(), 61)
    assert deploying.watch(after(62)) == 0
    see(site.pages.all(), 91)
    deploying.watch(after(92))
    assert (deploying.last_ones(site)[0].result, mails()) == ("well", [])


def test_page_that_still_shows_maintenance_is_not_well(site):
    deploying.start(site, now=START)
    deploying.finish(site, after(60))
    see(site.pages.all(), 61, Kind.MAINTENANCE)
    deploying.watch(after(62))
    assert deploying.last_ones(site)[0].summary == "/, /cart still shows a maintenance page."


def test_result_is_not_known_when_no_probe_comes(site):
    deploying.start(site, now=START)
    deploying.finish(site, after(60))
    assert deploying.watch(after(120)) == 0
    assert deploying.watch(after(60 + 180)) == 1
    assert deploying.last_ones(site)[0].result == "not-known"


def test_start_while_the_last_probes_are_made_begins_another(site):
    first = deploying.start(site, now=START)
    deploying.finish(site, after(60))
    second = deploying.start(site, now=after(62))
    first.refresh_from_db()
    assert (first.result, second.pk == first.pk, deploying.running(site)) == ("not-known", False, second)


def test_done_without_a_deployment_does_nothing(site):
    assert deploying.finish(site) is None


def test_hook_is_known_by_its_token_only_and_the_new_one_replaces_the_old(site):
    first = deploying.make_hook(site)
    assert first.token not in str(vars(first.hook))
    assert deploying.hook_of(first.token) == first.hook
    second = deploying.make_hook(site)
    assert (deploying.hook_of(first.token), deploying.hook_of(second.token)) == (None, second.hook)
    assert deploying.revoke_hook(site) and deploying.hook_of(second.token) is None


def test_whole_deployment_of_a_real_site(settings):
    """From the button to the mail, with the engine that probes."""
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with HttpServer() as server:
        server.route("/", Reply(200))
        site = make_site(make_team(members=(make_user(),)), url=server.url("/"))
        pages = list(site.pages.select_related("site"))
        recording.record_batch(recording.probe_pages(pages, Purpose.ROUTINE))
        deploying.start(site)
        server.route("/", Reply(500, b"<h1>Internal Server Error</h1>"))
        for purpose in (Purpose.ROUTINE, Purpose.CONFIRMATION):
            recording.record_batch(recording.probe_pages(pages, purpose))
        assert (site.incidents.count(), mails()) == (1, [])
        deploying.finish(site)
        recording.record_batch(recording.probe_pages(list(site.pages.select_related("site")), Purpose.ROUTINE))
        assert deploying.watch(timezone.now() + timedelta(seconds=1)) == 1
    assert (deploying.last_ones(site)[0].result, mails()) == ("not-well", ["new"])
