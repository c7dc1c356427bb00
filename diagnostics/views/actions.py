"""What was done on a hosting account: every login, command and write, newest first."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from diagnostics.connections import action_words, auditing, purposes
from sites.models import Host, Site

from .. import access
from ..models import HostAction
from ..transports.base import HostKeyUnknown

PER_PAGE = 50
_LOGINS = (HostAction.Verb.LOGIN, HostAction.Verb.FETCH, HostAction.Verb.DATABASE)
_KINDS = {
    "changes": tuple(verb for verb in HostAction.Verb if verb not in (*_LOGINS, HostAction.Verb.COMMAND)),
    "commands": (HostAction.Verb.COMMAND,),
    "logins": _LOGINS,
}


@require_GET
def index(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; `?site=` and `?kind=` show only some of it."""
    host = access.get_host(request, pk)
    sites = list(host.sites.order_by("name"))
    site = _chosen(request, sites)
    kind = request.GET.get("kind", "")
    rows = _rows(host, site, kind)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    for row in page.object_list:
        row.what_for = purposes.words(row.purpose)
        row.tone, row.outcome_words, row.reason = _tone(row), _outcome(row), action_words.reason_of(row.code)
    context = {
        "host": host,
        "sites": sites,
        "site": site,
        "kind": kind if kind in _KINDS else "",
        "kinds": [("", _("All")), ("changes", _("Changes")), ("commands", _("Commands")), ("logins", _("Logins"))],
        "page": page,
        "kept_days": auditing.KEPT_FOR.days,
        "reading_kept_days": auditing.READING_KEPT_FOR.days,
        "most": auditing.MOST_PER_HOST,
        "section": "settings",
    }
    return TemplateResponse(request, "diagnostics/host_actions.html", context)


def _chosen(request: HttpRequest, sites: list[Site]) -> Site | None:
    wanted = request.GET.get("site", "")
    return next((site for site in sites if str(site.pk) == wanted), None)


def _rows(host: Host, site: Site | None, kind: str) -> QuerySet[HostAction]:
    rows = HostAction.objects.filter(host=host).select_related("host", "site", "user", "step")
    if site is not None:
        rows = rows.filter(site=site)
    return rows.filter(verb__in=_KINDS[kind]) if kind in _KINDS else rows


def _outcome(row: HostAction) -> str:
    """What came of it, for a person. A login fails in ways of its own."""
    if row.outcome == HostAction.Outcome.BEGUN:
        return _("Interrupted, perhaps done")
    if row.verb != HostAction.Verb.LOGIN or row.outcome == HostAction.Outcome.DONE:
        return str(row.get_outcome_display())
    if row.code == HostKeyUnknown.code:
        return (
            _("Stopped: its certificate is not accepted yet") if row.host.protocol == "ftps" else _("Stopped: its key is not accepted yet")
        )
    if row.code.startswith("host-key"):
        return _("Stopped: another certificate") if row.host.protocol == "ftps" else _("Stopped: another host key")
    return _("Login refused") if row.code in ("login-refused", "second-factor", "key-unusable") else _("Not reached")


def _tone(row: HostAction) -> str:
    if row.outcome in (HostAction.Outcome.REFUSED, HostAction.Outcome.LOST):
        return "bad"
    return "ok" if row.outcome == HostAction.Outcome.DONE else "warn"
