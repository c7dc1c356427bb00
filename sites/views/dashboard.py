"""The fleet at a glance: what needs a person first, then every site."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from sites import access, queries, wording
from sites.many import bin, selecting
from sites.many import changes as bulk_changes
from sites.many import words as bulk_words
from sites.many.selecting import Wanted
from sites.models import Host, Membership, SavedFilter, SiteImport

SHOWN_TAGS = 12


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The dashboard, or the welcome page of an installation without sites; for htmx only the part that changes."""
    wanted = Wanted.of(request.GET)
    counts = queries.counts(request.user)
    roles = access.roles(request)
    may_write = bool(roles - {Membership.Role.READER})
    if not counts["all"]:
        deleted = bin.deleted_sites(request.user).exists()
        context = {"may_write": may_write, "deleted": deleted, **_undo_offer(request)}
        return render(request, "sites/welcome.html", context)
    page, rows = queries.site_rows(request.user, wanted, request.GET.get("page", 1))
    events, suspects = queries.needing(request.user)
    context = {
        "wanted": wanted,
        "counts": counts,
        "chips": _chips(counts),
        "page": page,
        "rows": rows,
        "events": events,
        "suspects": suspects,
        **_filter_row(request, wanted),
        **_undo_offer(request),
        "verbs": bulk_words.choices(is_owner=Membership.Role.OWNER in roles) if may_write else [],
        "sentence": sentence(counts, len(suspects)),
        "second_sentence": second_sentence(counts),
        "may_write": may_write,
    }
    part = "#live" if request.htmx and not request.htmx.boosted else ""
    return render(request, f"sites/dashboard.html{part}", context)


def _undo_offer(request: HttpRequest) -> dict[str, Any]:
    """What the person has just done to many sites, as long as it can be taken back here."""
    change = bulk_changes.last_of(request.user)
    return {"last_change": change, "last_change_words": bulk_words.last_change(change) if change else ""}


def _filter_row(request: HttpRequest, wanted: Wanted) -> dict[str, Any]:
    """Tags, the most used first as far as there is room, the person's own filters, and what a link from elsewhere narrowed to."""
    counts = selecting.tag_counts(selecting.own_sites(request.user))
    often = sorted(counts, key=lambda tag: -counts[tag])[:SHOWN_TAGS]
    tags = [tag for tag in counts if tag in often or tag == wanted.tag]
    saved = list(SavedFilter.objects.filter(user=request.user))
    return {
        "tags": tags,
        "more_tags": len(counts) - len(tags),
        "saved_filters": saved,
        "is_saved": any(each.query == wanted.query for each in saved),
        "narrowed": _narrowed(request, wanted),
    }


def _narrowed(request: HttpRequest, wanted: Wanted) -> list[tuple[str, str]]:
    """(name of the parameter, words) of filters that have no chip of their own."""
    found = []
    if wanted.host:
        host = Host.objects.filter(pk=wanted.host, team__memberships__user=request.user).first()
        found.append(("host", host.name if host else _("Hosting account")))
    if wanted.imported:
        made = SiteImport.objects.filter(pk=wanted.imported, team__memberships__user=request.user).first()
        words = _("Import of %(time)s") % {"time": wording.moment_words(made.made_at)} if made and made.made_at else _("Import")
        found.append(("import", words))
    return found


def sentence(counts: dict[str, int], suspects: int = 0) -> str:
    """How things are, first: "2 sites need you. 345 are well."."""
    needing = counts["down"] + counts["suspect"] - counts["held"]
    well = counts["up"]
    if needing:
        first = ngettext("%(n)d site needs you.", "%(n)d sites need you.", needing) % {"n": needing}
        second = ngettext("%(n)d is well.", "%(n)d are well.", well) % {"n": well}
        return f"{first} {second}" if well else first
    if counts["held"] and not well:
        return _("No site needs you.")
    if not well:
        if counts["unheard"]:
            return _("Nothing is known just now.")
        paused = counts["all"] == counts["paused"]
        return _("Every site is paused.") if paused else _("Nothing is known yet: the first probes are on their way.")
    if well == counts["all"]:
        return _("Your site is well.") if well == 1 else _("All %(n)d sites are well.") % {"n": well}
    if counts["held"]:
        return ngettext("%(n)d site is well.", "%(n)d sites are well.", well) % {"n": well}
    return ngettext("%(n)d site is well. None is down.", "%(n)d sites are well. None is down.", well) % {"n": well}


def second_sentence(counts: dict[str, int]) -> str:
    """What else there is to know about the fleet."""
    parts = []
    if counts["held"]:
        words = ngettext("%(n)d fails in its maintenance window.", "%(n)d fail in their maintenance windows.", counts["held"])
        parts.append(words % {"n": counts["held"]})
    if counts["blocked"]:
        parts.append(ngettext("%(n)d refuses our probes.", "%(n)d refuse our probes.", counts["blocked"]) % {"n": counts["blocked"]})
    if counts["paused"]:
        parts.append(ngettext("%(n)d is paused.", "%(n)d are paused.", counts["paused"]) % {"n": counts["paused"]})
    if unheard := counts["unheard"]:
        parts.append(ngettext("%(n)d is not known just now.", "%(n)d are not known just now.", unheard) % {"n": unheard})
    waiting = counts["all"] - sum(counts[name] for name in ("down", "suspect", "blocked", "up", "paused", "unheard"))
    if waiting:
        parts.append(ngettext("%(n)d waits for its first probe.", "%(n)d wait for their first probe.", waiting) % {"n": waiting})
    return " ".join(parts)


def _chips(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    words = [
        ("", _("All"), counts["all"]),
        ("down", _("Down"), counts["down"]),
        ("suspect", _("Suspect"), counts["suspect"]),
        ("blocked", _("Blocked"), counts["blocked"]),
        ("up", _("Up"), counts["up"]),
        ("no-connection", _("No connection"), counts["no_connection"]),
        ("paused", _("Paused"), counts["paused"]),
    ]
    return [(name, word, count) for name, word, count in words if count or not name]
