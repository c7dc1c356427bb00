"""Many sites at once: a list is given, seen row by row, corrected and confirmed. Nothing is made before; afterwards it can be undone."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from diagnostics.accounts import importing
from diagnostics.accounts.forms import ImportForm
from sites.importing import previews
from sites.importing.rows import COLUMNS, COMMAND_LINE_COLUMNS, SECRET_COLUMNS, CheckedRow, NewHost
from sites.importing.sources import NAMES
from sites.many import changes as bulk_changes
from sites.many import selecting
from sites.many import words as bulk_words
from sites.models import Host, Site, SiteImport, Team

from .. import access

PER_PAGE = 100
CORRECTED_AT_ONCE = 30  # refused rows with fields on one page
MOST_FIELD = 2000
_PASSWORD_IN_URL = re.compile(r"(://[^/@\s:]*):[^/@\s]*@")  # what was typed there by mistake is not sent back


def _teams(request: HttpRequest) -> list[Team]:
    """Where this person may add sites, the usual one first. Raises PermissionDenied for somebody who only reads."""
    usual = access.writable_team(request)
    others = Team.objects.filter(pk__in=selecting.writable_teams(request.user)).exclude(pk=usual.pk).order_by("name")
    return [usual, *others]


def _import(request: HttpRequest, pk: int) -> SiteImport:
    """An import of a team in which the person may write; one that waits for its yes is its owner's alone."""
    row = get_object_or_404(SiteImport.objects.select_related("team", "user"), pk=pk, team__memberships__user=request.user)
    access.refuse_readers(request, row.team_id)
    if row.state == SiteImport.State.PREVIEW and row.user_id != request.user.pk:
        raise Http404
    return row


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """A list is pasted or uploaded; below, what was imported before."""
    teams = _teams(request)
    form = ImportForm(request.POST or None, request.FILES or None, teams=teams)
    if request.method == "POST" and form.is_valid():
        team = form.cleaned_data.get("team") or teams[0]
        file = form.cleaned_data.get("file")
        preview = previews.keep(form.parsed, user=request.user, team=team, file_name=file.name if file else "")
        return redirect("diagnostics:import", preview.pk)
    made = SiteImport.objects.filter(team__in=teams).exclude(state=SiteImport.State.PREVIEW).select_related("user")[:10]
    for each in made:
        each.source_words = NAMES.get(each.source, _("List of addresses"))
    context = {"form": form, "made": made, "columns": COLUMNS, "crumbs": _crumbs(), "section": "sites"}
    return TemplateResponse(request, "diagnostics/imports.html", context, status=422 if form.errors else 200)


