"""Whether the watching itself is well: what an administrator looks at when something seems to stand still."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import datetime

import django
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from sites import queries
from sites.health import deadman
from sites.health import watching as health
from sites.models import Site
from sites.windows.queries import pause_words
from sites.wording import ago_words, duration_words

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class NeglectedRow:
    """A site that is not probed as it should be, with the reason."""

    site: Site
    since: datetime | None
    why: str


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The page; administrators see the whole installation, others their own sites. For htmx only the part that changes."""
    found = health.look()
    own = {site.pk: site for site in queries.own_sites(request.user)} if found.neglected else {}
    neglected = [_row(own[item.site_id], item, found) for item in found.neglected if item.site_id in own]
    paused = queries.own_sites(request.user).filter(paused_at__isnull=False).order_by("paused_at")
    context = {
        "health": found,
        "sentence": sentence(found),
        "neglected": neglected[:MOST_SHOWN],
        "neglected_more": max(0, len(neglected) - MOST_SHOWN),
        "paused": [NeglectedRow(site, site.paused_at, pause_words(site)) for site in paused[:MOST_SHOWN]],
        "figures": figures(found),
        "workers": found.workers,
        "installation": _installation(found) if request.user.is_superuser else [],
        "dead_man": deadman.facts(),
        "section": "settings",
        "crumbs": [(_("Settings"), reverse("sites:settings")), (_("Health"), "")],
    }
    part = "#live" if request.htmx and not request.htmx.boosted else ""
    return render(request, f"sites/health.html{part}", context)


def sentence(found: health.Health) -> str:
    """How it is, in one sentence."""
    if not found.troubles:
        return _("Sitemend itself is well.")
    n = len(found.troubles)
    return ngettext("Sitemend itself needs you.", "Sitemend itself needs you: %(n)d things.", n) % {"n": n}


def _row(site: Site, item: health.Neglected, found: health.Health) -> NeglectedRow:
    why = found.why
    if not why:
        page = site.pages.filter(last_at__isnull=True).exclude(last_message="").first()
        why = page.last_message if page else _("Its probes are late or bring no result; the queue or its address may be busy.")
    return NeglectedRow(site, item.waiting_since, why)


def figures(found: health.Health) -> list[tuple[str, str]]:
    """Lag and pace in words."""
    p95 = _("no probe yet") if found.lag_p95_s is None else _("%(n).1f s or less") % {"n": found.lag_p95_s}
    pace = "–" if found.probes_per_minute is None else _("%(n).0f") % {"n": found.probes_per_minute}
    return [
        (_("Lag now"), _seconds(found.lag_s)),
        (_("95 of 100 probes of the last hour began late by"), p95),
        (_("Longest lag of the last hour"), _seconds(found.worst_lag_s)),
        (_("Probes in the last minute"), str(found.probes_last_minute)),
        (_("Probes per minute, last hour"), pace),
    ]


def _seconds(seconds: float) -> str:
    return _("%(n).1f s") % {"n": seconds} if seconds < 60 else duration_words(seconds)


def _installation(found: health.Health) -> list[tuple[str, str]]:
    free = _("%(free)s of %(total)s are free") % {"free": filesizeformat(found.room.free), "total": filesizeformat(found.room.total)}
    size = filesizeformat(found.database_bytes) if found.database_bytes is not None else "–"
    failure = found.last_mail_failure
    mail = _("none") if not failure else _("%(at)s to %(to)s: %(error)s") % {
        "at": ago_words(datetime.fromisoformat(str(failure["at"]))), "to": failure["recipient"], "error": failure["error"]
    }  # fmt: skip
    return [
        (_("Last mail that failed"), mail),
        (_("Database"), f"{connection.display_name}, {size}"),
        (_("Disk of the state folder"), free),
        (_("State folder"), str(settings.SITEMEND_VAR_DIR)),
        (_("Version"), f"Sitemend {settings.SITEMEND_VERSION}, Django {django.get_version()}, Python {platform.python_version()}"),
    ]
