"""Many sites at once: what exactly is going to be changed, the change, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sites import trial_policy
from sites.automatic.forms import ManyAutomaticForm
from sites.forms import MuteForm
from sites.many import changes as bulk_changes
from sites.many import selecting
from sites.many import words as bulk_words
from sites.many.forms import HostForm, IntervalForm, NothingForm, TagForm, TrialsForm, UntagForm
from sites.many.selecting import Wanted
from sites.models import BulkChange, Site

SHOWN = 20  # names on the page that asks
_AT_ONCE = 10_000  # keys in one query


@dataclass(slots=True)
class Chosen:
    """Sites that a person may change, and what of the list they were looking at."""

    ids: list[int]
    wanted: Wanted
    everything: bool  # all that match, not single ones


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """Asks before many sites are changed (GET), and does it (POST)."""
    asked = request.POST if request.method == "POST" else request.GET
    verb = asked.get("verb", "")
    if verb not in bulk_changes.VERBS:
        raise Http404
    sites = Site.objects.filter(team__in=_teams(request, verb))
    chosen = _sent(request, sites) if request.method == "POST" else _chosen(request, sites)
    if not chosen.ids:
        messages.info(request, _("Choose at least one site that you may change. Nothing was changed."))
        return _back(chosen.wanted)
    form = _form(verb, chosen, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, _do(request, verb, chosen, form))
        except bulk_changes.ChangeRefused as refusal:
            messages.error(request, str(refusal))
        return _back(chosen.wanted if verb != bulk_changes.DELETE else Wanted())
    return render(request, "sites/bulk.html", _context(sites, verb, chosen, form), status=422 if form.errors else 200)


def _back(wanted: Wanted) -> HttpResponse:
    address = reverse("sites:dashboard")
    return redirect(f"{address}?{wanted.query}" if wanted else address)


def _teams(request: HttpRequest, verb: str) -> list[int]:
    """The teams whose sites the person may change in this way."""
    return (selecting.owned_teams if verb in bulk_changes.OWNERS_ONLY else selecting.writable_teams)(request.user)


def _chosen(request: HttpRequest, sites: QuerySet[Site]) -> Chosen:
    """What was marked on the list, or all that match its filter."""
    wanted = Wanted.of(request.GET)
    if request.GET.get("all"):
        return Chosen(_keys(selecting.matching(sites, wanted)), wanted, everything=True)
    marked = sorted({int(pk) for pk in request.GET.getlist("site") if pk.isascii() and pk.isdecimal() and len(pk) < 16})
    return Chosen(_checked(request, sites, marked, gone=False), wanted, everything=False)


def _sent(request: HttpRequest, sites: QuerySet[Site]) -> Chosen:
    wanted = Wanted.of(QueryDict(request.POST.get("filter", "")[:1000]))
    try:
        ids = selecting.open_choice(request.POST.get("choice", ""))
    except BadSignature:
        messages.info(request, _("That page is older than an hour. Nothing was changed: choose the sites again."))
        return Chosen([], wanted, everything=False)
    return Chosen(_checked(request, sites, ids, gone=True), wanted, everything=bool(request.POST.get("everything")))


def _keys(rows: QuerySet[Site]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _checked(request: HttpRequest, sites: QuerySet[Site], ids: list[int], *, gone: bool) -> list[int]:
    """These, if they are among the `sites` that the person may change: 404 for somebody else's, 403 for a reader's.

    `gone`: deleted ones are passed over."""
    writable = set(_within(sites, ids))
    rest = [pk for pk in ids if pk not in writable]
    if rest:
        there = _within(Site.objects.all(), rest)
        own = set(_within(selecting.own_sites(request.user), rest))
        if set(there) - own or (len(there) < len(rest) and not gone):
            raise Http404
        if own:
            raise PermissionDenied
    return [pk for pk in ids if pk in writable]


def _within(rows: QuerySet[Site], ids: list[int]) -> list[int]:
    return [pk for start in range(0, len(ids), _AT_ONCE) for pk in _keys(rows.filter(pk__in=ids[start : start + _AT_ONCE]))]


def _form(verb: str, chosen: Chosen, data: Any) -> forms.Form:
    plain: dict[str, Callable[..., forms.Form]] = {
        bulk_changes.INTERVAL: IntervalForm, bulk_changes.TAG: TagForm, bulk_changes.MUTE: MuteForm, bulk_changes.TRIALS: TrialsForm,
        bulk_changes.AUTOMATIC: ManyAutomaticForm,
    }  # fmt: skip
    if verb == bulk_changes.UNTAG:
        return UntagForm(data, tags=selecting.tag_counts(Site.objects.filter(pk__in=chosen.ids)))
    if verb == bulk_changes.HOST:
        teams = Site.objects.filter(pk__in=chosen.ids).order_by().values_list("team_id", flat=True).distinct()
        return HostForm(data, teams=teams)
    return plain.get(verb, NothingForm)(data)


def _do(request: HttpRequest, verb: str, chosen: Chosen, form: forms.Form) -> str:
    """Carries it out and says what came of it. Raises ChangeRefused."""
    values = form.cleaned_data
    if verb == bulk_changes.PROBE:
        return bulk_words.happened(verb, bulk_changes.probe(chosen.ids))
    more: dict[str, Callable[[], tuple[Any, ...]]] = {
        bulk_changes.INTERVAL: lambda: (values["interval_s"],),
        bulk_changes.TAG: lambda: (values["tag"],),
        bulk_changes.UNTAG: lambda: (values["tag"],),
        bulk_changes.HOST: lambda: (values["host"],),
        bulk_changes.TRIALS: lambda: (trial_policy.joined(values["trials"]),),
        bulk_changes.MUTE: lambda: (form.until(),),  # type: ignore[attr-defined]
    }
    verbs: dict[str, Callable[..., bulk_changes.Done]] = {
        bulk_changes.PAUSE: bulk_changes.pause, bulk_changes.RESUME: bulk_changes.resume, bulk_changes.DELETE: bulk_changes.delete,
        bulk_changes.INTERVAL: bulk_changes.set_interval, bulk_changes.TAG: bulk_changes.add_tag,
        bulk_changes.UNTAG: bulk_changes.remove_tag, bulk_changes.HOST: bulk_changes.set_host, bulk_changes.MUTE: bulk_changes.mute,
        bulk_changes.READ_ONLY: bulk_changes.set_read_only, bulk_changes.WRITABLE: bulk_changes.lift_read_only,
        bulk_changes.TRIALS: bulk_changes.set_trials,
    }  # fmt: skip
    if verb == bulk_changes.AUTOMATIC:
        policy = form.policy(request.user.pk)  # type: ignore[attr-defined]
        done = bulk_changes.set_automatic(request.user, chosen.ids, policy, sets_aside=values["sets_aside"] or None)
        return bulk_words.outcome(verb, done, len(chosen.ids))
    done = verbs[verb](request.user, chosen.ids, *more.get(verb, tuple)())
    return bulk_words.outcome(verb, done, len(chosen.ids))


def _context(sites: QuerySet[Site], verb: str, chosen: Chosen, form: forms.Form) -> dict[str, Any]:
    count = len(chosen.ids)
    matching = 0 if chosen.everything else selecting.matching(sites, chosen.wanted).count()
    return {
        "verb": verb,
        "form": form,
        "count": count,
        "headline": bulk_words.headline(verb, count),
        "explanation": bulk_words.explanation(verb),
        "button": bulk_words.button(verb),
        "shown": Site.objects.filter(pk__in=chosen.ids[:_AT_ONCE]).order_by("name")[:SHOWN],
        "more": max(0, count - SHOWN),
        "all_count": matching if matching > count else 0,
        "choice": selecting.seal_choice(chosen.ids),
        "chosen": chosen,
        "undoable": verb != bulk_changes.PROBE,
        "crumbs": [(_("Sites"), f"{reverse('sites:dashboard')}?{chosen.wanted.query}"), (bulk_words.button(verb), "")],
    }


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes back what this person did to many sites."""
    change_row = get_object_or_404(BulkChange, pk=pk, user=request.user)
    back = bulk_changes.undo(change_row, _teams(request, change_row.verb))
    messages.success(request, bulk_words.undone(back))
    return redirect("sites:dashboard")
