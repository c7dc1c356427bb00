"""Takes baselines: once a day per site, each site at its own time of day, only while it is well and nobody works on it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.baselines import keeping, php_change, storing
from diagnostics.changes.journal import printable
from diagnostics.connections import connecting, long_work, politeness, purposes
from diagnostics.facts import php_told, program_places
from diagnostics.facts.small_files import SmallFiles
from diagnostics.manifests import gathering, places
from diagnostics.manifests.format import decode, encode
from diagnostics.manifests.gathering import Gathered, TookTooLong
from diagnostics.models import Baseline, BaselineWork, RepairCase
from diagnostics.redaction import redact
from diagnostics.transports.base import Capability, NotFound, PermissionRefused, Reader, TransportError, Unsupported
from sites import queueing
from sites.credentials import SecretUnreadable
from sites.judging import Verdict
from sites.models import Deployment, Host, Incident, Site
from sites.probing.outcome import Kind
from sites.windows import maintenance

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

TASK = "diagnostics.tasks.take_baseline"
DISPATCH = "diagnostics.tasks.dispatch_baselines"
AT_ONCE = 2  # of all sites: diagnoses and repairs wait in the same queue
WHOLE_EVERY = timedelta(days=7)
TIME_LIMIT_S = 600.0
_DAY_S = 86_400
_FIRST_WITHIN_S = 3600
_LATER = timedelta(minutes=15)
_SOON = timedelta(minutes=1)
_ABANDONED = timedelta(minutes=5)
_PATIENCE = timedelta(seconds=25)  # less than between two rounds of `dispatch`
_SIGN_EVERY_S = 1.0
_LOOK_EVERY_S = 5.0
_MOST_RESOLVED = 10
_BUSY = (BaselineWork.State.WAITING, BaselineWork.State.RUNNING)
Reason = Baseline.Reason


class NotNow(Exception):
    """No baseline is taken, and nothing was kept; the message is for a person."""


class GaveWay(NotNow):
    """Somebody who cannot wait needed the connection: also what a person asked for is tried again."""


# --- when -------------------------------------------------------------------------------------------
def why_not(site: Site) -> str:
    """Why no baseline can be taken of this site just now; empty when it can."""
    host = site.host
    if host is None or not site.docroot:
        return _("Its files cannot be reached: it has no connection, or its folder is not known.")
    if host.state == Host.State.UNTESTED:
        return _("The connection was not used yet. Test it on the page of its hosting account.")
    if host.state != Host.State.WORKS:
        return _("The connection does not work just now. Test it first.")
    if site.paused_at or site.verdict != Verdict.UP or site.kind != Kind.OK or site.incidents.filter(resolved_at=None).exists():
        return _("A baseline is taken of a site that is well, and this one is not known to be well just now.")
    if RepairCase.objects.filter(site=site, closed_at=None).exists():
        return _("A repair of this site is open. When it is closed, a baseline can be taken.")
    if Deployment.objects.filter(site=site, concluded_at=None).exists():
        return _("A deployment is on. When it ended well, a baseline is taken by itself.")
    return _("A maintenance is on. A baseline is taken when it is over.") if maintenance.running(site) else ""


def _ready() -> QuerySet[Site]:
    """As `why_not`, for many sites in one query; maintenance is asked separately."""
    well = Site.objects.filter(paused_at=None, verdict=Verdict.UP, kind=Kind.OK, host__state=Host.State.WORKS).exclude(docroot="")
    well = well.exclude(pk__in=RepairCase.objects.filter(closed_at=None).values("site_id"))
    well = well.exclude(pk__in=Incident.objects.filter(resolved_at=None).values("site_id"))
    return well.exclude(pk__in=Deployment.objects.filter(concluded_at=None).values("site_id"))


def _phase_s(site_id: int) -> int:
    """The second of the day that is this site's."""
    return int.from_bytes(hashlib.sha256(str(site_id).encode()).digest()[:4]) % _DAY_S


def next_due(site_id: int, now: datetime) -> datetime:
    """Its time of the day, at least an hour from now."""
    due = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(seconds=_phase_s(site_id))
    while due < now + timedelta(hours=1):
        due += timedelta(days=1)
    return due


