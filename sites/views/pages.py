"""The pages of a site: what each should answer, and pages proposed on demand."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sites import access, credentials, registration
from sites.forms import SiteForm
from sites.models import Site
from sites.pages import finding as finding_pages
from sites.pages.finding import Found
from sites.pages.forms import PagesForm


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """A row per page. Nothing is fetched before somebody asks for proposals."""
    site = access.get_site(request, pk, write=True)
    rows = PagesForm(request.POST or None, site=site)
    found: Found | None = None
    if request.method == "POST" and "look" in request.POST:
        found = finding_pages.propose(site, rows.typed_paths)
    elif request.method == "POST" and rows.is_valid() and rows.store():
        messages.success(request, _("The pages were saved. They are probed within their interval."))
        return redirect("sites:site", pk)
    wrong = bool(rows.is_bound and found is None)
    here = [(_("Sites"), reverse("sites:dashboard")), (site.name, reverse("sites:site", args=[pk])), (_("Pages"), "")]
    context = {"site": site, "rows": rows, "found": found, "ticked": rows.proposed, "most": registration.MOST_PAGES, "crumbs": here}
    return render(request, "sites/site_pages.html", context, status=422 if wrong else 200)


def found_while_registering(request: HttpRequest, form: SiteForm) -> Found | None:
    """Pages of a site that is being typed, when somebody asked for them; the form then complains about its address alone."""
    if request.method != "POST" or "look" not in request.POST:
        return None
    form.is_valid()
    typed = form.cleaned_data
    for name in [name for name in form.errors if name != "url"]:
        del form.errors[name]
    if not typed.get("url"):
        return Found((), _("Type the address of the site first."))
    site = Site(team=form.team, url=typed["url"], basic_user=typed.get("basic_user", ""))
    credentials.set_site_secrets(site, basic_password=typed.get("basic_password", ""), headers=typed.get("headers") or [])
    return finding_pages.propose(site, typed.get("pages") or [])
