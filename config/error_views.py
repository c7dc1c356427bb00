"""The pages for 400, 403, 404 and 500. They touch no database, so that they also work when it is what failed."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist, loader

_TEXTS = {
    400: "Bad request: the address or the form was not understood.",
    403: "Not allowed.",
    404: "Not found.",
    500: "Something went wrong on our side; nothing was changed on your sites.",
}


def _page(request: HttpRequest, status: int, template: str = "") -> HttpResponse:
    request_id = getattr(request, "request_id", "")
    try:
        # No context processors: they would ask the database who is logged in.
        context = {"request": request, "request_id": request_id, "support_url": settings.SITEMEND_SUPPORT_URL}
        text = loader.get_template(template or f"{status}.html").render(context)
    except TemplateDoesNotExist:
        return HttpResponse(f"{_TEXTS[status]} Request {request_id}\n", status=status, content_type="text/plain; charset=utf-8")
    return HttpResponse(text, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return _page(request, 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    return _page(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403, for a form whose token is missing or too old."""
    return _page(request, 403, "403_csrf.html")
