"""The guided repair: one page that everybody looking at it shares, its steps, undo, and the report that hands it over."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from diagnostics.changes import undoing
from diagnostics.connections import host_states
from diagnostics.panels import php
from sites import read_only
from sites.models import Incident, Site

from .. import access, queries, repairing, reporting, steps
from ..cases import people
from ..forms import CloseForm
from ..models import RepairCase, Step
from ..profiles import get_profile
from ..site_databases.forms import LoginForm
from .site_databases import give_login

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every guided repair of the person's teams, open ones first; or those that the person has."""
    mine = people.held_by(request.user)
    only_mine = request.GET.get("mine") == "1"
    rows = queries.cases_of(request.user)
    page = Paginator(rows.filter(pk__in=mine.values("pk")) if only_mine else rows, 30).get_page(request.GET.get("page"))
    page.object_list = queries.tell_apart(page.object_list)
    context = {"page": page, "open_count": queries.open_cases(request.user), "mine": only_mine, "mine_count": mine.count()}
    return TemplateResponse(request, "diagnostics/repairs.html", {**context, "section": "repairs"})


@sensitive_post_parameters("password")
def start_for_incident(request: HttpRequest, incident_pk: int) -> HttpResponse:
    """Opens the guided repair of an incident, or the one that is open already. A mail's link leads here: GET asks, POST opens."""
    incident = access.get_incident(request, incident_pk, write=request.method == "POST")
    return _begin(request, incident.site, incident)


@sensitive_post_parameters("password")
def start_for_site(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for a site without an open incident."""
    site = access.get_site(request, pk, write=request.method == "POST")
    return _begin(request, site, site.incidents.filter(resolved_at=None).first())


def _begin(request: HttpRequest, site: Site, incident: Incident | None) -> HttpResponse:
    """What is recommended is shown, and may be agreed to, before a repair is open: whoever is woken decides once."""
    standing = repairing.open_case_of(site)
    if standing:
        return redirect("diagnostics:repair", standing.pk)
    if request.method != "POST":
        return _ask(request, site, incident)
    case = repairing.open_case(site, incident, request.user)
    if request.POST.get("action") == "repair":
        return apply(request, case.pk)
    if request.POST.get("action") == "login":
        return give_login(request, case.pk)
    _read_at_once(case, request.user)
    return redirect("diagnostics:repair", case.pk)


def _read_at_once(case: RepairCase, user: AbstractBaseUser) -> None:
    """Where all that a person could do in the step that is recommended is to have the host's panel read, it is read."""
    page = queries.repair_page(case, "", may_write=True)
    if page["current"] == php.GUIDE_STEP and page["php"] is None and page["may_act"]:
        with suppress(repairing.RepairRefused):  # then its button is pressed
            repairing.look(case, php.GUIDE_STEP, user)


def _ask(request: HttpRequest, site: Site, incident: Incident | None) -> HttpResponse:
    context = {"incident": incident, "site": site, "may_write": access.may_write(request, site.team_id), "section": "repairs"}
    context |= {"read_only": read_only.words(site), "begins": queries.first_step(site, incident) if site.host else {}}
    form = LoginForm()
    form.fields["password"].required = True  # as the page asks for it; what is sent may also be another part of the login
    context |= {"offer": context["begins"].get("offer"), "form": form}
    return TemplateResponse(request, "diagnostics/repair_start.html", context)


@require_GET
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """The shared page of one repair: its steps, and the one that is chosen (or recommended)."""
    case = access.get_case(request, pk)
    context = queries.repair_page(case, request.GET.get("step", ""), may_write=access.may_write(request, case.site.team_id))
    if context["current"] == "hand-over" and not context["is_well"]:
        context["seen"] = reporting.last_seen(case.site, context["incident"])
    if context["database"] is not None:
        context["database"]["form"] = LoginForm(initial=context["database"]["typed"])
    host = case.site.host
    stopped = host_states.why_stopped(host, host.state) if host and not case.closed_at else None
    return TemplateResponse(request, "diagnostics/repair.html", {**context, "stopped": stopped, "section": "repairs"})


def _back(case: RepairCase, guide_step: str) -> HttpResponseRedirect:
    return redirect(f"{reverse('diagnostics:repair', args=[case.pk])}?{urlencode({'step': guide_step})}")


@require_POST
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """A step that only looks: confirm, read the log, scan, retest."""
    case = access.get_case(request, pk, write=True)
    guide_step = request.POST.get("step", "")
    try:
        repairing.look(case, guide_step, request.user)
    except repairing.RepairRefused as refusal:
        messages.error(request, str(refusal))
    return _back(case, guide_step)


@require_POST
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """A change (or a trial) exactly as the page showed it: the digest of the plan that was seen comes along."""
    case = access.get_case(request, pk, write=True)
    guide_step = request.POST.get("step", "")
    answers = [(name.removeprefix("answer-"), value) for name, value in request.POST.items() if name.startswith("answer-")]
    try:
        repairing.start(
            case,
            guide_step=guide_step,
            action=request.POST.get("action", ""),
            repair_id=request.POST.get("repair", ""),
            cause=request.POST.get("cause", ""),
            answers=answers,
            digest=request.POST.get("digest", ""),
            confirmed=request.POST.get("confirmed", "")[:200],
            user=request.user,
        )
    except repairing.RepairRefused as refusal:
        messages.error(request, str(refusal))
    return _back(case, guide_step)


@require_GET
def trial(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """What one trial will do, to whom and for how long, with the one button that starts it."""
    case = access.get_case(request, pk)
    context = queries.trial_page(case, kind)
    if context is None:
        raise Http404
    may_write = access.may_write(request, case.site.team_id)
    return TemplateResponse(request, "diagnostics/trial.html", {**context, "may_write": may_write, "section": "repairs"})


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a trial at work before its next look; what it has changed is put back as after every look."""
    step: Step = access.get_step(request, pk, write=True)
    if not steps.ask_to_stop(step):
        messages.info(request, _("It had ended already. What came out stands below."))
    return _back(step.case, step.guide_step)


@require_POST
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    """A step that somebody decided to leave out."""
    case = access.get_case(request, pk, write=True)
    try:
        repairing.skip(case, request.POST.get("step", ""), request.user)
    except repairing.RepairRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("diagnostics:repair", case.pk)


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes back one applied step, byte for byte."""
    step: Step = access.get_step(request, pk, write=True)
    try:
        undoing.request(step, request.user)
    except repairing.RepairRefused as refusal:
        messages.error(request, str(refusal))
    return _back(step.case, step.guide_step)


@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends the repair. What was applied stays and can still be undone."""
    case = access.get_case(request, pk, write=True)
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _back(case, "retest")
    repairing.close_case(case, request.user, form.cleaned_data["outcome"])
    messages.success(request, _("The repair is closed. What was changed can still be undone from its page."))
    return redirect("diagnostics:repair", case.pk)


@require_GET
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """The report for a specialist, ready to print."""
    case = access.get_case(request, pk)
    profile = get_profile(case.site.profile_name).title
    return TemplateResponse(request, "diagnostics/report.html", {**reporting.context(case), "profile_title": profile, "section": "repairs"})


@require_GET
def report_markdown(request: HttpRequest, pk: int) -> HttpResponse:
    """The same report as Markdown, to be put into a ticket."""
    case = access.get_case(request, pk)
    response = HttpResponse(reporting.markdown(case), content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="repair-{case.pk}.md"'
    return response
