"""One site: its page, registering, changing, pausing, muting, probing now, deleting."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sites import access, queries, registration, wording
from sites.forms import MuteForm, SiteForm
from sites.health import egress
from sites.history import figures
from sites.looks import due as looks
from sites.looks import queries as look_queries
from sites.many import bin
from sites.many import changes as bulk_changes
from sites.models import Site
from sites.probing_now import probe_now
from sites.views.pages import found_while_registering
from sites.windows.forms import PauseForm


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """A site's page; for htmx only the part that changes."""
    site = access.get_site(request, pk)
    facts = queries.site_facts(site, request.GET.get("span", ""))
    context = {
        "site": site,
        "facts": facts,
        "spans": figures.SPANS,
        "may_write": access.may_write(request, site.team_id),
        "mute_form": MuteForm(),
        "sentence": sentence(site),
        "muted": bool(site.muted_until and site.muted_until > timezone.now()),
        "crumbs": [(_("Sites"), reverse("sites:dashboard")), (site.name, "")],
    }
    return render(request, "sites/site.html#live" if request.htmx else "sites/site.html", context)


def sentence(site: Site) -> str:
    """How the site is, in one sentence."""
    if site.paused_at and site.paused_until:
        return _("Paused until %(time)s: it is not probed at all.") % {"time": wording.moment_words(site.paused_until)}
    if site.paused_at:
        return _("Paused: it is not probed at all.")
    since = wording.moment_words(site.verdict_since) if site.verdict_since else ""
    if site.verdict == "down":
        if for_whom := look_queries.failing_sentence(site):
            return _("Since %(since)s: %(sentence)s") % {"since": since, "sentence": for_whom} if since else for_whom
        failing = [page for page in site.pages.all() if page.kind == site.kind]
        status = max((page.last_status or 0 for page in failing), default=0)
        details = {page.last_detail for page in failing}
        what = wording.failure_sentence(site.kind, status or None, detail=details.pop() if len(details) == 1 else "")
        return _("Since %(since)s it %(what)s.") % {"since": since, "what": what} if since else _("It %(what)s.") % {"what": what}
    if site.verdict == "suspect":
        return _("A probe failed; it is being confirmed.")
    if site.verdict == "up":
        if site.kind == "maintenance":
            return _("In maintenance, by its own word.")
        return _("Well since %(since)s.") % {"since": since} if since else _("Well.")
    if site.kind == "blocked":
        return _("It refuses our probes, so we cannot tell how it is.")
    return _not_known(site)


def _not_known(site: Site) -> str:
    """Why nothing can be said of it."""
    if site.last_probe_at is None:
        return _("Not probed yet.")
    if any(page.last_at is None for page in site.pages.all()):
        return _("A page was added that is not probed yet.")
    if since := egress.down_since():
        return _("Not known: our own connection seems to be down since %(since)s.") % {"since": wording.moment_words(since)}
    return _("Not known: what was seen of it last says nothing. The next probe is on its way.")


def _next_after_registering(site: Site) -> str:
    """On to the hosting account and the folders, which can be left for later."""
    if site.host_id is None:
        return "diagnostics:site-connect"
    return "sites:site" if site.docroot else "diagnostics:site-places"


def register(request: HttpRequest) -> HttpResponse:
    """A new site."""
    team = access.writable_team(request)
    form = SiteForm(request.POST or None, instance=Site(team=team), team=team, initial={"host": request.GET.get("host", "")})
    found = found_while_registering(request, form)
    site = form.store() if found is None and request.method == "POST" and form.is_valid() else None
    if site:
        messages.success(request, _("%(name)s is registered. Its first probe is on its way.") % {"name": site.name})
        return redirect(_next_after_registering(site), site.pk)
    crumbs = [(_("Sites"), reverse("sites:dashboard")), (_("Register a site"), "")]
    context = {"form": form, "crumbs": crumbs, "found": found, "ticked": request.POST.getlist("proposed")}
    return render(request, "sites/site_form.html", context, status=422 if form.errors else 200)


@access.refused_while_in_work
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A site's settings."""
    site = access.get_site(request, pk, write=True)
    name = site.name  # the form writes into the instance even when it refuses
    form = SiteForm(request.POST or None, instance=site, team=site.team)
    stored = form.store() if request.method == "POST" and form.is_valid() else None
    if stored:
        messages.success(request, _("%(name)s was saved.") % {"name": stored.name})
        return redirect("sites:site", pk)
    context = {"form": form, "site": site, "name": name, "crumbs": _crumbs(pk, name, _("Edit"))}
    return render(request, "sites/site_form.html", context, status=422 if form.errors else 200)


def _crumbs(pk: int, name: str, here: str) -> list[tuple[str, str]]:
    return [(_("Sites"), reverse("sites:dashboard")), (name, reverse("sites:site", args=[pk])), (here, "")]


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a site into the bin, from where it can be taken back for a week."""
    site = access.get_site(request, pk, write=True)
    if request.method == "POST":
        if bulk_changes.delete(request.user, [site.pk]).in_work:
            messages.error(request, _("A repair is being made there just now. Nothing was changed. Try again in a minute."))
            return redirect("sites:site", pk)
        messages.success(request, _("%(name)s is in the bin. Nothing was changed on its hosting account.") % {"name": site.name})
        return redirect("sites:dashboard")
    context = {"site": site, "days": bin.KEPT_FOR.days, "crumbs": _crumbs(site.pk, site.name, _("Delete"))}
    return render(request, "sites/site_delete.html", context)


@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Stops probing, for some time or until somebody resumes it."""
    site = access.get_site(request, pk, write=True)
    form = PauseForm(request.POST if "hours" in request.POST else {"hours": "0"})
    if not form.is_valid():
        messages.error(request, " ".join(text for texts in form.errors.values() for text in texts) + " " + _("Nothing was changed."))
        return redirect("sites:site", pk)
    until = form.until()
    registration.pause(site, until)
    if until:
        words = {"name": site.name, "time": wording.moment_words(until)}
        messages.success(request, _("%(name)s is paused until %(time)s. Nothing is probed or mailed meanwhile.") % words)
    else:
        messages.success(request, _("%(name)s is paused. Nothing is probed or mailed until you resume it.") % {"name": site.name})
    return redirect("sites:site", pk)


@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Goes on probing."""
    site = access.get_site(request, pk, write=True)
    registration.resume(site)
    messages.success(request, _("%(name)s is probed again.") % {"name": site.name})
    return redirect("sites:site", pk)


@require_POST
def mute(request: HttpRequest, pk: int) -> HttpResponse:
    """No mail about this site for some time; 0 hours ends it."""
    site = access.get_site(request, pk, write=True)
    form = MuteForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose for how long. Nothing was changed."))
        return redirect("sites:site", pk)
    until = form.until()
    registration.mute_site(site, until)
    if until:
        words = {"name": site.name, "time": wording.moment_words(until)}
        messages.success(request, _("Nothing is mailed about %(name)s until %(time)s.") % words)
    else:
        messages.success(request, _("%(name)s is no longer muted.") % {"name": site.name})
    return redirect("sites:site", pk)


@require_POST
def probe(request: HttpRequest, pk: int) -> HttpResponse:
    """Probes all pages at once and says what came of it."""
    site = access.get_site(request, pk, write=True)
    looks.make_due(site)
    probe_now(site, until_certain=False)  # a failure is confirmed by the regular re-probes: nobody waits 15 s
    site.refresh_from_db()
    messages.info(request, _("Probed just now. %(sentence)s") % {"sentence": sentence(site)})
    return redirect("sites:site", pk)
