"""Tags wherever they are, and the filters that a person keeps by name."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from sites import access
from sites.many import changes as bulk_changes
from sites.many import selecting
from sites.many.forms import RenameTagForm, SaveFilterForm
from sites.many.selecting import Wanted
from sites.models import SavedFilter, Site

MOST_FILTERS = 30  # of one person


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All tags with how many sites carry each, and the person's own filters."""
    context = {
        "tags": selecting.tag_counts(selecting.own_sites(request.user)),
        "filters": SavedFilter.objects.filter(user=request.user),
        "may_write": access.may_write_somewhere(request),
        "crumbs": [(_("Sites"), reverse("sites:dashboard")), (_("Tags and filters"), "")],
    }
    return render(request, "sites/tags.html", context)


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Renames a tag on every site where the person may write, or takes it off."""
    teams = selecting.writable_teams(request.user)
    if not teams:
        access.writable_team(request)  # raises for somebody who only reads
    form = RenameTagForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("sites:tags")
    old, new = form.cleaned_data["tag"], form.cleaned_data["new"]
    ids = list(Site.objects.filter(selecting.has_tag(old), team__in=teams).values_list("pk", flat=True))
    try:
        done = bulk_changes.rename_tag(request.user, ids, old, new, teams) if new else bulk_changes.remove_tag(request.user, ids, old)
    except bulk_changes.ChangeRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("sites:tags")
    if new:
        _rename_in_filters(request, old, new)
    words = ngettext("The tag was changed on %(n)d site.", "The tag was changed on %(n)d sites.", done.changed)
    messages.success(request, words % {"n": done.changed})
    return redirect("sites:tags")


def _rename_in_filters(request: HttpRequest, old: str, new: str) -> None:
    for saved in SavedFilter.objects.filter(user=request.user):
        query = QueryDict(saved.query, mutable=True)
        if query.get("tag") == old:
            query["tag"] = new
            saved.query = Wanted.of(query).query
            saved.save(update_fields=["query"])


@require_POST
def save_filter(request: HttpRequest) -> HttpResponse:
    """Keeps what is filtered now by a name; the same name again replaces it."""
    wanted = Wanted.of(QueryDict(request.POST.get("query", "")[:1000]))
    form = SaveFilterForm(request.POST)
    back = f"{reverse('sites:dashboard')}?{wanted.query}"
    if not wanted or not form.is_valid():
        messages.error(request, _("Filter the list first, and give the filter a name of at most 40 characters."))
        return redirect(back)
    name = form.cleaned_data["name"]
    others = SavedFilter.objects.filter(user=request.user).exclude(name=name)
    if others.count() >= MOST_FILTERS:
        messages.error(request, _("You have %(most)d filters already. Remove one first.") % {"most": MOST_FILTERS})
        return redirect("sites:tags")
    try:
        with transaction.atomic():
            SavedFilter.objects.update_or_create(user=request.user, name=name, defaults={"query": wanted.query[:500]})
    except IntegrityError:  # pressed twice
        pass
    messages.success(request, _("The filter “%(name)s” is kept for you.") % {"name": name})
    return redirect(back)


@require_POST
def remove_filter(request: HttpRequest, pk: int) -> HttpResponse:
    """Forgets one of the person's filters."""
    saved = get_object_or_404(SavedFilter, pk=pk, user=request.user)
    saved.delete()
    messages.success(request, _("The filter “%(name)s” is removed.") % {"name": saved.name})
    return redirect("sites:tags")
