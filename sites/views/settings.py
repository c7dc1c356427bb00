"""What is set, and whether mail works."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from sites import notifications, throttling
from sites.forms import TestMailForm
from sites.health import deadman
from sites.models import Host, Membership
from sites.wording import duration_words

MOST_TEST_MAILS = 5  # of one person within a quarter of an hour: mail servers turn away whom they take for a flood


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Mail, hosting accounts, teams, and what the operator set."""
    return render(request, "sites/settings.html", _context(request, TestMailForm(initial={"recipient": request.user.email})))


def _context(request: HttpRequest, form: TestMailForm) -> dict[str, object]:
    memberships = list(Membership.objects.filter(user=request.user).select_related("team").order_by("team__name"))
    return {
        "form": form,
        "memberships": memberships,
        "hosts": Host.objects.filter(team__memberships__user=request.user).order_by("name"),
        "by_smtp": settings.SITEMEND_MAIL_BY_SMTP,
        "smtp_host": f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}",
        "mail_dir": settings.SITEMEND_MAIL_DIR,
        "mail_from": settings.SITEMEND_MAIL_FROM,
        "base_url": settings.SITEMEND_BASE_URL,
        "dead_man": deadman.facts(),
        "time_zone": settings.TIME_ZONE,
        "networks": [str(network) for network in settings.SITEMEND_ALLOWED_NETWORKS],
    }


@require_POST
def send_test_mail(request: HttpRequest) -> HttpResponse:
    """Sends one now, and leads to what became of it."""
    form = TestMailForm(request.POST)
    if not form.is_valid():
        return render(request, "sites/settings.html", _context(request, form), status=422)
    wait = throttling.count(f"test mail of {request.user.pk}", most=MOST_TEST_MAILS, within=throttling.WAIT)
    if wait:
        words = _("You have asked for many test mails. Nothing was sent; try again in %(time)s.") % {
            "time": duration_words(wait.total_seconds())
        }
        messages.error(request, words)
        return redirect("sites:settings")
    mail = notifications.send_test(form.cleaned_data["recipient"], request.user)
    messages.info(request, _("What became of the test mail stands below."))
    return redirect("sites:mail-message", mail.pk)
