"""Hosting accounts: list, type in, test, accept a host key, and where a site's files lie on them."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from diagnostics.accounts import listing
from diagnostics.connections import account_keys, connecting, host_tests
from sites import registration
from sites.many import selecting
from sites.models import Host, Site

from .. import access
from ..forms import ChooseHostForm, HostForm, KeyKindForm, PlacesForm
from ..profiles import get_profile

PER_PAGE = 50
MOST_KEYS = 20  # fingerprints to accept on one page
MOST_KEYS_READ = 500  # accounts that wait with them
SHOWN_SITES = 20  # that keep an account from being removed


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every hosting account of the person's teams."""
    own = Host.objects.filter(team__memberships__user=request.user)
    state = request.GET.get("state", "")
    hosts = own.filter(state=state) if state in Host.State.values else own
    counted = hosts.annotate(site_count=Count("sites", filter=Q(sites__deleted_at=None)))
    page = Paginator(counted.order_by("name", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    writable = own.filter(team__in=selecting.writable_teams(request.user))
    waiting = host_tests.by_key(host_tests.waiting_for_key(writable).order_by("name", "pk")[:MOST_KEYS_READ])
    context = {
        "hosts": page.object_list,
        "page": page,
        "state": state,
        "chips": _chips(own),
        "untested": host_tests.untested(writable).filter(test_due_at=None, testing_since=None).count(),
        "to_accept": [(same, connecting.fingerprint_of(same[0].offered_host_key)) for same in waiting[:MOST_KEYS]],
        "may_write": access.may_write_somewhere(request),
        "section": "settings",
    }
    return TemplateResponse(request, "diagnostics/hosts.html", context)


def _chips(own: QuerySet[Host]) -> list[tuple[str, str, int]]:
    certified = Count("pk", filter=Q(protocol=Host.Protocol.FTPS))
    rows = own.order_by().values_list("state").annotate(number=Count("pk"), certified=certified)
    counts = {state: (number, by) for state, number, by in rows}
    words = {value: str(label) for value, label in Host.State.choices}
    changed, by_certificate = counts.get(Host.State.KEY_CHANGED, (0, 0))
    if by_certificate:
        words[Host.State.KEY_CHANGED] = _("Certificate changed") if by_certificate == changed else _("Host key or certificate changed")
    named = [(value, words[value], counts[value][0]) for value in words if value in counts]
    return [("", _("All"), sum(count for count, _by in counts.values())), *named]


@require_POST
def test_untested(request: HttpRequest) -> HttpResponse:
    """Asks for a test of every account that was never tested: one after the other, in the background."""
    teams = selecting.writable_teams(request.user)
    if not teams:
        access.writable_team(request)  # raises for somebody who only reads
    count = host_tests.want_untested(Host.objects.filter(team__in=teams, testing_since=None))
    words = ngettext("%(n)d connection is going to be tested.", "%(n)d connections are going to be tested, one after the other.", count)
    messages.success(request, words % {"n": count} if count else _("Every connection was tested already, or waits for its test."))
    return redirect("diagnostics:hosts")


@require_GET
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One hosting account: how it is reached, whether that works, which sites lie on it."""
    host = access.get_host(request, pk)
    sites = host.sites.order_by("name")
    context = {
        "host": host,
        "sites": sites,
        "account": listing.summary(host),
        "wants_key": connecting.wants_key(host) and not host.practice,
        "may_register": host.state == Host.State.WORKS and not host.practice and not sites,
        "offered": connecting.fingerprint_of(host.offered_host_key) if host.offered_host_key else "",
        "for_site": _site_asked_for(request),
        "pinned": connecting.fingerprint_of(host.host_key) if host.host_key else "",
        "profile_title": get_profile(host.profile).title,
        "may_write": access.may_write(request, host.team_id),
        "key_form": KeyKindForm(),
        "section": "settings",
        **account_keys.context_of(host, access.may_write(request, host.team_id)),
    }
    return TemplateResponse(request, "diagnostics/host.html", context)


@access.refused_while_in_work
@sensitive_post_parameters("password", "private_key", "passphrase")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new hosting account; with `?site=`, for that site, which then goes on to its folders."""
    site = _site_asked_for(request)
    team = site.team if site else access.writable_team(request)
    return _edit(request, Host(team=team, name=_unused_name(site) if site else ""), site)


@sensitive_post_parameters("password", "private_key", "passphrase")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """An existing hosting account. An empty secret keeps what is stored."""
    return _edit(request, access.get_host(request, pk, write=True), None)


def _site_asked_for(request: HttpRequest) -> Site | None:
    wanted = request.GET.get("site", "")
    return access.get_site(request, int(wanted), write=True) if wanted.isdecimal() and len(wanted) < 16 else None


def _unused_name(site: Site) -> str:
    name = _("Hosting of %(site)s") % {"site": site.name}
    return name[:100] if not Host.objects.filter(team=site.team, name=name[:100]).exists() else ""


def _edit(request: HttpRequest, host: Host, site: Site | None) -> HttpResponse:
    making = request.POST.get("action") == "make-key" and not host.pk
    form = HostForm(request.POST or None, instance=host, team=host.team, needs_secret=not making)
    kind = KeyKindForm(request.POST if making else None)
    result = None
    if making and form.is_valid() and kind.is_valid():
        return _save_with_key(request, form, kind.cleaned_data["kind"], site)
    if request.method == "POST" and form.is_valid() and not making:
        result = connecting.test_typed(form.instance, **_secrets(form))
        action = request.POST.get("action")
        # An unknown key is no failure: nothing secret was sent, and the person compares it on the next page without typing again.
        if action == "save-anyway" or (action != "test" and (result.ok or result.code == "host-key-unknown")):
            return _save(request, form, result, site)
    wants_key = result is None and connecting.wants_key(host)
    context = {"form": form, "host": host, "site": site, "result": result, "wants_key": wants_key, "section": "settings", "key_form": kind}
    return TemplateResponse(request, "diagnostics/host_form.html", context)


def _secrets(form: HostForm) -> dict[str, str]:
    return {name: form.cleaned_data[name] for name in ("password", "private_key", "passphrase")}


def _page_of(host: Host, site: Site | None) -> str:
    query = f"?{urlencode({'site': site.pk})}" if site else ""
    return f"{reverse('diagnostics:host', args=[host.pk])}{query}"


def _save_with_key(request: HttpRequest, form: HostForm, kind: str, site: Site | None) -> HttpResponseRedirect:
    """Stores the account with a key made for it; the test shows the host's own key, which a person accepts first."""
    host = connecting.store(form.instance, **_secrets(form), user=request.user)
    if account_keys.possible(host):
        account_keys.make_for(host, kind)
        messages.success(request, _("The key is made, and its private half is sealed. Now install the public line at your host."))
    if site:
        registration.update_site(site, host=host)
    connecting.test_host(host)
    return redirect(_page_of(host, site))


def _save(request: HttpRequest, form: HostForm, result: connecting.ConnectionTest, site: Site | None) -> HttpResponseRedirect:
    host = connecting.store(form.instance, **_secrets(form), tested=result, user=request.user)
    if site:
        registration.update_site(site, host=host)
    if site and result.ok:
        return redirect("diagnostics:site-places", site.pk)
    if result.ok:
        messages.success(request, _saved_words(host.sites.count()))
    return redirect(_page_of(host, site))


def _saved_words(sites: int) -> str:
    words = ngettext("Saved. The connection works.", "Saved. The connection works, for all of its %(n)d sites.", max(1, sites))
    return words % {"n": sites}


@access.refused_while_in_work
@require_http_methods(["GET", "POST"])
def connect(request: HttpRequest, pk: int) -> HttpResponse:
    """Which hosting account a site lies on: one that stands, or a new one."""
    site = access.get_site(request, pk, write=True)
    form = ChooseHostForm(request.POST or None, team=site.team, initial={"host": site.host_id})
    if request.method == "POST" and form.is_valid():
        registration.update_site(site, host=form.cleaned_data["host"])
        return redirect("diagnostics:site-places", site.pk)
    if not form.fields["host"].queryset.exists():
        return redirect(f"{reverse('diagnostics:host-new')}?{urlencode({'site': site.pk})}")
    return TemplateResponse(request, "diagnostics/connect.html", {"site": site, "form": form, "section": "sites"})


@access.refused_while_in_work
@require_POST
def disconnect(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a site off its hosting account; the site is watched on."""
    site = access.get_site(request, pk, write=True)
    registration.update_site(site, host=None)
    messages.success(request, _("The site is watched on, without access to its files."))
    return redirect("sites:site", site.pk)


def _stored(form: PlacesForm, site: Site) -> bool:
    try:
        registration.update_site(site, **form.cleaned_data)
    except registration.RegistrationError as refusal:
        form.add_error(refusal.field, refusal.message)
        return False
    return True


@require_http_methods(["GET", "POST"])
def places(request: HttpRequest, pk: int) -> HttpResponse:
    """The folders and logs of a site, proposed from what lies there."""
    site = access.get_site(request, pk, write=True)
    if site.host is None:
        return redirect("diagnostics:site-connect", site.pk)
    if request.method == "POST":
        form = PlacesForm(request.POST, instance=site)
        problem = connecting.check_places(site.host, **form.cleaned_data) if form.is_valid() else None
        if problem:
            form.add_error(problem.field, problem.message)
        if form.is_valid() and _stored(form, site):
            messages.success(request, _("Connected. Causes and repairs are now available for this site."))
            return redirect("sites:site", site.pk)
        return TemplateResponse(request, "diagnostics/places.html", {"site": site, "form": form, "found": None, "section": "sites"})
    found = connecting.discover(site)
    form = PlacesForm(instance=site, initial={name: getattr(site, name) or getattr(found, name) for name in PlacesForm.Meta.fields})
    return TemplateResponse(request, "diagnostics/places.html", {"site": site, "form": form, "found": found, "section": "sites"})


@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Tests a stored connection now and says what came of it."""
    host = access.get_host(request, pk, write=True)
    result = account_keys.test(host)
    _tell(request, host, result)
    site = _site_asked_for(request)
    if result.ok and site:
        return redirect("diagnostics:site-places", site.pk)
    return redirect("diagnostics:host", host.pk)


def _tell(request: HttpRequest, host: Host, result: connecting.ConnectionTest, *, on_list: bool = False) -> None:
    """What a test brought. Why an account does not work stands on its page already: there it is not said twice."""
    said = f"{result.message} {result.hint}".strip()
    if on_list:
        said = f"{host.name}: {said}"
    elif not result.ok and Host.objects.filter(pk=host.pk, state_detail=said).exists():
        said = _("Tested just now: the connection does not work. Why stands below.")
    (messages.success if result.ok else messages.error)(request, said)


@require_POST
def accept_key(request: HttpRequest, pk: int) -> HttpResponse:
    """A person accepts the host key that the page showed; another one than shown is refused."""
    host = access.get_host(request, pk, write=True)
    on_list = request.POST.get("back") == "list"
    if connecting.accept_host_key(host, request.user, request.POST.get("fingerprint", "")):
        result = account_keys.test(host)
        _tell(request, host, result, on_list=on_list)
        if on_list:
            _accept_for_others(request, host)
        site = _site_asked_for(request)
        if result.ok and site:
            return redirect("diagnostics:site-places", site.pk)
    else:
        messages.error(request, _("The host shows another key by now. Nothing was accepted; look at the new one below."))
    return redirect("diagnostics:hosts") if on_list else redirect("diagnostics:host", host.pk)


def _accept_for_others(request: HttpRequest, host: Host) -> None:
    others = Host.objects.filter(team__in=selecting.writable_teams(request.user)).exclude(pk=host.pk)
    if count := host_tests.accept_key_for(others, host, request.user):
        words = ngettext(
            "%(n)d other account of the same machine has this key: it is tested now.",
            "%(n)d other accounts of the same machine have this key: they are tested now, one after the other.",
            count,
        )
        messages.success(request, words % {"n": count})


@access.refused_while_in_work
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Removes a hosting account with its secrets; refused while sites use it."""
    host = access.get_host(request, pk, write=True)
    count = host.sites.count()
    behind = host.reached_through_it.order_by("name")
    if request.method == "POST" and not count and not behind:
        host.delete()
        messages.success(request, _("%(name)s and its secrets are removed.") % {"name": host.name})
        return redirect("diagnostics:hosts")
    context = {
        "host": host,
        "count": count,
        "sites": host.sites.order_by("name")[:SHOWN_SITES],
        "more": max(0, count - SHOWN_SITES),
        "behind": behind[:SHOWN_SITES],
        "crumbs": [
            (_("Hosting accounts"), reverse("diagnostics:hosts")),
            (host.name, reverse("diagnostics:host", args=[pk])),
            (_("Remove"), ""),
        ],
        "section": "settings",
    }
    return TemplateResponse(request, "diagnostics/host_delete.html", context, status=409 if request.method == "POST" else 200)