def dispatch(now: datetime | None = None) -> int:
    """Hands over the sites that are due, two at a time and one per host. Returns how many."""
    now = now or timezone.now()
    if not Host.objects.filter(state=Host.State.WORKS).exists():
        return 0
    _end_abandoned(now)
    _register(now)
    _hand_over_again(now)
    busy = BaselineWork.objects.filter(state__in=_BUSY)
    room, hosts = AT_ONCE - busy.count(), set(busy.values_list("site__host_id", flat=True))
    if room <= 0:
        return 0
    due = BaselineWork.objects.filter(state=BaselineWork.State.IDLE, due_at__lte=now, site__in=_ready())
    rows = list(due.select_related("site__host").order_by("due_at")[: room * 10])
    held_up = maintenance.running_of([work.site for work in rows], now)
    handed = 0
    for work in rows:
        if work.pk in held_up:
            BaselineWork.objects.filter(pk=work.pk).update(due_at=now + _LATER)
        elif handed < room and work.site.host_id not in hosts and _hand_over(work.pk, now):
            hosts.add(work.site.host_id)
            handed += 1
    return handed


def _register(now: datetime) -> None:
    """A site that is new here gets its first baseline within the hour."""
    new = _ready().filter(baseline_work=None).order_by("pk").values_list("pk", flat=True)[:500]
    rows = [BaselineWork(site_id=pk, due_at=now + timedelta(seconds=_phase_s(pk) % _FIRST_WITHIN_S)) for pk in new]
    BaselineWork.objects.bulk_create(rows, ignore_conflicts=True)


def _end_abandoned(now: datetime) -> None:
    """What a dead worker left is due again; it kept nothing, since a baseline is stored in one transaction."""
    stuck = BaselineWork.objects.filter(state__in=_BUSY, alive_at__lt=now - _ABANDONED)
    stuck.filter(state=BaselineWork.State.RUNNING).update(last_error=_("It was interrupted. Nothing was kept."), tried_at=now)
    stuck.update(state=BaselineWork.State.IDLE, due_at=now)


def _hand_over_again(now: datetime) -> None:
    """What was asked for while there was no room, the longest waiting first."""
    running = BaselineWork.objects.filter(state=BaselineWork.State.RUNNING)
    waiting = BaselineWork.objects.filter(state=BaselineWork.State.WAITING, alive_at__lt=now - _PATIENCE)
    waiting = waiting.exclude(site__host__in=running.values("site__host"))
    for site_id in waiting.order_by("alive_at", "pk").values_list("pk", flat=True)[: max(0, AT_ONCE - running.count())]:
        queueing.enqueue(TASK, site_id, expires=_PATIENCE.total_seconds())


def _hand_over(site_id: int, now: datetime) -> bool:
    waiting = {"state": BaselineWork.State.WAITING, "alive_at": now, "seen": 0, "cancel": False}
    idle = BaselineWork.objects.filter(pk=site_id, state=BaselineWork.State.IDLE)
    if not idle.update(**waiting):
        return False
    if not queueing.enqueue(TASK, site_id, expires=_ABANDONED.total_seconds()):
        BaselineWork.objects.filter(pk=site_id, state=BaselineWork.State.WAITING).update(state=BaselineWork.State.IDLE)
        return False
    return True


def ask(site: Site, user: AbstractBaseUser | None = None) -> None:
    """A person wants one now. Raises NotNow."""
    if why := why_not(site):
        raise NotNow(why)
    now = timezone.now()
    BaselineWork.objects.get_or_create(site=site, defaults={"due_at": next_due(site.pk, now)})
    with transaction.atomic():
        wanted = {"reason": Reason.ASKED, "requested_by": user, "state": BaselineWork.State.WAITING}
        idle = BaselineWork.objects.filter(pk=site.pk, state=BaselineWork.State.IDLE)
        if idle.update(**wanted, alive_at=now, seen=0, cancel=False, last_error=""):
            queueing.enqueue_on_commit(TASK, site.pk)


def ask_many(ids: Iterable[int], user: AbstractBaseUser | None = None) -> int:
    """A person wants one of each of these sites: where it can be taken it is due, and `dispatch` hands over. Returns how many."""
    now = timezone.now()
    keys = list(_ready().filter(pk__in=list(ids)).values_list("pk", flat=True))
    wanted = {"due_at": now, "reason": Reason.ASKED, "requested_by": user}
    BaselineWork.objects.bulk_create([BaselineWork(site_id=pk, **wanted) for pk in keys], ignore_conflicts=True, batch_size=500)
    BaselineWork.objects.filter(pk__in=keys, state=BaselineWork.State.IDLE).update(**wanted, last_error="")
    queueing.enqueue_on_commit(DISPATCH)
    return len(keys)


