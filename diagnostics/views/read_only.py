"""Switching read-only mode of a hosting account with all its sites, by an owner, after a question."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sites import read_only

from .. import access


@require_http_methods(["GET", "POST"])
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks (GET), and switches (POST) to what the form says, not to the opposite of what stands."""
    host = access.get_host(request, pk, write=True)
    access.refuse_all_but_owners(request, host.team_id)
    page = reverse("diagnostics:host", args=[pk])
    if request.method != "POST":
        crumbs = [(_("Hosting accounts"), reverse("diagnostics:hosts")), (host.name, page), (_("Read-only mode"), "")]
        context = {"name": host.name, "is_on": host.read_only_since is not None, "of_host": True, "crumbs": crumbs, "back": page}
        return TemplateResponse(request, "sites/read_only.html", {**context, "section": "settings"})
    on = request.POST.get("on") == "1"
    try:
        read_only.switch_host(host, request.user, on=on)
    except read_only.NotNow as refusal:
        messages.error(request, str(refusal))
    else:
        said = _("Nothing is written to %(name)s from now on.") if on else _("Sites on %(name)s may be repaired again.")
        messages.success(request, said % {"name": host.name})
    return redirect(page)
