"""The sites on a hosting account: looked for, seen while they are found, chosen, and handed on to be registered together."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from diagnostics.accounts import listing, looks
from sites.models import Host

from .. import access
from ..models import AccountLook


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """What the last look found; while one goes on, how far it is."""
    host = access.get_host(request, pk)
    return _page(request, host, listing.rows(host))


def _page(request: HttpRequest, host: Host, rows: list[listing.FoundRow], forgotten: int = 0) -> HttpResponse:
    """`forgotten`: sites with an address typed that were not chosen; the person is asked about them once."""
    look = AccountLook.objects.filter(pk=host.pk).first()
    context = {
        "forgotten": forgotten,
        "host": host,
        "look": look,
        "rows": rows,
        "new": sum(row.site is None for row in rows),
        "running": bool(look and look.in_work),
        "may_look": host.state == Host.State.WORKS and not host.practice,
        "may_write": access.may_write(request, host.team_id),
        "crumbs": [
            (_("Hosting accounts"), reverse("diagnostics:hosts")),
            (host.name, reverse("diagnostics:host", args=[host.pk])),
            (_("Sites found"), ""),
        ],
        "section": "settings",
    }
    part = "#live" if request.htmx else ""
    return TemplateResponse(request, f"diagnostics/account.html{part}", context, status=422 if forgotten else 200)


@require_POST
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for a look at the account; it only reads."""
    host = access.get_host(request, pk, write=True)
    if host.practice or host.state != Host.State.WORKS:
        messages.error(request, _("The connection has to work first. Test it, then look for sites."))
        return redirect("diagnostics:host", host.pk)
    looks.request(host, request.user)
    return redirect("diagnostics:host-found", host.pk)


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stops a look; what was found so far stays."""
    host = access.get_host(request, pk, write=True)
    if looks.stop(host):
        messages.success(request, _("The look is being stopped. What was found so far stays below."))
    return redirect("diagnostics:host-found", host.pk)


@require_POST
def register(request: HttpRequest, pk: int) -> HttpResponse:
    """On to the preview of an import: nothing is made before a person has seen every row."""
    host = access.get_host(request, pk, write=True)
    marked = [int(each) for each in request.POST.getlist("site") if each.isascii() and each.isdecimal() and len(each) < 16]
    if not request.POST.get("asked"):
        rows, forgotten = listing.sent(host, request.POST, marked)
        if forgotten:
            return _page(request, host, rows, forgotten)
    preview = listing.chosen(host, request.user, request.POST, marked)
    if preview is None:
        messages.info(request, _("Choose at least one site. Nothing was registered."))
        return redirect("diagnostics:host-found", host.pk)
    return redirect("diagnostics:import", preview.pk)
