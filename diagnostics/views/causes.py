"""The catalogue of causes, each explained, with how often and where it was seen here."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from .. import catalogue
from ..causes import CAUSES


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every cause in groups, those met here first. `?q=` looks for words in what each means."""
    words = request.GET.get("q", "")[:100].strip()
    context = {"groups": catalogue.groups(request.user, words), "q": words, "count": len(CAUSES), "section": "repairs"}
    return TemplateResponse(request, "diagnostics/causes.html", context)


@require_GET
def show(request: HttpRequest, code: str) -> HttpResponse:
    """One cause in plain words, where it was seen, and what can be done about it."""
    if code not in CAUSES:
        raise Http404
    return TemplateResponse(request, "diagnostics/cause.html", {**catalogue.about(request.user, code), "section": "repairs"})
