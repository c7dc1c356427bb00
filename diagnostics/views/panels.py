"""The panel of a hosting account: connected, tested, its state, forgotten; and what the guided repair does with it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from diagnostics import access
from diagnostics.connections import purposes
from diagnostics.models import HostPanel, RepairCase
from diagnostics.panels import connecting, php, showing, starting, watching
from diagnostics.panels.base import PanelError
from diagnostics.panels.forms import PanelForm
from sites import read_only
from sites.models import Host


@sensitive_post_parameters("secret", "consumer")
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Connects a panel, or shows the one that is connected."""
    host = access.get_host(request, pk, write=True)
    form = PanelForm(request.POST or None, initial={"service": connecting.likely_service(host)})
    if request.method == "POST" and form.is_valid():
        try:
            with purposes.doing("test"), purposes.by(request.user):
                panel = connecting.connect(host, form.given(), request.user)
        except PanelError as error:
            form.add_error(None, str(error))
        else:
            _tell(request, panel)
            return redirect("diagnostics:host-panel", host.pk)
    return TemplateResponse(request, "diagnostics/host_panel.html", {**showing.of_host(host), "form": form, "section": "settings"})


@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks the panel now."""
    host = access.get_host(request, pk, write=True)
    panel = connecting.of(host)
    if panel is not None:
        with purposes.doing("test"), purposes.by(request.user):
            _tell(request, connecting.test(panel))
    return redirect("diagnostics:host-panel", host.pk)


def _tell(request: HttpRequest, panel: HostPanel) -> None:
    if panel.state == HostPanel.State.WORKS:
        messages.success(request, _("The panel answers. Its state is read when a site on this account fails."))


@require_POST
def disconnect(request: HttpRequest, pk: int) -> HttpResponse:
    """Forgets the panel and its keys."""
    host: Host = access.get_host(request, pk, write=True)
    if connecting.disconnect(host):
        messages.success(request, _("The panel and its keys are forgotten here. Remove the application at OVHcloud too."))
    else:
        messages.error(request, _("A change through the panel is being made just now. Wait until it has ended."))
    return redirect("diagnostics:host-panel", host.pk)


# --- in the guided repair -----------------------------------------------------------------------
@require_POST
def watch(request: HttpRequest, pk: int) -> HttpResponse:
    """Watches what the host is doing until nothing is left."""
    case = access.get_case(request, pk, write=True)
    panel = connecting.working(case.site.host)
    if panel is None or case.closed_at is not None:
        messages.error(request, _("There is no panel to ask, or the repair is closed."))
    else:
        watching.begin(panel, case, request.user)
    return _back(case, watching.GUIDE_STEP)


@require_POST
def stop_watching(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody waits any more."""
    case = access.get_case(request, pk, write=True)
    panel = connecting.of(case.site.host) if case.site.host is not None else None
    if panel is not None:
        watching.stop(panel)
    return _back(case, watching.GUIDE_STEP)


@require_http_methods(["GET", "POST"])
def php_version(request: HttpRequest, pk: int) -> HttpResponse:
    """What a change of PHP would change, for whom, with the one button that starts it."""
    case = access.get_case(request, pk, write=True)
    choice = (request.POST if request.method == "POST" else request.GET).get("to", "")[:60]
    if request.method == "POST":
        try:
            php.start(case, choice, request.POST.get("digest", ""), request.user)
        except starting.Refused as refusal:
            messages.error(request, str(refusal))
        return _back(case, php.GUIDE_STEP)
    stored = php.told(case)
    plan = php.plan(case.site, stored, choice) if stored else None
    if plan is None:
        messages.error(request, _("Read the PHP configuration first, then choose one of what is offered."))
        return _back(case, php.GUIDE_STEP)
    context = {"case": case, "site": case.site, "plan": plan, "choice": choice, "read_only": read_only.words(case.site)}
    context["panel_simulated"] = connecting.simulated()
    return TemplateResponse(request, "diagnostics/php_version.html", {**context, "section": "repairs"})


def _back(case: RepairCase, guide_step: str) -> HttpResponse:
    return redirect(f"{reverse('diagnostics:repair', args=[case.pk])}?{urlencode({'step': guide_step})}")
