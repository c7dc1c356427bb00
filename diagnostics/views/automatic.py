"""Repairs that a site's settings allow without a person: the settings, the yes of a second person, undo, and going on after a look."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sites.automatic import policy as auto_policy
from sites.automatic.forms import AutomaticForm
from sites.many import changes as many_changes
from sites.models import Membership, Site

from .. import access, repairing
from ..automatic import allowing, approving, deciding
from ..models import AutomaticRepair


@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, pk: int) -> HttpResponse:
    """What may be repaired by itself on a site, with what that would have done lately; everybody may see it, an owner chooses it."""
    site = access.get_site(request, pk, write=request.method == "POST")
    if request.method == "POST":
        access.refuse_all_but_owners(request, site.team_id)
    held = auto_policy.of(site)
    form = AutomaticForm(request.POST if request.method == "POST" else None, held=held, sets_aside=site.sets_aside)
    shown = held
    if request.method == "POST" and form.is_valid():
        shown = form.policy(request.user.pk)
        if "look" not in request.POST:
            many_changes.set_automatic(request.user, [site.pk], shown, sets_aside=form.cleaned_data["sets_aside"])
            messages.success(request, _said(site, shown))
            return redirect("sites:site", pk)
        site.sets_aside = form.cleaned_data["sets_aside"]  # only for what is shown below: nothing is saved
    page = reverse("sites:site", args=[pk])
    context = {
        "site": site,
        "form": form,
        "is_look": form.is_bound and form.is_valid(),
        "is_owner": access.is_owner(request, site.team_id),
        "may_write": access.may_write(request, site.team_id),
        "kinds": allowing.kinds_shown(shown),
        "words": auto_policy.words(shown),
        "past": allowing.past(shown, site) if shown.is_on else [],
        "stopped": deciding.stopped(site) if held.is_on else "",
        "nobody_else": not _others_who_decide(site, request.user.pk),
        "crumbs": [(_("Sites"), reverse("sites:dashboard")), (site.name, page), (_("Repairs without asking"), "")],
        "section": "sites",
    }
    return TemplateResponse(request, "diagnostics/automatic.html", context, status=422 if form.errors else 200)


def _said(site: Site, policy: auto_policy.Policy) -> str:
    if not policy.is_on:
        return _("No repair is made on %(name)s without a person.") % {"name": site.name}
    return _("Repairs may be made on %(name)s by themselves: %(how)s.") % {"name": site.name, "how": ", ".join(auto_policy.words(policy))}


def _others_who_decide(site: Site, user_id: int) -> bool:
    members = Membership.objects.filter(team=site.team_id, user__is_active=True).exclude(role=Membership.Role.READER)
    return members.exclude(user=user_id).exists()


@require_POST
def go_on(request: HttpRequest, pk: int) -> HttpResponse:
    """A person has looked after one that failed: they are made again."""
    site = access.get_site(request, pk, write=True)
    auto_policy.go_on(site, request.user)
    messages.success(request, _("From the next incident on, repairs are made on %(name)s by themselves again.") % {"name": site.name})
    return redirect("sites:site", pk)


def _row(request: HttpRequest, incident_pk: int) -> AutomaticRepair:
    incident = access.get_incident(request, incident_pk, write=True)
    return get_object_or_404(AutomaticRepair.objects.select_related("incident__site"), incident=incident)


def _back(row: AutomaticRepair) -> HttpResponse:
    return redirect(f"{reverse('sites:incident', args=[row.incident_id])}#automatic")


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Yes or no to the change that the page showed: its digest comes along."""
    row = _row(request, pk)
    answer = request.POST.get("answer", "")
    if answer not in ("yes", "no"):
        raise Http404
    try:
        if answer == "yes":
            approving.approve(row, request.user, request.POST.get("digest", ""))
            messages.success(request, _("It is being made. This page shows what comes of it."))
        else:
            approving.refuse(row, request.user)
            messages.success(request, _("Nothing is changed. Open the guided repair to do it another way."))
    except repairing.RepairRefused as refusal:
        messages.error(request, str(refusal))
    return _back(row)


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes back all that was changed by itself for one incident, newest first."""
    row = _row(request, pk)
    try:
        approving.request_undo(row, request.user)
        messages.info(request, _("It is being undone. This page shows what comes of it."))
    except repairing.RepairRefused as refusal:
        messages.error(request, str(refusal))
    return _back(row)
