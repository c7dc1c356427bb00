""" "We are deploying": the button on a site's page, and the secret address for CI systems and bookmarks."""

from __future__ import annotations

import math
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sites import access, throttling, wording
from sites.models import DeployHook, Deployment
from sites.windows import deploying
from sites.windows.forms import DeploymentForm

CALLS, CALLS_WITHIN = 30, timedelta(minutes=15)  # of one hook
GUESSES = 20  # of one address, in the same time


@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Begins a deployment, or gives the one that is on more time."""
    site = access.get_site(request, pk, write=True)
    form = DeploymentForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose how long it takes. Nothing was changed."))
    elif site.paused_at:
        messages.error(request, _("%(name)s is paused, so nothing would be looked at. Resume it first.") % {"name": site.name})
    else:
        found = deploying.start(site, form.cleaned_data["minutes"], user=request.user)
        words = {"name": site.name, "time": wording.moment_words(found.ends_at)}
        messages.success(request, _("%(name)s is watched closely until %(time)s, and nobody is mailed meanwhile.") % words)
    return redirect("sites:site", pk)


@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """ "Done": looks at all pages now."""
    site = access.get_site(request, pk, write=True)
    if deploying.finish(site) is None:
        messages.info(request, _("No deployment is running: it has ended meanwhile."))
    else:
        messages.success(request, _("The window is over. Every page is probed once more; the result stands here within a minute."))
    return redirect("sites:site", pk)


def hook(request: HttpRequest, pk: int) -> HttpResponse:
    """The secret address of a site: made, shown this once, made anew, revoked."""
    site = access.get_site(request, pk, write=True)
    context: dict[str, object] = {
        "site": site,
        "crumbs": [(_("Sites"), reverse("sites:dashboard")), (site.name, reverse("sites:site", args=[pk])), (_("Deploy hook"), "")],
    }
    if request.method == "POST" and "revoke" in request.POST:
        deploying.revoke_hook(site)
        messages.success(request, _("The deploy hook of %(name)s is revoked: its address no longer works.") % {"name": site.name})
        return redirect("sites:site", pk)
    if request.method == "POST":
        made = deploying.make_hook(site, request.user)
        context |= {"start_url": _hook_url("deploy-start", made.token), "finish_url": _hook_url("deploy-finish", made.token)}
        context |= {"status_url": _hook_url("deploy-status", made.token)}
    context["hook"] = DeployHook.objects.filter(site=site).select_related("created_by").first()
    response = render(request, "sites/deploy_hook.html", context)
    response["Cache-Control"] = "private, no-store"  # the token is shown once: going back must not show it again
    return response


def _hook_url(name: str, token: str) -> str:
    return settings.SITEMEND_BASE_URL + reverse(f"sites:{name}", args=[token])


def _opened(request: HttpRequest, token: str) -> DeployHook | HttpResponse:
    """The hook of this token; a refusal when it, or who guesses, asks too often. Raises Http404 for a token that opens nothing."""
    found = deploying.hook_of(token)
    if found is None:
        wait = throttling.count(f"deploy-guess:{request.META.get('REMOTE_ADDR', '')}", most=GUESSES, within=CALLS_WITHIN)
        if not wait:
            raise Http404
    elif request.method == "POST":
        wait = throttling.count(f"deploy-hook:{found.token_hash}", most=CALLS, within=CALLS_WITHIN)
    else:
        return found
    if found is None or wait:
        seconds = math.ceil(wait.total_seconds())
        refusal = _refusal("too-often", _("Too many calls. Try again in %(n)d s.") % {"n": seconds}, 429)
        refusal["Retry-After"] = str(seconds)
        return refusal
    deploying.note_use(found)
    return found


def _refusal(code: str, message: str, status: int) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)


@login_not_required
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hook_start(request: HttpRequest, token: str) -> HttpResponse:
    """POST begins a deployment; a browser that opens the address is asked first."""
    opened = _opened(request, token)
    if isinstance(opened, HttpResponse):
        return opened
    if request.method != "POST":
        return _page(request, opened, token, asks="start")
    text = request.POST.get("minutes") or request.GET.get("minutes") or str(deploying.DEFAULT_MINUTES)
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        return _refusal("minutes", _("minutes must be a whole number from 1 to 240."), 422)
    if opened.site.paused_at:
        return _refusal("paused", _("The site is paused: nothing would be looked at."), 409)
    deploying.start(opened.site, int(text), by_hook=True)
    return _after_post(request, opened, token)


@login_not_required
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hook_finish(request: HttpRequest, token: str) -> HttpResponse:
    """POST ends the deployment that is on."""
    opened = _opened(request, token)
    if isinstance(opened, HttpResponse):
        return opened
    if request.method != "POST":
        return _page(request, opened, token, asks="finish")
    if deploying.finish(opened.site) is None:
        return _refusal("none-running", _("No deployment is running: it was not started, or has ended."), 409)
    return _after_post(request, opened, token)


@login_not_required
@never_cache
@require_safe
def hook_status(request: HttpRequest, token: str) -> HttpResponse:
    """How the last deployment goes, or went: for a person a page, for everything else JSON."""
    opened = _opened(request, token)
    if isinstance(opened, HttpResponse):
        return opened
    return _page(request, opened, token) if "text/html" in request.headers.get("Accept", "") else _json(opened)


def _after_post(request: HttpRequest, hook: DeployHook, token: str) -> HttpResponse:
    return redirect("sites:deploy-status", token) if "browser" in request.POST else _json(hook, status=202)


def _page(request: HttpRequest, hook: DeployHook, token: str, asks: str = "") -> HttpResponse:
    last = next(iter(deploying.last_ones(hook.site, 1)), None)
    context = {"site": hook.site, "token": token, "asks": asks, "last": last, "state": state_of(last), "minutes": deploying.DEFAULT_MINUTES}
    return render(request, "sites/deploy_status.html", context)


def _json(hook: DeployHook, status: int = 200) -> JsonResponse:
    last = next(iter(deploying.last_ones(hook.site, 1)), None)
    document = {
        "site": hook.site.name,
        "state": state_of(last),
        "started_at": last and last.started_at,
        "ends_at": last and last.ends_at,
        "result": (last and last.result) or None,
        "summary": last.summary if last else "",
    }
    return JsonResponse(document, status=status)


def state_of(deployment: Deployment | None) -> str:
    """ "none", "running", "finishing" (its last probes are being made) or "done"."""
    if deployment is None:
        return "none"
    if deployment.concluded_at:
        return "done"
    return "finishing" if deployment.finished_at else "running"
