"""What every request passes: an id, the person's true address, their time zone, and a policy for the browser."""

from __future__ import annotations

import ipaddress
import secrets
import zoneinfo
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from config import error_views, logs
from config.env import is_time_zone
from diagnostics.connections import purposes

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


class PersonMiddleware:
    """Whatever a page does on a hosting account was asked for by the person who looks at it: it is noted so."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with purposes.by(request.user):
            return self.get_response(request)


class NoNulMiddleware:
    """No name, search or text has a NUL in it, and PostgreSQL stores none: an address with one leads nowhere, a form with one is refused.

    In a query string it is left out, so that a search pasted from somewhere odd still finds something. What is exempt from CSRF
    protection reads its own body.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            return error_views.not_found(request)
        if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.META.get("QUERY_STRING", ""):
            given = request.GET.copy()
            for name, values in list(given.lists()):
                del given[name]
                given.setlist(name.replace("\x00", ""), [value.replace("\x00", "") for value in values])
            given._mutable = False
            request.GET = given
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_args: Any) -> HttpResponse | None:
        """Once it is known which view gets the form."""
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return None
        if any("\x00" in text for name, values in request.POST.lists() for text in (name, *values)):
            return error_views.bad_request(request)
        return None


class PrivatePagesMiddleware:
    """Pages of logged-in people are kept by no cache: not a proxy's, nor the browser's own, which the next person at the desk could open.

    Whoever has a session cookie counts as logged in: looking further would ask the database on error pages too.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES or settings.SESSION_COOKIE_NAME in response.cookies:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response
