"""What is still blind: the list, and what is done about many rows of it at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from sites.many import selecting
from sites.models import Site

from .. import access
from ..coverage import asking, mending, queries, searching
from ..coverage.forms import AccountForm
from ..coverage.problems import PROBLEMS
from ..coverage.queries import Wanted

MOST_SHOWN = 200  # results on one page
VERBS = ("test", "search", "connect", "baseline", "diagnose")


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Every site with what is still blind, the worst first."""
    wanted = Wanted.of(request.GET)
    listing = queries.listing(request.user, wanted, request.GET.get("page"))
    context = {
        "wanted": wanted,
        "listing": listing,
        "page": listing.page,
        "chips": [(each.code, each.words, listing.counts[each.code]) for each in PROBLEMS if listing.counts[each.code]],
        "columns": _columns(wanted),
        "may_write": access.may_write_somewhere(request),
        "crumbs": [(_("Settings"), reverse("sites:settings")), (_("Coverage"), "")],
        "section": "settings",
    }
    return TemplateResponse(request, f"diagnostics/coverage.html{'#live' if request.htmx else ''}", context)


def _columns(wanted: Wanted) -> list[dict[str, Any]]:
    """The heads of the table: each sorts by its column, a second press the other way round."""
    words = {"site": _("Site"), "problems": _("What is blind"), "account": _("Hosting account"), "tested": _("Last tested")}
    return [
        {"key": key, "words": words[key], "here": wanted.sort == key, "again": wanted.sort == key and not wanted.down,
         "rises": (key != "problems") != wanted.down}
        for key in words
    ]  # fmt: skip


@require_POST
def mend(request: HttpRequest) -> HttpResponse:
    """Does something about the chosen rows: at once, or by a form of its own."""
    verb = request.POST.get("verb", "")
    if verb not in VERBS:
        raise Http404
    wanted = Wanted.of(QueryDict(request.POST.get("filter", "")[:1000]))
    ids = queries.chosen(request.user, wanted) if request.POST.get("all") else _marked(request)
    if not ids:
        messages.info(request, _("Choose at least one site that you may change. Nothing was done."))
    elif verb == "connect":
        return _ask(request, ids, AccountForm(teams=_teams(ids)))
    elif verb == "test":
        messages.success(request, _tested(*mending.test(ids)))
    elif verb == "baseline":
        messages.success(request, asking.baseline_words(asking.baselines(ids, request.user)))
    elif verb == "diagnose":
        messages.success(request, asking.diagnosis_words(asking.diagnoses(ids, request.user)))
    else:
        asked = searching.request(ids)
        messages.success(request, _searched(asked, len(ids) - asked))
    page = reverse("diagnostics:coverage")
    return redirect(f"{page}?{wanted.query}" if wanted.query else page)


def _marked(request: HttpRequest) -> list[int]:
    """The sites that were marked: 404 for somebody else's, 403 for a reader."""
    marked = {int(pk) for pk in request.POST.getlist("site") if pk.isascii() and pk.isdecimal() and len(pk) < 16}
    return _allowed(request, marked)


def _allowed(request: HttpRequest, wanted: set[int]) -> list[int]:
    own = dict(selecting.own_sites(request.user).filter(pk__in=wanted).values_list("pk", "team_id"))
    if wanted - set(own) and Site.objects.filter(pk__in=wanted - set(own)).exists():
        raise Http404
    if set(own.values()) - set(selecting.writable_teams(request.user)):
        raise PermissionDenied
    return sorted(own)


def _teams(ids: list[int]) -> set[int]:
    return set(Site.objects.filter(pk__in=ids).order_by().values_list("team_id", flat=True).distinct())


def _tested(hosts: int, without: int) -> str:
    words = ngettext(
        "%(n)d connection is going to be tested. What comes of it stands in its rows.",
        "%(n)d connections are going to be tested, one after the other. What comes of it stands in their rows.",
        hosts,
    ) % {"n": hosts}
    if without:
        words += " " + ngettext("%(n)d site has none.", "%(n)d sites have none.", without) % {"n": without}
    return words


def _searched(asked: int, without: int) -> str:
    words = ngettext(
        "Folder and logs of %(n)d site are being looked for. What comes of it stands in its row.",
        "Folders and logs of %(n)d sites are being looked for. What comes of it stands in their rows.",
        asked,
    ) % {"n": asked}
    if without:
        words += " " + ngettext("%(n)d site has no connection.", "%(n)d sites have no connection.", without) % {"n": without}
    return words


@require_POST
def connect(request: HttpRequest) -> HttpResponse:
    """Connects the chosen sites to one account, and shows what came of each."""
    try:
        ids = _allowed(request, set(selecting.open_choice(request.POST.get("choice", ""))))
    except BadSignature:
        messages.info(request, _("That page is older than an hour. Nothing was changed: choose the sites again."))
        return redirect("diagnostics:coverage")
    form = AccountForm(request.POST, teams=_teams(ids))
    if not form.is_valid():
        return _ask(request, ids, form)
    host = form.cleaned_data["host"]
    access.refuse_readers(request, host.team_id)
    results = sorted(mending.connect(request.user, ids, host), key=lambda result: result.done)
    context = {
        "host": host,
        "results": results[:MOST_SHOWN],
        "done": sum(result.done for result in results),
        "left": sum(not result.done for result in results),
        "more": max(0, len(results) - MOST_SHOWN),
        "crumbs": _crumbs(_("Connected")),
        "section": "settings",
    }
    return TemplateResponse(request, "diagnostics/coverage_connected.html", context)


def _ask(request: HttpRequest, ids: list[int], form: AccountForm) -> HttpResponse:
    context = {
        "form": form,
        "count": len(ids),
        "choice": selecting.seal_choice(ids),
        "sites": Site.objects.filter(pk__in=ids[:10_000]).order_by("name")[:20],
        "more": max(0, len(ids) - 20),
        "crumbs": _crumbs(_("Connect")),
        "section": "settings",
    }
    return TemplateResponse(request, "diagnostics/coverage_connect.html", context, status=422 if form.errors else 200)


def _crumbs(last: str) -> list[tuple[str, str]]:
    return [(_("Settings"), reverse("sites:settings")), (_("Coverage"), reverse("diagnostics:coverage")), (last, "")]
