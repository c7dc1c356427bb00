"""The log server of a site: typed, tried out, stored, removed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from diagnostics import log_servers
from diagnostics.connections import purposes
from diagnostics.log_server_forms import LogServerForm
from diagnostics.models import LogServer
from sites import access


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Stores only what was tried out and works."""
    site = access.get_site(request, pk, write=True)
    stored = log_servers.of(site)
    initial = {"url": stored.url, "user": stored.user} if stored else None
    form = LogServerForm(request.POST or None, stored=stored, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in ("url", "user", "password")}
        with purposes.doing("test", site=site):
            problem = log_servers.try_out(site, **values)
        if not problem:
            log_servers.store(site, **values)
            messages.success(request, _("The log server works. Its logs are read when this site fails."))
            return redirect("sites:site", site.pk)
        form.add_error(None, problem)
    return TemplateResponse(request, "diagnostics/log_server.html", {"site": site, "form": form, "stored": stored, "section": "sites"})


@require_POST
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Removes the address and its login."""
    site = access.get_site(request, pk, write=True)
    LogServer.objects.filter(site=site).delete()
    messages.success(request, _("The log server and its password are forgotten."))
    return redirect("sites:site", site.pk)
