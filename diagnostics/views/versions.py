"""Where an undo was refused: the three versions of each file, and what a person chooses about it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from diagnostics.changes import settling, versions
from sites.credentials import SecretUnreadable

from .. import access, repairing
from ..forms import ChoiceForm


@require_GET
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """What it was before our change, what we wrote, what is there now; nothing is read from the host for this page."""
    step = access.get_step(request, pk)
    try:
        found, problem = versions.of_step(step), ""
    except SecretUnreadable as error:
        found, problem = [], str(error)
    context = {"step": step, "case": step.case, "site": step.case.site, "found": found, "problem": problem, "section": "repairs"}
    context["may_write"] = access.may_write(request, step.case.site.team_id)
    return TemplateResponse(request, "diagnostics/versions.html", context)


@require_POST
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """One of the choices, exactly as the page showed it."""
    step = access.get_step(request, pk, write=True)
    form = ChoiceForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("This can no longer be chosen. Nothing was written. Look again."))
        return redirect("diagnostics:versions", step.pk)
    try:
        made = settling.choose(step, user=request.user, **form.cleaned_data)
    except repairing.RepairRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("diagnostics:versions", step.pk)
    if made is None:
        messages.success(request, _("Nothing was written. What is there now stays."))
    if versions.waiting([step.pk]) and made is None:
        return redirect("diagnostics:versions", step.pk)
    return redirect(f"{reverse('diagnostics:repair', args=[step.case_id])}?{urlencode({'step': step.guide_step})}")
