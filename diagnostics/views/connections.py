"""What each kind of connection can do: the page that explains which to choose."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from diagnostics.connections import abilities
from sites.models import Host


@require_GET
def kinds(request: HttpRequest) -> HttpResponse:
    """The matrix."""
    named = dict(Host.Protocol.choices)
    context = {
        "rows": abilities.matrix(),
        "kinds": [(kind, named.get(kind, kind.upper())) for kind in abilities.KINDS],
        "section": "settings",
    }
    return TemplateResponse(request, "diagnostics/connection_kinds.html", context)
