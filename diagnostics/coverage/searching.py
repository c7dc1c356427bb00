"""Folders and logs of sites looked for once more, in the background: one connection per host for all of its sites. Reads only."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.accounts import finding_logs, listing
from diagnostics.connections import connecting, discovering, politeness, purposes
from diagnostics.models import ConnectionPause, SiteSight
from diagnostics.sight import note_error_log
from diagnostics.transports.base import Reader, TransportError
from sites import queueing, registration
from sites.credentials import SecretUnreadable
from sites.models import Host, Site, VisitorWatch

log = logging.getLogger(__name__)

TASK = "diagnostics.tasks.search_places"
AT_ONCE = 5  # hosts handed over together: diagnoses and repairs wait in the same queue
AT_A_TIME_S = 25.0  # on one connection: a diagnosis or a repair may wait for it
INTERRUPTED = timedelta(minutes=6)  # longer than the time limit of the task
_Search = SiteSight.Search


def request(ids: Iterable[int]) -> int:
    """Asks for a search for each of these sites that has a hosting account. Returns how many."""
    now = timezone.now()
    keys = list(Site.objects.filter(pk__in=list(ids), host__isnull=False, host__practice=False).values_list("pk", flat=True))
    asked = [SiteSight(site_id=pk, search=_Search.QUEUED, asked_at=now, outcome="") for pk in keys]
    fields = ["search", "asked_at", "outcome"]
    SiteSight.objects.bulk_create(asked, update_conflicts=True, unique_fields=["site"], update_fields=fields, batch_size=500)
    hand_over()
    return len(keys)


def hand_over() -> int:
    """Gives the hosts with waiting searches to the queue, few at a time, and ends what a dead worker left. Returns how many."""
    now = timezone.now()
    lost = SiteSight.objects.filter(search=_Search.RUNNING, started_at__lt=now - INTERRUPTED)
    lost.update(search=_Search.FAILED, finished_at=now, outcome=_("The search was interrupted. Ask for it again."))
    busy = SiteSight.objects.filter(search=_Search.RUNNING).values("site__host_id")
    away = ConnectionPause.objects.filter(until__gt=now).values("host_id")
    waiting = SiteSight.objects.filter(search=_Search.QUEUED, site__host__isnull=False)
    waiting = waiting.exclude(site__host_id__in=busy).exclude(site__host_id__in=away)
    hosts = list(waiting.order_by("site__host_id").values_list("site__host_id", flat=True).distinct()[:AT_ONCE])
    for host_id in hosts:
        queueing.enqueue_on_commit(TASK, host_id, expires=10.0)
    return len(hosts)


def run(host_id: int) -> int:
    """Searches for every site of a host that waits. Returns how many; 0 when another worker has them."""
    host = Host.objects.filter(pk=host_id).first()
    if host is None:
        return 0
    now = timezone.now()
    waiting = SiteSight.objects.filter(site__host=host, site__deleted_at=None, search=_Search.QUEUED)
    if not SiteSight.objects.filter(pk__in=list(waiting.values_list("pk", flat=True)), search=_Search.QUEUED).update(
        search=_Search.RUNNING, started_at=now
    ):
        return 0
    mine = SiteSight.objects.filter(site__host=host, search=_Search.RUNNING, started_at=now)
    sights = list(mine.select_related("site__host", "site__visitor_watch").order_by("pk"))
    try:
        with purposes.doing("folders"), connecting.reader_for(host) as reader:
            ends, gives_way = time.monotonic() + AT_A_TIME_S, politeness.GivingWay(host)
            for sight in sights:
                if time.monotonic() > ends or gives_way():  # the rest goes on when others had their turn
                    mine.update(search=_Search.QUEUED)
                    break
                _search(reader, host, sight)
    except politeness.NotYet as error:  # nothing was learnt: `hand_over` gives it to the queue again
        mine.update(search=_Search.QUEUED, outcome=error.message)
    except (TransportError, SecretUnreadable) as error:
        why = f"{getattr(error, 'message', error)} {getattr(error, 'hint', '')}".strip()
        _end(mine, _Search.FAILED, why)
    except Exception:  # whatever lies on a host must not leave its rows waiting for ever
        log.exception("search for folders and logs on host %s", host_id)
        _end(mine, _Search.FAILED, _("The search stopped by an error of its own. It is in the log of the worker."))
    return len(sights)


def _end(sights: QuerySet[SiteSight], state: str, outcome: str) -> None:
    sights.update(search=state, outcome=outcome, finished_at=timezone.now())


def _search(reader: Reader, host: Host, sight: SiteSight) -> None:
    """One site: its folder, then its logs. What was found is stored at once, what stands and can be read stays."""
    site = sight.site
    told = []
    if not site.docroot:
        told.append(_find_folder(reader, host, site))
    if site.docroot:
        told += [_find_error_log(reader, site), _find_access_log(reader, host, site)]
    _end(SiteSight.objects.filter(pk=sight.pk, started_at=sight.started_at), _Search.DONE, " ".join(filter(None, told)))


def _find_folder(reader: Reader, host: Host, site: Site) -> str:
    """The one that was found on the account under the site's address; else the only one there, where the site is alone."""
    found = [row.found.docroot for row in listing.rows(host) if row.site == site]
    if not found and host.sites.count() == 1:
        found = list(discovering.look_around(reader, site.profile_name).docroots)
    if len(found) != 1:
        return _("Its folder could not be told for certain: choose it under “Folders and logs”.")
    registration.update_site(site, docroot=found[0])
    return _("Folder: %(path)s.") % {"path": found[0]}


def _find_error_log(reader: Reader, site: Site) -> str:
    if site.error_log and _can_read(reader, site.error_log):
        note_error_log(site, was_read=True)
        return _("The error log can be read.")
    found = discovering.look_around(reader, site.profile_name, docroot=site.docroot).error_log
    if not found:
        if site.error_log:
            note_error_log(site, was_read=False)
        return _("No error log was found that this login can read.")
    registration.update_site(site, error_log=found)
    note_error_log(site, was_read=True)
    return _("Error log: %(path)s.") % {"path": found}


def _find_access_log(reader: Reader, host: Host, site: Site) -> str:
    if site.access_log and _can_read(reader, site.access_log):
        VisitorWatch.objects.filter(site=site, log__in=_NOT_READ).update(log=VisitorWatch.Log.WAITING, log_detail="")
        return _("The access log can be read.")
    if site.access_log:
        return _("The access log %(path)s cannot be read by this login.") % {"path": site.access_log}
    VisitorWatch.objects.filter(site=site).update(log_tried_at=None)
    there = list(host.sites.select_related("host", "visitor_watch").order_by("pk"))
    this = next(each for each in finding_logs.find(reader, there, timezone.now()) if each.pk == site.pk)
    if not this.access_log:
        return _("No access log was found that is surely this site's.")
    VisitorWatch.objects.filter(site=site, log__in=_NOT_READ).update(log=VisitorWatch.Log.WAITING, log_detail="")
    return _("Access log: %(path)s.") % {"path": this.access_log}


_NOT_READ = (VisitorWatch.Log.NOT_FOUND, VisitorWatch.Log.UNCLEAR, VisitorWatch.Log.UNREADABLE)


def _can_read(reader: Reader, path: str) -> bool:
    try:
        reader.read_tail(path, 1)
    except TransportError:
        return False
    return True
