"""Incidents: the list, one of them, and what a person may do with it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from sites import access, incident_endings, queries, storms, wording
from sites import incidents as verbs
from sites.advice import advice
from sites.forms import MuteForm
from sites.models import Incident


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All incidents of the person's sites, open ones first."""
    state, event = request.GET.get("state", ""), request.GET.get("event", "")
    page = queries.incident_list(request.user, state, request.GET.get("page", 1), event)
    still_open = queries.own_incidents(request.user).filter(resolved_at=None).count()
    context = {"page": page, "state": state, "sentence": list_sentence(still_open), "open": still_open}
    context["shared"] = [] if event or state == "resolved" or page.number > 1 else queries.sharing(request.user)
    if event and page.object_list:
        rows = list(page.object_list)
        over = all(not incident.is_open for incident in rows)
        context |= {"event": event, "sentence": f"{storms.headline(rows, over=over)}."}
    return render(request, "sites/incidents.html#live" if request.htmx else "sites/incidents.html", context)


def list_sentence(still_open: int) -> str:
    """How many incidents need somebody."""
    if not still_open:
        return _("No incident is open.")
    return ngettext("%(n)d incident is open.", "%(n)d incidents are open.", still_open) % {"n": still_open}


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One incident: cause and proof, what happened, which pages, what to do."""
    incident = access.get_incident(request, pk)
    context = {
        "incident": incident,
        "site": incident.site,
        "sentence": sentence(incident),
        "advice": advice(incident),
        "how_often": wording.rate_words(incident.rate),
        "entries": incident.entries.select_related("by"),
        "pages": [page for page in incident.site.pages.all() if page.path in incident.paths],
        "mails": incident.notifications.order_by("created_at")[:20],
        "may_write": access.may_write(request, incident.site.team_id),
        "mute_form": MuteForm(),
        "together": list(storms.others(incident)[:13]),
        "event_key": storms.key_of(incident),
        "same_cause": list(storms.sharing(incident).exclude(pk=incident.pk)[:13]) if incident.shared and incident.is_open else [],
        "muted": bool(incident.muted_until and incident.muted_until > timezone.now()),
        "crumbs": _crumbs(incident),
    }
    return render(request, "sites/incident.html#live" if request.htmx else "sites/incident.html", context)


def _crumbs(incident: Incident) -> list[tuple[str, str]]:
    here = _("Incident %(n)d") % {"n": incident.pk}
    return [(_("Incidents"), reverse("sites:incidents")), (incident.site.name, reverse("sites:site", args=[incident.site_id])), (here, "")]


def sentence(incident: Incident) -> str:
    """What is, or was, wrong: "Shop answers 500 on every page."."""
    what = wording.failure_sentence(incident.kind, incident.status, incident.looks, incident.detail)
    name = incident.site.name
    if not incident.is_open:
        lasted = wording.duration_words((incident.resolved_at - incident.first_failure_at).total_seconds())
        return _("%(name)s is over it: it failed for %(time)s.") % {"name": name, "time": lasted}
    if incident.scope == "all-pages":
        return _("%(name)s %(what)s on every page.") % {"name": name, "what": what}
    if incident.paths:
        return _("%(name)s %(what)s on %(paths)s.") % {"name": name, "what": what, "paths": wording.some_of(incident.paths)}
    return f"{name} {what}."


@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """ "I'll take it": the recovery is mailed all the same."""
    incident = access.get_incident(request, pk, write=True)
    verbs.acknowledge(incident, request.user)
    messages.success(request, _("You have it. Colleagues see your name."))
    return redirect("sites:incident", pk)


@require_POST
def unacknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """ "Hand it back": whoever may take it may also give it back, for a colleague who is asleep."""
    incident = access.get_incident(request, pk, write=True)
    verbs.unacknowledge(incident, request.user)
    messages.success(request, _("Nobody has it now."))
    return redirect("sites:incident", pk)


@require_POST
def mute(request: HttpRequest, pk: int) -> HttpResponse:
    """No mail about this incident for some time."""
    incident = access.get_incident(request, pk, write=True)
    form = MuteForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose for how long. Nothing was changed."))
        return redirect("sites:incident", pk)
    until = form.until()
    verbs.mute(incident, request.user, until)
    if until:
        messages.success(request, _("Nothing more is mailed about this incident until %(time)s.") % {"time": wording.moment_words(until)})
    else:
        messages.success(request, _("It is no longer muted."))
    return redirect("sites:incident", pk)


@require_POST
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Resolved by a person, whatever the probes say."""
    incident = access.get_incident(request, pk, write=True)
    incident_endings.resolve(incident, request.user)
    messages.success(request, _("The incident is resolved. If the site still fails, the next probes open it again."))
    return redirect("sites:incident", pk)