def _crumbs(*last: tuple[str, str]) -> list[tuple[str, str]]:
    here = (_("Import"), reverse("diagnostics:imports") if last else "")
    return [(_("Sites"), reverse("sites:dashboard")), here, *last]


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Before it is made: every row with what it will become. Afterwards: how many, and where they are."""
    row = _import(request, pk)
    if previews.is_over(row):
        row.delete()
        messages.info(request, _("That import waited for more than an hour and was thrown away. Nothing was made: give the list again."))
        return redirect("diagnostics:imports")
    if row.state != SiteImport.State.PREVIEW:
        return _made(request, row)
    if request.method == "POST":
        return _decide(request, row)
    return _preview(request, row)


def _decide(request: HttpRequest, row: SiteImport) -> HttpResponse:
    action = request.POST.get("action", "")
    if action == "discard":
        row.delete()
        messages.info(request, _("The list was thrown away. Nothing was made."))
        return redirect("diagnostics:imports")
    if action == "correct":
        previews.correct(row, _corrections(request))
        return redirect("diagnostics:import", row.pk)
    if action == "confirm":
        _make(request, row)
    return redirect("diagnostics:import", row.pk)


def _corrections(request: HttpRequest) -> dict[int, dict[str, str]]:
    """What was typed into the fields of refused rows, by row and column. Secrets can only be dropped, never seen or typed here."""
    found: dict[int, dict[str, str]] = {}
    for key, value in request.POST.items():
        number, dash, column = key.partition("-")
        if not (dash and number.isascii() and number.isdecimal() and len(number) < 9):
            continue
        if column in COLUMNS:
            found.setdefault(int(number), {})[column] = value[:MOST_FIELD]
        elif column == "drop_secret":
            found.setdefault(int(number), {}).update({"secret": "", "secret_env": "", "log_secret_env": ""})
    return found


def _checked(request: HttpRequest, row: SiteImport) -> tuple[list[CheckedRow], list[str]]:
    rows, notes = previews.opened(row)
    teams = [row.team, *(team for team in _teams(request) if team.pk != row.team_id)]
    return importing.check(rows, teams), notes


def _make(request: HttpRequest, row: SiteImport) -> None:
    checked, _notes = _checked(request, row)
    if all(each.why for each in checked):
        messages.error(request, _("No row can be imported as it is. Nothing was made."))
        return
    if not previews.claim(row):
        return
    importing.make(checked, row)


def _preview(request: HttpRequest, row: SiteImport) -> HttpResponse:
    checked, notes = _checked(request, row)
    good, refused = [each for each in checked if not each.why], [each for each in checked if each.why]
    hosts = {each.host.place for each in good if isinstance(each.host, NewHost)}
    page = Paginator(good, PER_PAGE).get_page(request.GET.get("page"))
    ways = dict(Host.objects.filter(pk__in={each.host.via_id for each in page.object_list if each.host}).values_list("pk", "name"))
    context = {
        "row": row,
        "source": NAMES.get(row.source, _("List of addresses")),
        "notes": notes,
        "page": page,
        "rows": [_shown(each, ways) for each in page.object_list],
        "good": len(good),
        "paused": sum(bool(each.site.paused_at) for each in good),
        "new_hosts": len(hosts),
        "refused": [_refused(each) for each in refused[:CORRECTED_AT_ONCE]],
        "refused_count": len(refused),
        "correctable": any(not each.row.refusal for each in refused),
        "refused_more": max(0, len(refused) - CORRECTED_AT_ONCE),
        "crumbs": _crumbs((_("Look at it"), "")),
        "section": "sites",
    }
    return TemplateResponse(request, "diagnostics/import_preview.html", context)


def _shown(each: CheckedRow, ways: dict[int, str]) -> dict[str, Any]:
    """`ways`: names of jump hosts by their key."""
    host = each.host
    return {
        "number": each.number,
        "site": each.site,
        "team": each.team,
        "pages": len(each.paths),
        "host": host.name if host else "",
        "host_is_new": isinstance(host, NewHost),
        "via": ways.get(host.via_id, "") if host and host.via_id else "",
        "words": bool(each.expectations.get("must_contain") or each.expectations.get("must_not_contain")),
        "log_server": each.row.get("log_server"),
        "notes": each.notes,
    }


def _refused(each: CheckedRow) -> dict[str, Any]:
    """A row with the fields that can be corrected: what it says, and what it is refused for."""
    values = each.row.values
    blamed = each.why.partition(":")[0]
    columns = [name for name in COLUMNS if name in ("name", "url") or values.get(name) or name == blamed]
    return {
        "number": each.number,
        "why": each.why,
        "final": bool(each.row.refusal),
        "name": values.get("name") or values.get("url") or "",
        "fields": [(name, _PASSWORD_IN_URL.sub(r"\1@", values.get(name, ""))) for name in columns],
        "has_secret": any(values.get(name) for name in ("secret", *COMMAND_LINE_COLUMNS)),
        "has_login": any(values.get(name) for name in SECRET_COLUMNS[1:]),
    }


def _made(request: HttpRequest, row: SiteImport) -> HttpResponse:
    sites = Site.objects.filter(imported_in=row)
    context = {
        "row": row,
        "source": NAMES.get(row.source, _("List of addresses")),
        "left": sites.count(),
        "hosts": Host.objects.filter(imported_in=row).order_by("name")[:10],
        "crumbs": _crumbs((_("Result"), "")),
        "section": "sites",
    }
    return TemplateResponse(request, "diagnostics/import_made.html", context)


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts all sites of an import into the bin, unless a repair works on one of them. Its hosting accounts go with the bin."""
    row = _import(request, pk)
    if row.state == SiteImport.State.PREVIEW:
        raise Http404
    ids = list(Site.objects.filter(imported_in=row, team__in=selecting.writable_teams(request.user)).values_list("pk", flat=True))
    if bulk_changes.in_work(ids):
        messages.error(request, _("A repair is being made on one of these sites just now. Nothing was undone. Try again in a minute."))
        return redirect("diagnostics:import", row.pk)
    done = bulk_changes.delete(request.user, ids)
    SiteImport.objects.filter(pk=row.pk).update(state=SiteImport.State.UNDONE)
    Host.objects.filter(pk__in=list(importing.left_over().filter(imported_in=row).values_list("pk", flat=True))).update(test_due_at=None)
    messages.success(request, bulk_words.happened(bulk_changes.DELETE, done.changed))
    return redirect("diagnostics:imports")
