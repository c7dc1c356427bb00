"""A new password file in the guided repair: a person chooses a user name and a password for it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from diagnostics import access, repairing
from diagnostics.models import GivenPassword, RepairCase
from diagnostics.password_files import given
from diagnostics.password_files.forms import FolderForm, PasswordForm
from sites import read_only
from sites.credentials import SecretUnreadable, sent_login
from sites.models import Host, Site

PROBES = "probes"  # the button that takes over what the site's probes send


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def give_password(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for both, keeps the hash, and has it looked at what would be written."""
    case = access.get_case(request, pk, write=True)
    sent = _sent(case.site)
    is_sent, is_typed = (request.method == "POST" and (request.POST.get("action") == PROBES) is wanted for wanted in (True, False))
    sees = case.site.host is None or case.site.host.protocol in (Host.Protocol.SSH, Host.Protocol.LOCAL)
    form = PasswordForm(request.POST if is_typed else None, sees_server=sees)
    sent_form = FolderForm(request.POST if is_sent else None, sees_server=sees, auto_id="id_sent_%s")
    if sent and sent_form.is_valid():
        return _look(request, case, user_name=sent[0], password=sent[1], **sent_form.cleaned_data)
    if form.is_valid():
        return _look(request, case, **form.cleaned_data)
    form = form.again() if form.is_bound else form
    context = {"case": case, "site": case.site, "form": form, "section": "repairs", "why_not": _why_not(case)}
    context |= {"sent_user": sent[0] if sent else "", "sent_form": sent_form}
    return TemplateResponse(request, "diagnostics/password_file.html", context)


@require_POST
def forget_password(request: HttpRequest, pk: int) -> HttpResponse:
    """Lets go of what a person chose."""
    case = access.get_case(request, pk, write=True)
    if GivenPassword.forget(case):
        messages.success(request, _("What you typed is forgotten here. Nothing was changed."))
    return _back(case)


def _look(request: HttpRequest, case: RepairCase, **values: str) -> HttpResponse:
    if why := _why_not(case):
        messages.error(request, why)
        return _back(case)
    given.keep(case, **values, user=request.user)
    try:
        repairing.look_elsewhere(case, given.REPAIR, request.user)
    except repairing.RepairRefused as refusal:
        messages.error(request, str(refusal))
    return _back(case)


def _why_not(case: RepairCase) -> str:
    if case.closed_at:
        return _("This repair is closed.")
    if case.site.host is None:
        return _("There is no connection to the files of this site.")
    return read_only.words(case.site)


def _sent(site: Site) -> tuple[str, str] | None:
    """What the site's probes send, where a password file can hold it."""
    try:
        found = sent_login(site)
    except SecretUnreadable:
        return None
    return found if found and ":" not in found[0] and len(found[1].encode()) <= given.LONGEST else None


def _back(case: RepairCase) -> HttpResponse:
    return redirect(f"{reverse('diagnostics:repair', args=[case.pk])}?{urlencode({'step': given.GUIDE_STEP})}")
