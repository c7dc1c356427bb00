"""One cause on many sites: what would be changed on each, one first, then the others; how far it is; undo."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from .. import access
from ..joint import planning, running, showing
from ..repairing import RepairRefused

_NUMBER = 18  # digits that a key of the database can have


@require_GET
def show(request: HttpRequest, incident_pk: int) -> HttpResponse:
    """The sites that share the cause of this incident, and what would be changed on each."""
    incident = access.get_incident(request, incident_pk)
    if standing := running.open_run(incident):
        return redirect("diagnostics:joint", standing.pk)
    group = planning.group_of(incident)
    found = planning.candidates(group)
    if not found:
        messages.info(request, _("No other site fails from this cause now."))
        return redirect("sites:incident", incident.pk)
    context = {"incident": incident, "candidates": found, "first": next((each for each in found if each.offer), None)}
    if context["first"] is None:
        context["message"] = planning.words_for_others(incident, group)
    context |= {"may_write": access.may_write(request, incident.site.team_id), "section": "incidents"}
    return TemplateResponse(request, "diagnostics/together.html", context)


@require_POST
def begin(request: HttpRequest, incident_pk: int) -> HttpResponse:
    """Repairs the chosen one, as the page showed it."""
    incident = access.get_incident(request, incident_pk, write=True)
    chosen = _number(request.POST.get("first", ""))
    try:
        joint = running.begin(incident, chosen, request.POST.get(f"digest-{chosen}", ""), request.user)
    except RepairRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("diagnostics:together", incident.pk)
    return redirect("diagnostics:joint", joint.pk)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _NUMBER else 0


@require_GET
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is on each site, and the one decision that is next."""
    joint = access.get_joint(request, pk)
    context = showing.page(joint) | {"may_write": access.may_write(request, joint.team_id), "section": "incidents"}
    return TemplateResponse(request, "diagnostics/joint.html", context)


@require_POST
def allow(request: HttpRequest, pk: int) -> HttpResponse:
    """Yes to the others that are marked, each as it was shown."""
    joint = access.get_joint(request, pk, write=True)
    chosen = {_number(text): request.POST.get(f"digest-{text}", "") for text in request.POST.getlist("site")[: planning.MOST_SITES]}
    try:
        running.allow(joint, chosen, request.user)
    except RepairRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("diagnostics:joint", joint.pk)


@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Has the others read once more."""
    joint = access.get_joint(request, pk, write=True)
    count = running.read_again(joint, request.user)
    messages.info(request, ngettext("%(n)d site is being read.", "%(n)d sites are being read.", count) % {"n": count})
    return redirect("diagnostics:joint", joint.pk)


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """No further site is begun."""
    joint = access.get_joint(request, pk, write=True)
    if not running.stop(joint, request.user):
        messages.info(request, _("It had ended already. What came out stands below."))
    return redirect("diagnostics:joint", joint.pk)


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes back every change of the run, byte for byte, each on its own site."""
    joint = access.get_joint(request, pk, write=True)
    asked, refused = running.undo_all(joint, request.user)
    if asked:
        messages.success(request, ngettext("%(n)d change is being undone.", "%(n)d changes are being undone.", asked) % {"n": asked})
    elif not refused:
        messages.info(request, _("There is nothing left to undo."))
    for why in refused[:5]:
        messages.error(request, why)
    return redirect("diagnostics:joint", joint.pk)
