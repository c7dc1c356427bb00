"""Every mail this installation made: to whom, why, and what became of it."""

from __future__ import annotations

from csp.decorators import csp
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from sites import access, queries
from sites.models import Notification


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The list, the newest first."""
    state = request.GET.get("state", "")
    rows = access.own_notifications(request)
    page = queries.mail_list(rows, state, request.GET.get("page", 1))
    failed = rows.filter(state__in=[Notification.State.FAILED, Notification.State.GIVEN_UP]).count()
    sentence = list_sentence(page.paginator.count, failed, state)
    context = {"page": page, "state": state, "sentence": sentence, "by_smtp": settings.SITEMEND_MAIL_BY_SMTP}
    return render(request, "sites/mail.html#live" if request.htmx else "sites/mail.html", context)


def list_sentence(count: int, failed: int, state: str) -> str:
    """Whether mail gets through."""
    if failed:
        return ngettext("%(n)d mail did not get through.", "%(n)d mails did not get through.", failed) % {"n": failed}
    if not count and not state:
        return _("Nothing was mailed yet.")
    return _("Every mail got through.")


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail, as it was sent, and why."""
    mail = access.get_notification(request, pk)
    subject = mail.subject or mail.get_kind_display()
    crumbs = [(_("Mail"), reverse("sites:mail")), (subject, "")]
    return render(request, "sites/mail_message.html", {"mail": mail, "subject": subject, "crumbs": crumbs})


@require_safe
@xframe_options_sameorigin
@csp(
    {
        "default-src": ["'none'"],
        "style-src": ["'unsafe-inline'"],  # mail programs need inline styles; nothing else may load or run here
        "img-src": ["data:"],
        "frame-ancestors": ["'self'"],
        "sandbox": ["allow-popups", "allow-top-navigation-by-user-activation"],
    }
)
def html_part(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML part alone, for the frame on the mail's page: sandboxed, without scripts, pictures or forms."""
    return HttpResponse(access.get_notification(request, pk).body_html)
