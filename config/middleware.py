"""What every request passes: an id, the person's true address, their time zone, and a policy for the browser."""

from __future__ import annotations

import ipaddress
import secrets
import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from config import logs
from config.env import is_time_zone

Next = Callable[[HttpRequest], HttpResponse]

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "HTTP_FORWARDED")
_PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in ("accelerometer", "camera", "geolocation", "gyroscope", "magnetometer", "microphone", "midi", "payment", "usb")
)
TIME_ZONE_COOKIE = "tz"


class RequestIdMiddleware:
    """`request.request_id`, in the header X-Request-Id and in every log line. Made here, never taken from outside."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = secrets.token_hex(8)
        token = logs.request_id.set(request.request_id)
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-Id"] = request.request_id
        return response


class TrustedProxyMiddleware:
    """Forwarded addresses and schemes count only when they come from one of SITEMEND_TRUSTED_PROXIES, else they are dropped."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        forwarded = {name: request.META.pop(name, "") for name in _FORWARDED}
        if _is_trusted(request.META.get("REMOTE_ADDR", "")):
            address = _last_untrusted(forwarded["HTTP_X_FORWARDED_FOR"])
            if address:
                request.META["REMOTE_ADDR"] = address
            scheme = forwarded["HTTP_X_FORWARDED_PROTO"].strip().lower()
            if scheme in ("http", "https"):
                request.META["wsgi.url_scheme"] = scheme
        return self.get_response(request)


def _is_trusted(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in settings.SITEMEND_TRUSTED_PROXIES)


def _last_untrusted(header: str) -> str:
    """The nearest address that is no proxy of ours: what stands left of it, the client may have invented."""
    for part in reversed([piece.strip() for piece in header.split(",")]):
        try:
            ipaddress.ip_address(part)
        except ValueError:
            return ""
        if not _is_trusted(part):
            return part
    return ""


class PermissionsPolicyMiddleware:
    """No page of ours needs a camera, a position or the like."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        return response


class TimeZoneMiddleware:
    """Times are shown in the zone that the cookie `tz` names, else in SITEMEND_TIME_ZONE."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get(TIME_ZONE_COOKIE, "")
        if not is_time_zone(name):
            return self.get_response(request)
        with timezone.override(zoneinfo.ZoneInfo(name)):
            return self.get_response(request)
