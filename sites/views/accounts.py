"""Signing in and out, one's own account, and the first run of an installation."""

from __future__ import annotations

import math

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from sites import first_run as first_run_link
from sites import throttling
from sites.forms import AccountForm, AdministratorForm, NewPasswordForm
from sites.models import Membership, Team


@login_not_required
@never_cache
@sensitive_post_parameters("password")
def log_in(request: HttpRequest) -> HttpResponse:
    """The login page. Five refused tries under one name from one address: fifteen minutes of waiting, said plainly."""
    if request.user.is_authenticated:
        return redirect("sites:dashboard")
    target = request.POST.get("next", request.GET.get("next", ""))
    form = AuthenticationForm(request)
    status = 200
    if request.method == "POST":
        key = throttling.attempt_key(request.POST.get("username", ""), request.META.get("REMOTE_ADDR", ""))
        wait = throttling.wait_left(key)
        if wait:
            messages.error(request, _wait_words(wait.total_seconds()))
            return render(request, "registration/login.html", {"form": form, "next": target}, status=429)
        form = AuthenticationForm(request, request.POST)
        if form.is_valid():
            throttling.forget(key)
            login(request, form.get_user())
            return redirect(_safe_target(request, target))
        throttling.note_failure(key)
        status = 422
    return render(request, "registration/login.html", {"form": form, "next": target}, status=status)


def _wait_words(seconds: float) -> str:
    minutes = math.ceil(seconds / 60)
    return ngettext(
        "Five tries were refused, so this name has to wait %(n)d minute. The password is not looked at until then.",
        "Five tries were refused, so this name has to wait %(n)d minutes. The password is not looked at until then.",
        minutes,
    ) % {"n": minutes}


def _safe_target(request: HttpRequest, target: str) -> str:
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return resolve_url("sites:dashboard")


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    logout(request)
    return redirect("sites:login")


def account(request: HttpRequest) -> HttpResponse:
    """Name, e-mail, and whether one is mailed."""
    form = AccountForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your account was saved."))
        return redirect("sites:account")
    return _account_page(request, form, NewPasswordForm(request.user))


def _account_page(request: HttpRequest, form: AccountForm, password_form: NewPasswordForm) -> HttpResponse:
    context = {
        "form": form,
        "password_form": password_form,
        "memberships": Membership.objects.filter(user=request.user).select_related("team").order_by("team__name"),
        "by_smtp": settings.SITEMEND_MAIL_BY_SMTP,
        "section": "settings",
    }
    return render(request, "sites/account.html", context, status=422 if form.errors or password_form.errors else 200)


@require_POST
@sensitive_post_parameters()
def change_password(request: HttpRequest) -> HttpResponse:
    """Another password; other sessions of this person end, this one stays."""
    form = NewPasswordForm(request.user, request.POST)
    if form.is_valid():
        form.save()
        update_session_auth_hash(request, form.user)
        messages.success(request, _("Your password was changed. You stay logged in here and are logged out everywhere else."))
        return redirect("sites:account")
    return _account_page(request, AccountForm(instance=request.user), form)


@login_not_required
@never_cache
@sensitive_post_parameters()
def first_run(request: HttpRequest, token: str) -> HttpResponse:
    """The one-time link of a new installation: creates the administrator and the first team."""
    if not first_run_link.verify_token(token):
        raise Http404
    form = AdministratorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            if not first_run_link.consume_token(token):  # somebody else was first
                raise Http404
            user = form.save()
            team = Team.objects.create(name=form.cleaned_data["team"])
            Membership.objects.create(team=team, user=user, role=Membership.Role.OWNER)
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return redirect("sites:dashboard")
    return render(request, "registration/first_run.html", {"form": form}, status=422 if form.errors else 200)
