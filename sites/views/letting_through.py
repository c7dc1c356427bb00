"""How to let our probes through a firewall, and the secret header for it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from sites import access, letting_through
from sites.credentials import SecretUnreadable
from sites.looks.due import pace_s
from sites.models import Site
from sites.wording import interval_words


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Who our probes say they are and where they come from."""
    return _page(request, access.get_site(request, pk, write=True))


@never_cache
@require_POST
def make(request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret header. Its value is shown in this answer and never again."""
    site = access.get_site(request, pk, write=True)
    try:
        value = letting_through.make_pass(site)
    except SecretUnreadable as error:
        messages.error(request, _("%(why)s Nothing was changed.") % {"why": error})
        return redirect("sites:site-let-through", pk)
    return _page(request, site, value)


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """No secret header any more."""
    site = access.get_site(request, pk, write=True)
    try:
        letting_through.remove_pass(site)
    except SecretUnreadable as error:
        messages.error(request, _("%(why)s Nothing was changed.") % {"why": error})
    else:
        messages.success(request, _("The header is no longer sent. Take the rule out of the firewall too."))
    return redirect("sites:site-let-through", pk)


def _page(request: HttpRequest, site: Site, value: str = "") -> HttpResponse:
    try:
        has_pass = bool(value) or letting_through.has_pass(site)
    except SecretUnreadable:
        has_pass = False
    context = {
        "site": site,
        "user_agent": letting_through.user_agent(),
        "word": letting_through.AGENT_WORD,
        "addresses": letting_through.addresses(),
        "header": letting_through.PASS_HEADER,
        "value": value,
        "has_pass": has_pass,
        "rules": letting_through.rules(value) if value else [],
        "pace": interval_words(site.interval_s),
        "look_pace": interval_words(pace_s(site.interval_s)) if site.wants_looks else "",
        "crumbs": [
            (_("Sites"), reverse("sites:dashboard")),
            (site.name, reverse("sites:site", args=[site.pk])),
            (_("Letting us through"), ""),
        ],
    }
    return render(request, "sites/let_through.html", context)
