"""The database of a site in the guided repair: the right login, told by a person."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from diagnostics import access, repairing
from diagnostics.models import RepairCase
from diagnostics.site_databases import given
from diagnostics.site_databases.forms import LoginForm


@sensitive_post_parameters("password")
@require_POST
def give_login(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes what a person says, and has it tried before anything is written."""
    case = access.get_case(request, pk, write=True)
    form = LoginForm(request.POST)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(errors))
        return _back(case)
    try:
        given.keep(case, **form.cleaned_data, user=request.user)
        repairing.look(case, given.GUIDE_STEP, request.user, about=given.REPAIR)
    except repairing.RepairRefused as refusal:
        messages.error(request, str(refusal))
    return _back(case)


@require_POST
def forget_login(request: HttpRequest, pk: int) -> HttpResponse:
    """Lets go of what a person said."""
    case = access.get_case(request, pk, write=True)
    if given.forget(case):
        messages.success(request, _("What you typed is forgotten here. The settings are as they were."))
    return _back(case)


def _back(case: RepairCase) -> HttpResponse:
    return redirect(f"{reverse('diagnostics:repair', args=[case.pk])}?{urlencode({'step': given.GUIDE_STEP})}")
