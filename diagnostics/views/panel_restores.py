"""What the guided repair puts back through the host: databases, single files of its snapshots, the whole storage."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from diagnostics import access, other_looks, repairing
from diagnostics.models import RepairCase
from diagnostics.panels import connecting, databases, starting, stopping, storage
from diagnostics.restoring import from_snapshots
from sites import read_only

_MOST_TYPED = 20_000


def _back(case: RepairCase, guide_step: str) -> HttpResponse:
    return redirect(f"{reverse('diagnostics:repair', args=[case.pk])}?{urlencode({'step': guide_step})}")


@require_POST
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Looks at what the host keeps of databases or files. Changes nothing."""
    case = access.get_case(request, pk, write=True)
    which = request.POST.get("which", "")
    plain = [(from_snapshots.PLAIN, "1")] if request.POST.get("plain") == "1" else []
    try:
        repairing.look_elsewhere(case, which, request.user, plain)
    except repairing.RepairRefused as refusal:
        messages.error(request, str(refusal))
    other = other_looks.LOOKS.get(which)
    return _back(case, other.guide_step if other else "")


@require_POST
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    """Has a copy made of what a database holds now."""
    case = access.get_case(request, pk, write=True)
    try:
        databases.start_copy(case, request.POST.get("database", "")[:100], request.user)
    except starting.Refused as refusal:
        messages.error(request, str(refusal))
    return _back(case, databases.GUIDE_STEP)


@require_http_methods(["GET", "POST"])
def database(request: HttpRequest, pk: int) -> HttpResponse:
    """What putting a copy of a database back would do, with the one button that starts it."""
    case = access.get_case(request, pk, write=True)
    given = request.POST if request.method == "POST" else request.GET
    name, dump = given.get("database", "")[:100], given.get("dump", "")[:20]
    if request.method == "POST":
        try:
            databases.start(case, name, dump, given.get("digest", ""), request.user)
        except starting.Refused as refusal:
            messages.error(request, str(refusal))
        return _back(case, databases.GUIDE_STEP)
    stored = databases.told(case)
    plan = databases.plan(case.site, stored, name, dump) if stored else None
    if plan is None:
        messages.error(request, _("Read the databases first, then choose one of their copies."))
        return _back(case, databases.GUIDE_STEP)
    return TemplateResponse(request, "diagnostics/panel_database_plan.html", _context(case, plan))


@require_http_methods(["GET", "POST"])
def whole_storage(request: HttpRequest, pk: int) -> HttpResponse:
    """What putting all files of the hosting back would do; it is started only by typing the name of every site that it concerns."""
    case = access.get_case(request, pk, write=True)
    given = request.POST if request.method == "POST" else request.GET
    backup = given.get("to", "")[:20]
    plan = storage.plan(case, backup)
    context = _context(case, plan)
    if request.method == "POST":
        typed = given.get("typed", "")[:_MOST_TYPED]
        try:
            storage.start(case, backup, given.get("digest", ""), typed, request.user)
        except starting.Refused as refusal:
            if plan is not None and storage.names_all(plan, typed):
                return TemplateResponse(request, "diagnostics/panel_storage_plan.html", {**context, "typed": typed, "error": str(refusal)})
            messages.error(request, str(refusal))
        return _back(case, storage.GUIDE_STEP)
    if plan is None:
        messages.error(request, _("Look first whether all files could be put back, then choose a day."))
        return _back(case, storage.GUIDE_STEP)
    return TemplateResponse(request, "diagnostics/panel_storage_plan.html", context)


def _context(case: RepairCase, plan: object) -> dict[str, object]:
    why = read_only.words(case.site) or stopping.known(case.site.host)
    simulated = connecting.simulated()
    return {"case": case, "site": case.site, "plan": plan, "stopped": why, "panel_simulated": simulated, "section": "repairs"}
