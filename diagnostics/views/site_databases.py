"""The database of a site in the guided repair: the right login, told by a person; dumps made, put back and let go; tables repaired."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from diagnostics import access, repairing
from diagnostics.changes import tables_repaired, through_database
from diagnostics.models import DatabaseDump, GivenLogin, RepairCase
from diagnostics.site_databases import checking, dumping, given, store
from diagnostics.site_databases.forms import LoginForm, NameForm


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
    given.keep(case, **form.cleaned_data, user=request.user)
    return _look(request, case, given.REPAIR)


@require_POST
def forget_login(request: HttpRequest, pk: int) -> HttpResponse:
    """Lets go of what a person said."""
    case = access.get_case(request, pk, write=True)
    if GivenLogin.forget(case):
        messages.success(request, _("What you typed is forgotten here. The settings are as they were."))
    return _back(case)


@require_POST
def dump(request: HttpRequest, pk: int) -> HttpResponse:
    """Has a dump made now."""
    return _look(request, access.get_case(request, pk, write=True), dumping.ABOUT)


@require_POST
def check_tables(request: HttpRequest, pk: int) -> HttpResponse:
    """Has the tables checked now."""
    return _look(request, access.get_case(request, pk, write=True), checking.ABOUT)


@require_http_methods(["GET", "POST"])
def repair_tables(request: HttpRequest, pk: int) -> HttpResponse:
    """Which tables would be repaired, whether that can be undone, and the one button that starts it."""
    case = access.get_case(request, pk, write=True)
    found = tables_repaired.look_of(case)
    if found is None:
        messages.error(request, _("Check the tables first."))
        return _back(case)
    form = NameForm(request.POST or None)
    if request.method == "POST" and (found["is_copied"] or form.is_valid()):
        try:
            tables_repaired.start(case, request.POST.get("name", "")[:200], request.user)
            return _back(case)
        except repairing.RepairRefused as refusal:
            form.add_error(None, str(refusal))
    context = {"case": case, "site": case.site, "found": found, "names": checking.repairable(found), "form": form, "section": "repairs"}
    context["why_not"] = through_database.why_not(case.site)
    return TemplateResponse(request, "diagnostics/database_tables.html", context)


@require_http_methods(["GET", "POST"])
def restore(request: HttpRequest, pk: int, dump_pk: int) -> HttpResponse:
    """What putting a dump back would do, with the one button that starts it."""
    case = access.get_case(request, pk, write=True)
    kept = get_object_or_404(DatabaseDump, pk=dump_pk, site=case.site_id, state=DatabaseDump.State.KEPT)
    if request.method == "POST":
        try:
            through_database.start_restore(case, kept, request.user)
        except repairing.RepairRefused as refusal:
            messages.error(request, str(refusal))
        return _back(case)
    context = {"case": case, "site": case.site, "dump": kept, "why_not": through_database.why_not(case.site), "section": "repairs"}
    return TemplateResponse(request, "diagnostics/database_restore.html", context)


@require_POST
def forget_dump(request: HttpRequest, pk: int, dump_pk: int) -> HttpResponse:
    """Lets go of a dump that no undo needs."""
    case = access.get_case(request, pk, write=True)
    kept = get_object_or_404(DatabaseDump, pk=dump_pk, site=case.site_id)
    if store.forget(kept):
        messages.success(request, _("The dump is gone."))
    else:
        messages.error(request, _("This dump is what a step of a repair is undone with. It is kept as long as that can be undone."))
    return _back(case)


def _look(request: HttpRequest, case: RepairCase, about: str) -> HttpResponse:
    try:
        repairing.look(case, given.GUIDE_STEP, request.user, about=about)
    except repairing.RepairRefused as refusal:
        messages.error(request, str(refusal))
    return _back(case)


def _back(case: RepairCase) -> HttpResponse:
    return redirect(f"{reverse('diagnostics:repair', args=[case.pk])}?{urlencode({'step': given.GUIDE_STEP})}")
