from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.utils import timezone

from sites.health import deadman
from sites.health import watching as health
from sites.models import BehindAlarm, Page, SignOfLife, Site
from tests.factories import make_site
from tests.http_server import HttpServer, Reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings):
    """An outside service, which lies on this machine for the test."""
    settings.SITEMEND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with HttpServer() as server:
        server.route("/ping/secret", Reply(200, b"OK", content_type="text/plain"))
        settings.SITEMEND_DEADMAN_URL = server.url("/ping/secret")
        yield server


def detail() -> dict[str, object]:
    return SignOfLife.objects.get(name=health.DEAD_MAN).detail


def test_service_is_called_while_all_is_in_order(service):
    make_site()
    Page.objects.update(last_at=timezone.now(), due_at=timezone.now() + timedelta(seconds=50))
    assert deadman.ping()
    assert [request.target for request in service.requests] == ["/ping/secret"]
    assert detail()["status"] == 200 and detail()["last_good_at"]


def test_service_is_called_while_there_is_nothing_to_watch(service):
    assert deadman.ping()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("late", "Probing is"),
        ("silent", "No probe has brought a result"),
        ("alarm", "Sites are not probed in time"),
    ],
)
def test_service_is_not_called_when_something_is_wrong(service, wrong, said):
    now = timezone.now()
    make_site()
    Page.objects.update(last_at=now, anchor_at=now, due_at=now + timedelta(seconds=50))
    if wrong == "late":
        Page.objects.update(due_at=now - timedelta(seconds=90))
    if wrong == "silent":
        Site.objects.update(created_at=now - timedelta(days=1))
        Page.objects.update(last_at=now - timedelta(minutes=11))
    if wrong == "alarm":
        BehindAlarm.objects.create(began_at=now, not_probed_since=now, most_sites=1, told_at=now)
    assert not deadman.ping(now)
    assert service.requests == [] and said in detail()["held_back"]


def test_refusal_of_the_service_is_kept_with_the_last_good_call(service):
    deadman.ping()
    good = detail()["last_good_at"]
    service.route("/ping/secret", Reply(404))
    assert not deadman.ping()
    assert (detail()["last_good_at"], detail()["status"], "error" in detail()) == (good, 404, True)


def test_service_that_does_not_answer_is_no_failure_of_ours(service, settings):
    settings.SITEMEND_DEADMAN_URL = "http://127.0.0.1:9/"
    assert not deadman.ping()
    assert detail()["error"]


def test_closed_network_is_not_called(service, settings):
    settings.SITEMEND_ALLOWED_NETWORKS = ()
    assert not deadman.ping()
    assert service.requests == [] and detail()["error"]


def test_nothing_is_called_without_an_address(settings):
    settings.SITEMEND_DEADMAN_URL = ""
    assert not deadman.ping() and not SignOfLife.objects.exists()


def test_shown_address_holds_no_secret(service):
    assert deadman.shown_url() == "http://127.0.0.1/…"
