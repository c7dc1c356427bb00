"""Request ids, proxies that are trusted or not, and the person's time zone."""

from __future__ import annotations

import ipaddress

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from config import middleware


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
