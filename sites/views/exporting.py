"""The sites that are filtered now, to take away."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from sites.many import exporting, selecting
from sites.many.selecting import Wanted
from sites.models import Site


@require_safe
def as_csv(request: HttpRequest) -> StreamingHttpResponse:
    """In the columns of an import."""
    return _file(exporting.csv_lines(_wanted(request)), "text/csv; charset=utf-8", "csv")


@require_safe
def as_json(request: HttpRequest) -> StreamingHttpResponse:
    """The same as JSON."""
    return _file(exporting.json_lines(_wanted(request)), "application/json", "json")


def _wanted(request: HttpRequest) -> QuerySet[Site]:
    return selecting.matching(selecting.own_sites(request.user), Wanted.of(request.GET))


def _file(lines: Iterator[str], kind: str, ending: str) -> StreamingHttpResponse:
    day = timezone.localdate().isoformat()
    return StreamingHttpResponse(
        lines, content_type=kind, headers={"Content-Disposition": f'attachment; filename="sitemend-sites-{day}.{ending}"'}
    )
