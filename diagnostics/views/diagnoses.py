"""Diagnoses: asked for by a person, and what one of them concluded."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sites.judging import Verdict

from .. import access, diagnosing, explaining
from ..models import Diagnosis


@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for a diagnosis of a site; it only reads."""
    site = access.get_site(request, pk, write=True)
    if site.host is None:
        messages.error(request, _("There is no hosting account for this site yet: without it, nothing can be read."))
        return redirect("diagnostics:site-connect", site.pk)
    diagnosis = diagnosing.request(site, site.incidents.filter(resolved_at=None).first(), request.user)
    return redirect("diagnostics:diagnosis", diagnosis.pk)


@require_GET
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One diagnosis, while it runs and after."""
    rows = Diagnosis.objects.filter(site__team__memberships__user=request.user, site__deleted_at=None)
    rows = rows.select_related("site__host", "incident")
    diagnosis = get_object_or_404(rows.prefetch_related("findings"), pk=pk)
    running = diagnosis.state in (Diagnosis.State.QUEUED, Diagnosis.State.RUNNING)
    site = diagnosis.site
    context = {
        "diagnosis": diagnosis,
        "findings": diagnosis.findings.all(),
        "parts": explaining.parted(diagnosis.findings.all()),
        "site": site,
        "running": running,
        "failing": site.verdict in (Verdict.DOWN, Verdict.SUSPECT),
        "may_write": access.may_write(request, site.team_id),
        "section": "sites",
    }
    return TemplateResponse(request, "diagnostics/diagnosis.html", context)
