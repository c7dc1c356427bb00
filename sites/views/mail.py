"""Every mail this installation made: to whom, why, and what became of it."""

from __future__ import annotations

import re

from csp.decorators import csp
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from sites import access, delivery, queries
from sites.models import Notification
from sites.templatetags.sitemend import visible


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The list, the newest first."""
    state = request.GET.get("state", "")
    rows = access.own_notifications(request)
    page = queries.mail_list(rows, state, request.GET.get("page", 1))
    failed = rows.filter(state__in=[Notification.State.FAILED, Notification.State.GIVEN_UP]).count()
    kept = 0
    if settings.SITEMEND_MAIL_BY_SMTP:
        kept = rows.filter(state=Notification.State.SENT).exclude(last_error="").count()
    sentence = list_sentence(page.paginator.count, failed, state, kept)
    context = {"page": page, "state": state, "sentence": sentence, "by_smtp": settings.SITEMEND_MAIL_BY_SMTP}
    return render(request, "sites/mail.html#live" if request.htmx else "sites/mail.html", context)


def list_sentence(count: int, failed: int, state: str, kept: int = 0) -> str:
    """Whether mail gets through. `kept`: mails from before a mail server was set."""
    if not settings.SITEMEND_MAIL_BY_SMTP:
        return _("Mails are kept here: nobody is mailed yet.")
    if failed:
        return ngettext("%(n)d mail did not get through.", "%(n)d mails did not get through.", failed) % {"n": failed}
    if not count and not state:
        return _("Nothing was mailed yet.")
    if kept:
        words = ngettext("%(n)d mail was kept here, not sent.", "%(n)d mails were kept here, not sent.", kept) % {"n": kept}
        return f"{words} {_('No other failed.')}"
    return _("Every mail got through.")


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail, as it was sent, and why."""
    mail = access.get_notification(request, pk)
    subject = mail.subject or mail.kind_words
    crumbs = [(_("Mail"), reverse("sites:mail")), (subject, "")]
    context = {"mail": mail, "subject": subject, "crumbs": crumbs}
    context |= {"text": linked(mail.body_text), "by_smtp": settings.SITEMEND_MAIL_BY_SMTP}
    failed = mail.state in (Notification.State.FAILED, Notification.State.GIVEN_UP)
    context["may_retry"] = failed and (mail.site is None or access.may_write(request, mail.site.team_id))
    return render(request, "sites/mail_message.html", context)


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Tries a mail that did not get through again, now."""
    mail = access.get_notification(request, pk)
    if mail.site is not None:
        access.refuse_readers(request, mail.site.team_id)
    if delivery.retry(mail):
        messages.success(request, _("It is tried again now. What became of it stands here in some seconds."))
    else:
        messages.info(request, _("There is nothing to try again: it is not among those that failed."))
    return redirect("sites:mail-message", pk)


def linked(text: str) -> SafeString:
    """Plain text, escaped; addresses of this installation, and no others, are links."""
    ours = re.compile(rf"(?<!\S)({re.escape(settings.SITEMEND_BASE_URL)}/[\w/?=&#%-]*)(?!\S)")
    parts = ours.split(visible(text))  # every second one is an address
    pieces = (format_html('<a href="{0}">{0}</a>', part) if at % 2 else part for at, part in enumerate(parts))
    return format_html_join("", "{}", ((piece,) for piece in pieces))


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
    body = access.get_notification(request, pk).body_html
    base = '<base target="_top">'  # a page of this installation may not be framed: links open in the whole window
    return HttpResponse(body.replace("<head>", f"<head>{base}", 1) if "<head>" in body else base + body)