def after_deployment(site_id: int) -> None:
    """A deployment went well: its files are what the site is from now on. Taken as soon as there is room."""
    if not Site.objects.filter(pk=site_id).exclude(docroot="").exclude(host=None).exists():
        return
    now = timezone.now()
    values = {"due_at": now, "reason": Reason.DEPLOYMENT, "requested_by": None}
    _work, made = BaselineWork.objects.get_or_create(site_id=site_id, defaults=values)
    if not made:
        BaselineWork.objects.filter(pk=site_id, state=BaselineWork.State.IDLE).update(**values)


def cancel(site: Site) -> None:
    """Ends what waits or runs; nothing of it is kept."""
    BaselineWork.objects.filter(site=site, state=BaselineWork.State.RUNNING).update(cancel=True)
    waiting = BaselineWork.objects.filter(site=site, state=BaselineWork.State.WAITING)
    waiting.update(state=BaselineWork.State.IDLE, due_at=next_due(site.pk, timezone.now()), last_error="", reason=Reason.DAILY)


# --- one ----------------------------------------------------------------------------------------------
def run(site_id: int) -> Baseline | None:
    """Takes the baseline that waits for this worker. None where that did not come to be; why stands in the work's row.

    Where there is no room it goes on waiting."""
    now = timezone.now()
    waiting = BaselineWork.objects.filter(pk=site_id, state=BaselineWork.State.WAITING)
    asked_at = waiting.values_list("alive_at", flat=True).first()
    if not waiting.update(state=BaselineWork.State.RUNNING, alive_at=now, seen=0):
        return None
    if _is_crowded(site_id):
        BaselineWork.objects.filter(pk=site_id, state=BaselineWork.State.RUNNING).update(
            state=BaselineWork.State.WAITING, alive_at=asked_at
        )
        return None
    work = BaselineWork.objects.select_related("site__host", "requested_by").filter(pk=site_id).first()
    if work is None:
        return None
    try:
        taken = take(work.site, reason=work.reason, user=work.requested_by, note=_Sign(work.site))
    except GaveWay as error:
        return _ended(work, str(error), failed=False, is_over=False)
    except politeness.ConnectionBusy as error:
        return _ended(work, f"{error.message} {error.hint}".strip(), failed=False, is_over=False)
    except NotNow as error:
        return _ended(work, str(error), failed=False)
    except politeness.NotYet as error:
        return _ended(work, f"{error.message} {error.hint}".strip(), failed=False)
    except (TransportError, SecretUnreadable) as error:
        return _ended(work, f"{getattr(error, 'message', error)} {getattr(error, 'hint', '')}".strip())
    except TookTooLong:
        return _ended(work, _("The files could not be read within %(n)d minutes. Nothing was kept.") % {"n": TIME_LIMIT_S // 60})
    done = {"failures": 0, "last_error": "", "reason": Reason.DAILY, "requested_by": None, "tried_at": timezone.now()}
    BaselineWork.objects.filter(pk=site_id).update(state=BaselineWork.State.IDLE, due_at=next_due(site_id, timezone.now()), **done)
    storing.thin(site_id)
    keeping.make_room(site_id)
    return taken


def _is_crowded(site_id: int) -> bool:
    """Whether this one has to wait: two of one host would take the connection from each other and end neither."""
    host_id = Site.objects.filter(pk=site_id).values_list("host_id", flat=True).first()
    others = BaselineWork.objects.filter(state=BaselineWork.State.RUNNING).exclude(pk=site_id)
    if host_id and (others.filter(site__host=host_id).exists() or long_work.is_compared(host_id)):
        return True
    return long_work.is_too_much()


def _ended(work: BaselineWork, why: str, *, failed: bool = True, is_over: bool = True) -> None:
    now = timezone.now()
    pause = timedelta(hours=min(24, 2**work.failures)) if failed else _LATER
    values = {"state": BaselineWork.State.IDLE, "last_error": redact(printable(why))[:1000], "tried_at": now, "due_at": now + pause}
    if work.reason == Reason.ASKED and not is_over:
        values["due_at"] = now + _SOON
    elif work.reason == Reason.ASKED:  # it was wanted then; the daily one comes at its time
        values |= {"reason": Reason.DAILY, "requested_by": None, "due_at": next_due(work.pk, now)}
    BaselineWork.objects.filter(pk=work.pk).update(**values, **({"failures": F("failures") + 1} if failed else {}))


class _Sign:
    """Told how many names were seen: shows it, and stops the look when a person says so or the site is no longer well."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._shown = self._looked = time.monotonic()

    def __call__(self, seen: int) -> None:
        now = time.monotonic()
        if now - self._shown < _SIGN_EVERY_S:
            return
        self._shown = now
        running = BaselineWork.objects.filter(site=self._site, state=BaselineWork.State.RUNNING, cancel=False)
        if not running.update(seen=seen, alive_at=timezone.now()):
            raise NotNow(_("It was cancelled. Nothing was kept."))
        if self._site.host is not None and politeness.is_waited_for(self._site.host):
            raise GaveWay(_("It gave way: somebody else needs the connection. Nothing was kept; it is tried again by itself."))
        if now - self._looked >= _LOOK_EVERY_S:
            self._looked = now
            require_well(self._site)


def require_well(site: Site) -> None:
    """Raises NotNow when the site, as it is stored now, is not one to take a baseline of."""
    current = Site.objects.select_related("host").filter(pk=site.pk).first()
    why = why_not(current) if current else _("The site is gone.")
    if why:
        raise NotNow(why)


def take(
    site: Site, *, reason: str = Reason.ASKED, user: AbstractBaseUser | None = None, note: Callable[[int], None] = lambda seen: None
) -> Baseline:
    """Reads the files of a site that is well and keeps them as its newest baseline. Raises NotNow, TransportError and TookTooLong."""
    require_well(site)
    assert site.host is not None
    began, started = timezone.now(), time.monotonic()
    powered_by = php_change.powered_by(site)
    with purposes.doing("baseline", site=site, user=user), connecting.reader_for(site.host) as reader:
        docroot, can = reader.real_path(site.docroot), reader.capabilities
        told = {"protocol": reader.protocol, "has_times": Capability.LIST_TIMES in can, "has_modes": Capability.LIST_MODES in can}
        found = _looked(reader, site, docroot, whole=reason != Reason.DAILY, note=note)
        php = php_told.of_well_site(SmallFiles(reader), docroot, powered_by)
        try:
            manifest = encode(found.sorter.sorted())
        finally:
            found.sorter.close()
        kept = keeping.read(reader, site, docroot, decode(manifest), lambda: note(found.seen))
    require_well(site)  # it may have begun to fail while its files were read
    values = {
        "host": site.host,
        "docroot": printable(docroot)[:1000],
        **told,
        "taken_at": began,
        "reason": reason,
        "requested_by": user,
        "duration_s": round(time.monotonic() - started, 2),
        "is_whole_look": found.is_whole,
        "files": found.listed,
        "counted": found.counted,
        "unread": found.unread,
        "is_cut": found.cut,
        "php": php,
        "beside": places.as_json(found.scope),
    }
    try:
        with transaction.atomic():
            kept = keeping.still_wanted(site, kept)
            keeping.forget_elsewhere(site, site.host_id, values["docroot"])
            taken = storing.store(site, manifest, found.contents | kept.contents, **values)
            keeping.note(site, kept, began)
        return taken
    except storing.Overtaken as error:
        raise NotNow(_("Another baseline was taken meanwhile.")) from error


def _looked(reader: Reader, site: Site, docroot: str, *, whole: bool, note: Callable[[int], None]) -> Gathered:
    """All folders are listed at least once a week, and whenever a person or a deployment asks."""
    same = Baseline.objects.filter(site=site, host=site.host, docroot=printable(docroot)[:1000])
    whole = whole or not same.filter(is_whole_look=True, taken_at__gt=timezone.now() - WHOLE_EVERY).exists()
    latest = storing.newest(site.pk)
    usable = latest is not None and not latest.is_cut and same.filter(pk=latest.pk).exists()
    return gathering.look(
        reader,
        docroot,
        before=(lambda: storing.records(latest)) if usable and latest else None,
        before_at=latest.taken_at.timestamp() if latest else 0.0,
        whole=whole,
        time_limit_s=TIME_LIMIT_S,
        note=note,
        scope=program_places.recognised(SmallFiles(reader), docroot, _others(reader, site)),
    )


def _others(reader: Reader, site: Site) -> set[str]:
    """The docroots of the account's other sites, as they are named and where they really are."""
    found = set(Site.objects.filter(host=site.host_id).exclude(pk=site.pk).exclude(docroot="").values_list("docroot", flat=True))
    for named in sorted(found)[:_MOST_RESOLVED]:
        with suppress(NotFound, PermissionRefused, Unsupported):
            found.add(reader.real_path(named))
    return found
