"""Maintenance windows: what is planned, a new one, changing, ending and deleting one."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from sites import access
from sites.models import MaintenanceWindow, Team
from sites.windows import maintenance
from sites.windows.forms import WindowForm
from sites.windows.queries import WindowRow, next_words, span_words, window_rows
from sites.wording import moment_words


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All windows of the person's teams: on now, to come, over."""
    rows = window_rows(request.user)
    context = {
        "rows": rows,
        "sentence": list_sentence(rows),
        "may_write": access.may_write_somewhere(request),
        "section": "settings",
        "crumbs": _crumbs(),
    }
    return render(request, "sites/maintenance.html", context)


def list_sentence(rows: list[WindowRow]) -> str:
    """What is on, first."""
    running = sum(row.is_on for row in rows)
    if running:
        return ngettext("%(n)d maintenance window is on.", "%(n)d maintenance windows are on.", running) % {"n": running}
    coming = [row for row in rows if row.window.opens_at]
    if coming:
        return _("No maintenance window is on. The next is on %(time)s.") % {"time": coming[0].next_time}
    return _("No maintenance window is planned.")


def _crumbs(here: str = "") -> list[tuple[str, str]]:
    top = [(_("Settings"), reverse("sites:settings"))]
    if not here:
        return [*top, (_("Maintenance windows"), "")]
    return [*top, (_("Maintenance windows"), reverse("sites:maintenance")), (here, "")]


def _writable_teams(request: HttpRequest) -> list[Team]:
    teams = access.writable_teams(request)
    if not teams:
        raise PermissionDenied
    return teams


def new(request: HttpRequest) -> HttpResponse:
    """A new window; `?site=` names the one it is for."""
    teams = _writable_teams(request)
    initial: dict[str, object] = {}
    number = request.GET.get("site", "")
    if number.isascii() and number.isdecimal():
        site = access.get_site(request, int(number[:18]), write=True)
        initial = {"site_name": site.name, "team": site.team_id}
    return _form_page(request, MaintenanceWindow(created_by=request.user), teams, initial)


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A window that stands."""
    window = access.get_window(request, pk, write=True)
    return _form_page(request, window, _writable_teams(request), {})


def _form_page(request: HttpRequest, window: MaintenanceWindow, teams: list[Team], initial: dict[str, object]) -> HttpResponse:
    pk = window.pk
    form = WindowForm(request.POST or None, instance=window, teams=teams, initial=initial)
    valid = request.method == "POST" and form.is_valid()
    if valid and "preview" not in request.POST:
        stored = maintenance.save(form.filled())
        maintenance.probe_held(timezone.now())
        messages.success(request, _saved_words(stored))
        return redirect("sites:site", stored.site_id) if stored.site_id else redirect("sites:maintenance")
    here = _("Edit") if pk else _("Plan a window")
    context = {
        "form": form,
        "is_new": not pk,
        "preview": preview_words(form) if valid or request.method != "POST" else [],
        "section": "settings",
        "crumbs": _crumbs(here),
        "back": reverse("sites:maintenance"),
    }
    return render(request, "sites/maintenance_form.html", context, status=422 if form.errors else 200)


def _saved_words(window: MaintenanceWindow) -> str:
    if window.opens_at and window.closes_at and window.opens_at <= timezone.now():
        return _("The window is on until %(time)s. Failures are noted, nobody is mailed.") % {"time": moment_words(window.closes_at)}
    return _("The window is planned. It is on %(time)s.") % {"time": span_words(window.opens_at, window.closes_at)}


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The next times of what is being typed, for the page to show beside it."""
    form = WindowForm(request.POST, teams=_writable_teams(request))
    form.is_valid()
    return render(request, "sites/maintenance_preview.html", {"preview": preview_words(form)})


def preview_words(form: WindowForm) -> list[str]:
    """ "Sun 29 Nov 02:00 to 04:00", in the window's own zone, for the next three times."""
    if not form.is_bound:
        form = WindowForm(_as_posted(form), teams=form.teams)
        form.is_valid()
    return next_words(form.timetable()) if form.next_ones() else []


def _as_posted(form: WindowForm) -> dict[str, object]:
    return {name: form[name].value() for name in form.fields}


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends the one that is on; a recurring window comes again."""
    window = access.get_window(request, pk, write=True)
    maintenance.end_now(window)
    again = _(" It is on again %(time)s.") % {"time": span_words(window.opens_at, window.closes_at)} if window.opens_at else ""
    messages.success(request, _("The maintenance window is over. What still fails is probed at once and told.") + again)
    return redirect("sites:site", window.site_id) if window.site_id else redirect("sites:maintenance")


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a window out."""
    window = access.get_window(request, pk, write=True)
    site_id = window.site_id
    maintenance.delete(window)
    messages.success(request, _("The maintenance window was deleted."))
    return redirect("sites:site", site_id) if site_id and "site" in request.POST else redirect("sites:maintenance")
