"""The failing answer as it came: as text on a page of its own, as a file, and as a picture where one was taken."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sites import access
from sites.evidence import screenshots
from sites.evidence import showing as evidence
from sites.models import FailureEvidence
from sites.redaction import redact

_PRIVATE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that was kept of one failing answer."""
    kept = access.get_evidence(request, pk)
    site = kept.result.page.site
    crumbs = [(_("Sites"), reverse("sites:dashboard")), (site.name, reverse("sites:site", args=[site.pk])), (_("A failing answer"), "")]
    context = {
        "evidence": kept,
        "result": kept.result,
        "site": site,
        "url": redact(kept.url),
        "final_url": redact(kept.final_url) if kept.final_url != kept.url else "",
        "headers": evidence.headers_of(kept),
        "body": evidence.body_of(kept),
        "timings": evidence.timings_of(kept),
        "certificate": evidence.certificate_facts(kept),
        "picture": screenshots.has_picture(kept),
        "crumbs": crumbs,
    }
    return render(request, "sites/evidence.html", context)


@require_safe
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """The same as a file, to keep or to send to the host."""
    kept = access.get_evidence(request, pk)
    name = f"failing-answer-{_moment(kept)}.txt"
    headers = _PRIVATE | {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(evidence.as_text(kept), content_type="text/plain; charset=utf-8", headers=headers)


def _moment(kept: FailureEvidence) -> str:
    return f"{kept.result.at:%Y%m%d-%H%M%S}"


@require_safe
def picture(request: HttpRequest, pk: int) -> FileResponse:
    """The page as it was drawn. 404 where there is no picture."""
    kept = access.get_evidence(request, pk)
    try:
        file = screenshots.path_of(kept).open("rb")
    except OSError as error:
        raise Http404 from error
    # the incident's page asks for it again and again
    return FileResponse(file, content_type="image/png", headers=_PRIVATE | {"Cache-Control": "private, max-age=600"})
