"""Request ids, proxies that are trusted or not, and the person's time zone."""

from __future__ import annotations

import ipaddress

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from config import middleware
from tests.factories import make_site, make_team, make_user


def through(layer: type, request: HttpRequest, seen: dict[str, object]) -> HttpResponse:
    def page(inner: HttpRequest) -> HttpResponse:
        seen.update(
            address=inner.META["REMOTE_ADDR"], scheme=inner.scheme, zone=timezone.get_current_timezone_name(), meta=dict(inner.META)
        )
        return HttpResponse("ok")

    return layer(page)(request)


@pytest.mark.parametrize(
    ("remote", "forwarded", "address", "scheme"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9", "http"),  # not a proxy of ours: what it claims is dropped
        ("10.0.0.1", "198.51.100.1", "198.51.100.1", "https"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1", "https"),  # 1.2.3.4 was invented by the client
        ("10.0.0.1", "nonsense", "10.0.0.1", "https"),
        ("10.0.0.1", "", "10.0.0.1", "https"),
    ],
)
def test_forwarded_address_counts_only_from_trusted_proxies(settings, remote: str, forwarded: str, address: str, scheme: str) -> None:
    settings.SITEMEND_TRUSTED_PROXIES = (ipaddress.ip_network("10.0.0.0/24"),)
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded, HTTP_X_FORWARDED_PROTO="https")
    seen: dict[str, object] = {}
    through(middleware.TrustedProxyMiddleware, request, seen)
    assert (seen["address"], seen["scheme"]) == (address, scheme)
    assert not [name for name in seen["meta"] if name.startswith("HTTP_X_FORWARDED")]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("cookie", "zone"), [("Europe/Paris", "Europe/Paris"), ("../etc/passwd", "UTC"), ("Nowhere/City", "UTC"), ("", "UTC")]
)
def test_time_zone_is_that_of_the_cookie_if_it_is_one(cookie: str, zone: str) -> None:
    request = RequestFactory().get("/")
    request.COOKIES["tz"] = cookie
    seen: dict[str, object] = {}
    through(middleware.TimeZoneMiddleware, request, seen)
    assert seen["zone"] == zone
    assert timezone.get_current_timezone_name() == "UTC"


def test_request_id_from_outside_is_not_taken() -> None:
    request = RequestFactory().get("/", HTTP_X_REQUEST_ID="mine")
    response = through(middleware.RequestIdMiddleware, request, {})
    assert response["X-Request-Id"] == request.request_id != "mine"


@pytest.mark.django_db
def test_pages_of_logged_in_people_are_kept_by_no_cache(client: Client) -> None:
    assert "no-store" not in client.get("/no/such/page/").headers.get("Cache-Control", "")
    client.force_login(make_user())
    assert {client.get(path).headers["Cache-Control"] for path in ("/", "/settings/", "/no/such/page/")} == {"private, no-store"}


@pytest.mark.django_db
def test_static_files_may_be_cached_by_whoever_is_logged_in(settings) -> None:
    settings.WHITENOISE_USE_FINDERS = True
    client = Client()  # made after the change: middleware reads its settings at the start
    client.force_login(make_user())
    answer = client.get("/static/css/tokens.css")
    assert answer.status_code == 200 and "no-store" not in answer.headers.get("Cache-Control", "")


@pytest.mark.django_db
def test_nul_in_a_search_is_left_out(client: Client) -> None:
    user = make_user()
    make_site(make_team(members=(user,)), name="bakery")
    client.force_login(user)
    answer = client.get("/?q=bak%00ery&%00=1&only=%00")
    assert answer.status_code == 200 and "bakery" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/first-run/%00/", "/causes/a%00b/", "/deploy/%00/start", "/static/%00.css"])
def test_nul_in_an_address_leads_nowhere(client: Client, path: str) -> None:
    client.force_login(make_user())
    assert client.get(path).status_code == 404


@pytest.mark.django_db
def test_form_with_a_nul_is_refused(client: Client) -> None:
    client.force_login(make_user())
    assert client.post("/sites/new/", {"name": "a\x00b", "url": "https://shop.example/"}).status_code == 400
    assert client.post("/login/", {"username": "\x00", "password": "x", "next": "/\x00"}).status_code == 400
