"""What visitors met: the page of a site, its file, the pages added because of it, and the door for servers that report by themselves."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from sites import access
from sites.models import Site, VisitorWatch
from sites.visitors import counting as visitors
from sites.visitors import pages as visitor_pages
from sites.visitors import queries as visitor_queries
from sites.visitors import report_examples, server_reports
from sites.visitors.server_reports import MOST_BYTES, ReportRefused

DAYS = (1, 7)


def _crumbs(site: Site, here: str) -> list[tuple[str, str]]:
    return [(_("Sites"), reverse("sites:dashboard")), (site.name, reverse("sites:site", args=[site.pk])), (here, "")]


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """The pages that failed for visitors, of the last day or week."""
    site = access.get_site(request, pk)
    days = 7 if request.GET.get("days") == "7" else 1
    pages = visitor_queries.failing_pages(site, timezone.now() - timedelta(days=days))
    context = {
        "site": site,
        "days": days,
        "pages": pages,
        "count": sum(page.count for page in pages),
        "watching": visitor_queries.watching(site),
        "added": visitor_pages.added(site),
        "most_added": visitor_pages.MOST_ADDED,
        "threshold": visitors.THRESHOLD,
        "may_write": access.may_write(request, site.team_id),
        "crumbs": _crumbs(site, _("What visitors met")),
    }
    return render(request, "sites/visitors.html#live" if request.htmx else "sites/visitors.html", context)


@require_safe
def as_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Everything that is kept of it, as a file."""
    site = access.get_site(request, pk)
    name = f"sitemend-visitors-{site.pk}-{timezone.localdate().isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(visitor_queries.csv_lines(site), content_type="text/csv; charset=utf-8", headers=headers)


@require_POST
def take_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Stops probing a page that was added because visitors met errors there."""
    site = access.get_site(request, pk, write=True)
    number = request.POST.get("page", "")
    path = visitor_pages.take_out(site, int(number)) if number.isascii() and number.isdecimal() and len(number) < 18 else ""
    if path:
        messages.success(request, _("%(path)s is no longer probed. It does not come back by itself.") % {"path": path})
    else:
        messages.info(request, _("That page is not among those that were added. Nothing was changed."))
    return redirect("sites:site-visitors", pk)


def sender(request: HttpRequest, pk: int) -> HttpResponse:
    """The address and secret with which a server reports: made, shown this once, made anew, revoked."""
    site = access.get_site(request, pk, write=True)
    context: dict[str, object] = {"site": site, "crumbs": _crumbs(site, _("The server reports"))}
    if request.method == "POST" and "revoke" in request.POST:
        server_reports.revoke(site)
        messages.success(request, _("Reports of the server of %(name)s are refused from now on.") % {"name": site.name})
        return redirect("sites:site-visitors", pk)
    if request.method == "POST":
        token, secret = server_reports.make_secret(site)
        url = settings.SITEMEND_BASE_URL + reverse("sites:report", args=[token])
        context |= {"url": url, "secret": secret, "shell": report_examples.shell(url, secret), "php": report_examples.php(url, secret)}
    context["watch"] = VisitorWatch.objects.filter(site=site).first()
    response = render(request, "sites/report_sender.html", context)
    response["Cache-Control"] = "private, no-store"  # the secret is shown once: going back must not show it again
    return response


@login_not_required
@csrf_exempt
@never_cache
@require_POST
def take(request: HttpRequest, token: str) -> JsonResponse:
    """A server's report of its own errors. Answers 202, or why nothing was taken in."""
    try:
        taken = server_reports.take(
            token,
            _body(request),
            request.headers.get("X-Sitemend-Timestamp", ""),
            request.headers.get("X-Sitemend-Signature", ""),
            request.META.get("REMOTE_ADDR", ""),
        )
    except ReportRefused as refusal:
        answer = JsonResponse({"error": {"code": refusal.code, "message": refusal.message}}, status=refusal.status)
        if refusal.retry_after_s:
            answer["Retry-After"] = str(refusal.retry_after_s)
        return answer
    return JsonResponse({"counted": taken.counted, "known": taken.known}, status=202)


def _body(request: HttpRequest) -> bytes:
    """At most 64 KB, read no further."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    body = request.read(MOST_BYTES + 1) if length.isdecimal() and int(length) <= MOST_BYTES else b"x" * (MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise ReportRefused(413, "too-large", _("The body may have at most 64 KB."))
    return body
