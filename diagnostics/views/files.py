"""A site's files over time: its baselines, and what changed between two of them or until now."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sites.models import Site

from .. import access
from ..baselines import comparing, keeping, showing, taking, wording
from ..manifests import gathering, worth
from ..models import Baseline, FileComparison


def _crumbs(site: Site, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [(_("Sites"), reverse("sites:dashboard")), (site.name, reverse("sites:site", args=[site.pk])), *more]


@require_GET
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """The baselines of a site."""
    site = access.get_site(request, pk)
    history = showing.history(site)
    context = {
        "site": site,
        "standing": showing.standing(site),
        "history": history,
        "comparisons": showing.comparisons(site),
        "may_write": access.may_write(request, site.team_id),
        "most_names": f"{gathering.MOST_NAMES:,}",
        "largest_kb": gathering.LARGEST_KEPT // 1024,
        "kept": keeping.amount(site),
        "largest_program_kb": worth.LARGEST // 1024,
        "crumbs": _crumbs(site, (_("Files"), "")),
        "section": "sites",
    }
    return TemplateResponse(request, "diagnostics/files.html#live" if request.htmx else "diagnostics/files.html", context)


@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for a baseline now; a worker takes it."""
    site = access.get_site(request, pk, write=True)
    try:
        taking.ask(site, request.user)
    except taking.NotNow as refusal:
        messages.error(request, f"{refusal} " + _("Nothing was read."))
    return redirect("diagnostics:site-files", site.pk)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends the baseline that is being taken; nothing of it is kept."""
    site = access.get_site(request, pk, write=True)
    taking.cancel(site)
    return redirect("diagnostics:site-files", site.pk)


@require_POST
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for a comparison of two baselines, or of one with the files as they are now."""
    site = access.get_site(request, pk, write=True)
    one, other = _chosen(site, request.POST.get("older", "")), _chosen(site, request.POST.get("newer", ""))
    if one is None or one == other:
        messages.error(request, _("Choose two different moments. Nothing was compared."))
        return redirect("diagnostics:site-files", site.pk)
    older, newer = (other, one) if other is not None and other.pk < one.pk else (one, other)
    return redirect("diagnostics:comparison", comparing.request(site, older, newer, request.user).pk)


@require_POST
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Whether contents of program files are kept for repairs: "on" or "off"."""
    site = access.get_site(request, pk, write=True)
    on = request.POST.get("keep") == "on"
    keeping.switch(site, on=on)
    messages.success(
        request,
        _("From the next baseline on, program files are kept with their content.")
        if on
        else _("Contents of program files are no longer kept, and those that were are deleted."),
    )
    return redirect(f"{reverse('diagnostics:site-files', args=[site.pk])}#kept")


def _chosen(site: Site, key: str) -> Baseline | None:
    """The baseline of this name; None for the files as they are now. Raises Http404 for another site's."""
    if not key:
        return None
    if not key.isdecimal() or len(key) > 15:
        raise Http404
    return get_object_or_404(Baseline.objects.filter(site=site).defer("manifest"), pk=int(key))


def _comparison(request: HttpRequest, pk: int, *, write: bool = False) -> FileComparison:
    rows = FileComparison.objects.filter(site__deleted_at=None, site__team__memberships__user=request.user)
    rows = rows.select_related("site__host", "older", "newer").defer("older__manifest", "newer__manifest")
    found = get_object_or_404(rows, pk=pk)
    if write:
        access.refuse_readers(request, found.site.team_id)
    return found


@require_GET
def comparison(request: HttpRequest, pk: int) -> HttpResponse:
    """What changed, while it is read and after."""
    row = _comparison(request, pk)
    result = showing.result_of(row)
    site = row.site
    context = {
        "comparison": row,
        "running": row.state in comparing.OPEN,
        "result": result,
        "headline": wording.headline(result) if result else "",
        "groups": wording.rows(result) if result else [],
        "site": site,
        "may_write": access.may_write(request, site.team_id),
        "crumbs": _crumbs(site, (_("Files"), reverse("diagnostics:site-files", args=[site.pk])), (_("What changed"), "")),
        "section": "sites",
    }
    return TemplateResponse(request, "diagnostics/comparison.html", context)


@require_POST
def cancel_comparison(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a comparison."""
    row = _comparison(request, pk, write=True)
    comparing.cancel(row)
    return redirect("diagnostics:site-files", row.site_id)
