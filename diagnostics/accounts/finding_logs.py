"""The access log of a site that names none: looked for on its host, and taken only where it can be nobody else's."""

from __future__ import annotations

import posixpath
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from diagnostics.connections import discovering
from diagnostics.facts import access_lines
from diagnostics.transports.base import Reader, TransportError
from sites.models import Site, VisitorWatch

LOOK_EVERY = timedelta(hours=6)
_Log = VisitorWatch.Log


def find(reader: Reader, sites: list[Site], now: datetime) -> list[Site]:
    """The sites; those that named no access log have one by now, where it could be found. Looks for one a few times a day."""
    taken = {site.access_log for site in sites if site.access_log}
    for site in sites:
        if not site.access_log and site.docroot and _is_due(site, now):
            _look_for(reader, site, sites, taken, now)
    return sites


def _is_due(site: Site, now: datetime) -> bool:
    watch = getattr(site, "visitor_watch", None)
    return watch is None or watch.log_tried_at is None or watch.log == _Log.UNREADABLE or now - watch.log_tried_at > LOOK_EVERY


def _look_for(reader: Reader, site: Site, sites: list[Site], taken: set[str], now: datetime) -> None:
    name = urlsplit(site.url).hostname or ""
    found = discovering.access_logs(reader, site.profile_name, docroot=site.docroot, domain=name)
    mine = next((path for path in found if path not in taken and is_of(path, site, sites)), "")
    if not mine:
        mine = next((path for path in found if _tells_apart(reader, path)), "")
    if mine:
        site.access_log = mine
        Site.objects.filter(pk=site.pk, access_log="").update(access_log=mine)
        taken.add(mine)
        return
    why = _("These might be it: %(logs)s. Name the right one under “Folders and logs”.") % {"logs": ", ".join(found[:4])} if found else ""
    state = _Log.UNCLEAR if found else _Log.NOT_FOUND
    VisitorWatch.objects.update_or_create(site=site, defaults={"log": state, "log_detail": why, "log_tried_at": now})


def is_of(path: str, site: Site, sites: list[Site]) -> bool:
    """Whether a log can be of this site alone: its name says so, it lies beside this docroot only, or there is no other site."""
    name = (urlsplit(site.url).hostname or "").removeprefix("www.")
    if (name and name in posixpath.basename(path)) or (name and f"/{name}/" in path):
        return True
    if path.startswith("/var/log/"):
        return False  # of the whole machine: what else it serves is not known here
    others = [other for other in sites if other.pk != site.pk]
    if not others:
        return True
    above = posixpath.dirname(site.docroot.rstrip("/"))
    return path.startswith(above + "/") and not any(other.docroot.startswith(above + "/") for other in others)


def _tells_apart(reader: Reader, path: str) -> bool:
    try:
        return access_lines.tells_sites_apart(reader.read_tail(path, 32_768).partition(b"\n")[2])
    except TransportError:
        return False
