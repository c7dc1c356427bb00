"""Switching read-only mode of a site, by an owner, after a question."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sites import access, read_only


@require_http_methods(["GET", "POST"])
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks (GET), and switches (POST) to what the form says, not to the opposite of what stands."""
    site = access.get_site(request, pk, write=True)
    access.refuse_all_but_owners(request, site.team_id)
    if request.method != "POST":
        crumbs = [(_("Sites"), reverse("sites:dashboard")), (site.name, reverse("sites:site", args=[pk])), (_("Read-only mode"), "")]
        context = {"name": site.name, "is_on": site.read_only_since is not None, "crumbs": crumbs, "back": crumbs[1][1]}
        return render(request, "sites/read_only.html", context)
    on = request.POST.get("on") == "1"
    try:
        read_only.switch_site(site, request.user, on=on)
    except read_only.NotNow as refusal:
        messages.error(request, str(refusal))
    else:
        said = _("Nothing is written to the files of %(name)s from now on.") if on else _("%(name)s may be repaired again.")
        messages.success(request, said % {"name": site.name})
    return redirect("sites:site", pk)
