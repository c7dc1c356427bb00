"""The sites on a hosting account, looked for in the background: asked for, made, stopped, stored. Towards the host it only reads."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.connections import connecting, discovering, long_work, politeness, purposes
from diagnostics.facts.installations import Installation, Search
from diagnostics.models import AccountLook, FoundSite
from diagnostics.profiles import get_profile
from diagnostics.transports.base import Reader, TransportError
from sites import queueing
from sites.credentials import SecretUnreadable
from sites.models import Host
from sites.probing.engine import probe_many
from sites.probing.outcome import Kind, ProbeRequest
from sites.recording import guard_from_settings

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

log = logging.getLogger(__name__)

TASK = "diagnostics.tasks.look_at_account"
TELL_EVERY_S = 0.7
SILENT = timedelta(seconds=90)  # a worker that says nothing for so long is gone: one listing takes 15 s at most
MOST_PROBES = 100
PROBE_LIMIT_S = 8.0
AT_A_TIME_S = 20.0  # on one connection: a diagnosis or a repair may wait for it
MOST_LOGS_S = 15.0
GIVE_WAY_S = 0.6  # between two connections: who waits asks four times a second
State = AccountLook.State


class Stopped(Exception):
    """A person stopped the look, or another one took its place."""


def request(host: Host, user: AbstractBaseUser | None = None) -> AccountLook:
    """Asks for a look. One that waits or goes on already serves as well. What was found before stays until it is seen to be gone."""
    standing = AccountLook.objects.filter(pk=host.pk).first()
    if standing and standing.in_work:
        return standing
    fresh: dict[str, Any] = {"state": State.QUEUED, "asked_by": user, "asked_at": timezone.now(), "started_at": None, "alive_at": None}
    fresh |= {"finished_at": None, "stop_asked": False, "folder": "", "folders": 0, "unreadable": 0, "cut_short": "", "error": ""}
    look, _made = AccountLook.objects.update_or_create(host=host, defaults=fresh)
    queueing.enqueue_on_commit(TASK, host.pk)
    return look


def stop(host: Host) -> bool:
    """Asks a look to stop; one that still waits is stopped at once. What was found so far stays."""
    now = timezone.now()
    if AccountLook.objects.filter(pk=host.pk, state=State.QUEUED).update(state=State.CANCELLED, finished_at=now):
        return True
    return bool(AccountLook.objects.filter(pk=host.pk, state=State.RUNNING).update(stop_asked=True))


def run(host_id: int) -> AccountLook | None:
    """Makes a look that waits; does nothing about one that another worker has, or while enough of them go on: the sweeper asks again."""
    now = timezone.now()
    if long_work.is_full():
        return None
    claimed = AccountLook.objects.filter(pk=host_id, state=State.QUEUED).update(state=State.RUNNING, started_at=now, alive_at=now)
    if not claimed:
        return None
    if long_work.is_too_much():
        AccountLook.objects.filter(pk=host_id, state=State.RUNNING, started_at=now).update(state=State.QUEUED)
        return None
    look = AccountLook.objects.select_related("host").get(pk=host_id)
    try:
        _look(look)
    except Stopped:
        _end(look, State.CANCELLED)
    except (TransportError, SecretUnreadable) as error:
        _end(look, State.FAILED, f"{getattr(error, 'message', error)} {getattr(error, 'hint', '')}".strip())
    except Exception:  # whatever lies on an account must not leave its page waiting for ever
        log.exception("looking at account %s", host_id)
        _end(look, State.FAILED, _("The look stopped by an error of its own. It is in the log of the worker."))
    return look


def _look(look: AccountLook) -> None:
    host = look.host
    search: Search | None = None
    with purposes.doing("folders", user=look.asked_by):
        going: Iterator[Installation | None] = iter(())
        while True:
            with connecting.reader_for(host) as reader:
                if search is None:
                    search = Search(reader, get_profile(host.profile))
                    going = search.run()
                search.reader = reader
                gives_way = politeness.GivingWay(host)
                _go_on(look, search, going, gives_way)
                if search.ended and _find_logs(look, reader, gives_way):
                    break
            _alive(look)
            time.sleep(GIVE_WAY_S)
    _probe(look)
    look.cut_short = search.cut_short
    if not search.cut_short:
        host.found_sites.filter(found_at__lt=look.started_at).delete()
    _end(look, State.DONE)


def _go_on(look: AccountLook, search: Search, going: Iterator[Installation | None], gives_way: Callable[[], bool]) -> None:
    """Looks on for as long as one connection is held, or until somebody urgent waits for it."""
    told, ends = 0.0, time.monotonic() + AT_A_TIME_S
    for found in going:
        if found:
            _store(look, found)
        if found or time.monotonic() - told > TELL_EVERY_S:
            told = time.monotonic()
            _tell(look, search)
        if time.monotonic() > ends or gives_way():
            break
    _tell(look, search)


def _store(look: AccountLook, found: Installation) -> None:
    """Keeps one site at once, so that the page shows it. The answers of addresses that were probed before stay."""
    standing = FoundSite.objects.filter(host=look.host, docroot=found.docroot).first()
    known = {each["url"]: each for each in standing.addresses} if standing else {}
    addresses = [known.get(each.url, {"kind": "", "status": None}) | {"url": each.url, "why": each.why} for each in found.candidates]
    values = {"software": found.software, "version": found.version[:40], "addresses": addresses, "found_at": timezone.now()}
    FoundSite.objects.update_or_create(host=look.host, docroot=found.docroot, defaults=values)


def _tell(look: AccountLook, search: Search) -> None:
    """How far it is; raises Stopped when nobody waits for it any more."""
    folder = search.folder if search.folder.isprintable() else ""
    told = {"folder": folder[:1000], "folders": search.folders, "unreadable": search.unreadable}
    _alive(look, **told)


def _alive(look: AccountLook, **told: Any) -> None:
    mine = AccountLook.objects.filter(pk=look.pk, state=State.RUNNING, started_at=look.started_at, stop_asked=False)
    if not mine.update(alive_at=timezone.now(), **told):
        raise Stopped


def _find_logs(look: AccountLook, reader: Reader, gives_way: Callable[[], bool]) -> bool:
    """The error log of each that was found; that of visitors is found when the site is registered. False when it gave way first."""
    ends = time.monotonic() + MOST_LOGS_S
    for found in look.host.found_sites.filter(found_at__gte=look.started_at, error_log=""):
        if time.monotonic() > ends:
            break
        if gives_way():
            return False
        _alive(look, folder=found.docroot)
        places = discovering.look_around(reader, look.host.profile, docroot=found.docroot)
        if places.error_log:
            FoundSite.objects.filter(pk=found.pk).update(error_log=places.error_log[:1000])
    return True


def _probe(look: AccountLook) -> None:
    """Asks each address once: one that answers is likelier than one that does not."""
    rows = list(look.host.found_sites.filter(found_at__gte=look.started_at))
    urls = list(dict.fromkeys(each["url"] for row in rows for each in row.addresses))[:MOST_PROBES]
    if not urls:
        return
    _alive(look, folder="")
    requests = [ProbeRequest(number, url, time_limit_s=PROBE_LIMIT_S) for number, url in enumerate(urls)]
    outcomes = dict(zip(urls, probe_many(requests, guard=guard_from_settings()), strict=True))
    for row in rows:
        for each in row.addresses:
            outcome = outcomes.get(each["url"])
            if outcome:
                each |= {"kind": str(outcome.kind), "status": outcome.status, "detail": outcome.detail[:60]}
        row.addresses.sort(key=lambda each: each["kind"] == Kind.UNREACHABLE)
        row.save(update_fields=["addresses"])


def _end(look: AccountLook, state: str, error: str = "") -> None:
    look.state, look.error, look.finished_at = state, error, timezone.now()
    mine = AccountLook.objects.filter(pk=look.pk, state=State.RUNNING, started_at=look.started_at)
    mine.update(state=state, error=error, finished_at=look.finished_at, cut_short=look.cut_short, folder="")


def sweep() -> int:
    """Enqueues what a broker that was away forgot, and ends what a dead worker left. Returns how many were waiting."""
    now = timezone.now()
    gone = AccountLook.objects.filter(state=State.RUNNING, alive_at__lt=now - SILENT)
    gone.filter(Q(stop_asked=True)).update(state=State.CANCELLED, finished_at=now, folder="")
    gone.update(state=State.FAILED, finished_at=now, folder="", error=_("The look was interrupted. What was found so far stands below."))
    waiting = AccountLook.objects.filter(state=State.QUEUED, asked_at__lt=now - timedelta(seconds=10)).values_list("pk", flat=True)
    ids = list(waiting[:50])
    for host_id in ids:
        queueing.enqueue(TASK, host_id, expires=10.0)
    return len(ids)
