"""The bin: what was deleted within a week, to be taken back or deleted for good."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from sites import access
from sites.many import bin as sites_bin
from sites.many import selecting
from sites.models import Site

PER_PAGE = 50


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """What lies in it, the newest first."""
    page = Paginator(sites_bin.deleted_sites(request.user), PER_PAGE).get_page(request.GET.get("page"))
    for site in page.object_list:
        site.gone_at = site.deleted_at + sites_bin.KEPT_FOR
    crumbs = [(_("Sites"), reverse("sites:dashboard")), (_("Bin"), "")]
    context = {"page": page, "may_write": access.may_write_somewhere(request), "crumbs": crumbs, "days": sites_bin.KEPT_FOR.days}
    return render(request, "sites/bin.html", context)


@require_POST
def empty(request: HttpRequest) -> HttpResponse:
    """Takes the marked sites back, asks before it deletes them for good, or does so."""
    ids = _marked(request)
    if not ids:
        messages.info(request, _("Mark at least one site. Nothing was changed."))
        return redirect("sites:bin")
    if request.POST.get("action") == "restore":
        back = sites_bin.restore(ids)
        messages.success(request, ngettext("%(n)d site is back.", "%(n)d sites are back.", back) % {"n": back})
    elif request.POST.get("action") == "sure":
        gone = sites_bin.remove_for_good(ids)
        messages.success(request, ngettext("%(n)d site is deleted for good.", "%(n)d sites are deleted for good.", gone) % {"n": gone})
        if gone < len(ids):
            messages.warning(request, _("The others stay: a repair is being made there just now. Try again in a minute."))
    else:
        sites = Site.with_deleted.filter(pk__in=ids).order_by("name")
        crumbs = [(_("Sites"), reverse("sites:dashboard")), (_("Bin"), reverse("sites:bin")), (_("Delete for good"), "")]
        return render(request, "sites/bin_empty.html", {"sites": sites, "crumbs": crumbs})
    return redirect("sites:bin")


def _marked(request: HttpRequest) -> list[int]:
    """Sites in the bin that the person may change; another's is not found."""
    marked = {int(pk) for pk in request.POST.getlist("site")[:PER_PAGE] if pk.isascii() and pk.isdecimal() and len(pk) < 16}
    teams = selecting.writable_teams(request.user)
    found = list(Site.with_deleted.filter(pk__in=marked, team__in=teams, deleted_at__isnull=False).values_list("pk", flat=True))
    if len(found) < len(marked):
        raise Http404
    return found
