"""The catalogue of causes, each explained, with how often it was seen here."""

from __future__ import annotations

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from sites.queries import own_incidents

from ..causes import CAUSES


def _seen(request: HttpRequest) -> dict[str, int]:
    rows = own_incidents(request.user).exclude(cause="")
    return dict(rows.values_list("cause").annotate(times=Count("id")).order_by())


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every cause, those met here first."""
    seen = _seen(request)
    rows = sorted(({"cause": cause, "times": seen.get(cause.code, 0)} for cause in CAUSES.values()), key=lambda row: -row["times"])
    return TemplateResponse(request, "diagnostics/causes.html", {"rows": rows, "section": "repairs"})


@require_GET
def show(request: HttpRequest, code: str) -> HttpResponse:
    """One cause in plain words."""
    cause = CAUSES.get(code)
    if cause is None:
        raise Http404
    incidents = own_incidents(request.user).filter(cause=code).select_related("site")
    alike = [CAUSES[each] for each in cause.confused_with if each in CAUSES]
    context = {"cause": cause, "alike": alike, "incidents": incidents[:20], "times": incidents.count(), "section": "repairs"}
    return TemplateResponse(request, "diagnostics/cause.html", context)
