"""The health of the watching itself: signs of life, lag, sites that nobody probes, room on the disk, and an alarm when it falls behind."""

from __future__ import annotations

import logging
import os
import shutil
import socket
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites import fleet, scheduling
from sites.models import BehindAlarm, HealthSample, Notification, SignOfLife
from sites.queueing import enqueue_on_commit, workers_answering
from sites.wording import duration_words, moment_words

log = logging.getLogger(__name__)

QUEUES = ("probes", "hosts", "mail")
ALIVE_FOR = timedelta(minutes=3)  # a sign of life comes every 20 s, and is dropped where a queue is longer than that
SAMPLES_FOR = timedelta(days=2)
TOLD_AFTER = timedelta(seconds=50)  # what is behind at two looks, a minute apart, is told: right after a start everything is overdue
LEAST_FREE_BYTES = 500 * 1024 * 1024
LEAST_FREE_SHARE = 0.05
DEAD_MAN = "dead-man"

Kind = Notification.Kind


def sign(name: str, detail: dict[str, object] | None = None, now: datetime | None = None) -> None:
    """Keeps that something ran at this moment."""
    SignOfLife.objects.update_or_create(name=name, defaults={"at": now or timezone.now(), "detail": detail or {}})


def beat_of(queue: str) -> None:
    """A sign of life of the worker that serves this queue, and of beat, which asked for it."""
    sign(f"queue:{queue}", {"machine": socket.gethostname()[:100], "process": os.getpid()})


@dataclass(frozen=True, slots=True)
class Worker:
    """What serves one queue."""

    queue: str
    seen_at: datetime | None
    alive: bool
    waiting: int | None  # tasks in the queue; None: the broker cannot be reached


@dataclass(frozen=True, slots=True)
class Room:
    """The disk that holds the state folder."""

    free: int
    total: int

    @property
    def is_low(self) -> bool:
        """Below 500 MB or 5 %: SQLite and the broker need room to write at all."""
        return self.free < LEAST_FREE_BYTES or self.free < LEAST_FREE_SHARE * self.total


@dataclass(frozen=True, slots=True)
class Neglected:
    """A site of which a page has brought no result for three intervals."""

    site_id: int
    waiting_since: datetime
    interval_s: int


@dataclass(frozen=True, slots=True)
class Health:
    """Everything that the page shows. `why` is the reason why probing stands still, as far as it can be told; empty when it does not."""

    lag_s: float
    lag_p95_s: float | None
    worst_lag_s: float
    probes_last_minute: int
    probes_per_minute: float | None
    workers: list[Worker]
    broker_answers: bool
    beat_alive: bool
    neglected: list[Neglected]
    why: str
    last_mail_failure: dict[str, object] | None
    room: Room
    database: str
    database_bytes: int | None
    troubles: list[str] = field(default_factory=list)


def look(now: datetime | None = None) -> Health:
    """How the watching is at this moment."""
    now = now or timezone.now()
    status = fleet.status(now)
    signs = {row.name: row for row in SignOfLife.objects.all()}
    seen = {queue: signs[f"queue:{queue}"].at for queue in QUEUES if f"queue:{queue}" in signs}
    if result_at := scheduling.last_result_at():  # a result is a sign of life, too
        seen["probes"] = max(result_at, seen.get("probes", result_at))
    workers = [_worker(queue, seen.get(queue), status["queues"].get(queue), now) for queue in QUEUES]
    broker_answers = any(worker.waiting is not None for worker in workers)
    beat_alive = any(f"queue:{queue}" in signs and now - signs[f"queue:{queue}"].at < ALIVE_FOR for queue in QUEUES)
    samples = list(HealthSample.objects.filter(at__gt=now - timedelta(hours=1), at__lte=now).values_list("lag_s", "probes"))
    neglected = neglected_sites(now)
    found = Health(
        lag_s=status["lag_s"],
        lag_p95_s=scheduling.lag_p95_s(now, minutes=60),
        worst_lag_s=max([status["lag_s"], *(lag for lag, _probes in samples)]),
        probes_last_minute=status["probes_last_minute"],
        probes_per_minute=sum(probes for _lag, probes in samples) / len(samples) if samples else None,
        workers=workers,
        broker_answers=broker_answers,
        beat_alive=beat_alive,
        neglected=neglected,
        why=_why(workers, broker_answers, beat_alive),
        last_mail_failure=status["last_mail_failure"],
        room=room(),
        database=connection.vendor,
        database_bytes=_database_bytes(),
    )
    found.troubles.extend(_troubles(found))
    return found


def _worker(queue: str, seen_at: datetime | None, waiting: int | None, now: datetime) -> Worker:
    return Worker(queue, seen_at, seen_at is not None and now - seen_at < ALIVE_FOR, waiting)


def neglected_sites(now: datetime | None = None) -> list[Neglected]:
    """Sites with a page that brought no result for three intervals, those that wait longest first."""
    found: dict[int, Neglected] = {}
    for page in scheduling.overdue(now):
        known = found.get(page.site_id)
        if known is None or page.waiting_since < known.waiting_since:
            found[page.site_id] = Neglected(page.site_id, page.waiting_since, page.interval_s)
    return sorted(found.values(), key=lambda item: item.waiting_since)


def _why(workers: list[Worker], broker_answers: bool, beat_alive: bool) -> str:
    probing = workers[0]
    if not broker_answers:
        return _("The broker (Valkey or Redis) cannot be reached, so no work is handed out.")
    if not beat_alive:
        if workers_answering():
            return _("The clock (beat) stands still: workers answer, but nothing tells them to probe.")
        return _("Neither the clock (beat) nor any worker shows a sign of life.")
    if not probing.alive:
        return _("No worker serves the queue “probes”: it has shown no sign of life for three minutes.")
    return ""


def _what_to_do(found: Health) -> str:
    if not found.broker_answers:
        return _("Start it, or look at REDIS_URL. Nothing is lost: what is due is probed as soon as it answers.")
    return _("“manage.py up” starts it again by itself; where processes run on their own, start this one. Its log says why it stopped.")


def _troubles(found: Health) -> list[str]:
    """What needs somebody, in sentences; empty when all is in order."""
    troubles = [f"{found.why} {_what_to_do(found)}"] if found.why else []
    silent = [worker.queue for worker in found.workers[1:] if not worker.alive]
    if silent and not found.why:
        troubles.append(_("No worker serves: %(queues)s. Mails and repairs wait.") % {"queues": ", ".join(silent)})
    if found.neglected:
        troubles.append(behind_sentence(len(found.neglected), found.neglected[0].waiting_since))
    if found.room.is_low:
        troubles.append(_("The disk of the state folder is nearly full. Free some room before nothing can be stored any more."))
    return troubles


def behind_sentence(sites: int, since: datetime) -> str:
    """ "34 sites have not been probed for 12 min."."""
    lasted = duration_words((timezone.now() - since).total_seconds())
    words = ngettext("%(n)d site has not been probed for %(time)s.", "%(n)d sites have not been probed for up to %(time)s.", sites)
    return words % {"n": sites, "time": lasted}


def room(path: Path | None = None) -> Room:
    """How much room there is for the state folder."""
    usage = shutil.disk_usage(path or settings.SITEMEND_VAR_DIR)
    return Room(usage.free, usage.total)


def _database_bytes() -> int | None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    name = str(settings.DATABASES["default"]["NAME"])
    try:
        return sum(os.path.getsize(name + suffix) for suffix in ("", "-wal") if os.path.exists(name + suffix))
    except OSError:
        return None


def sample(now: datetime | None = None) -> None:
    """Keeps this minute's figures, looks whether sites are neglected, and forgets old minutes."""
    now = now or timezone.now()
    status = fleet.status(now)
    HealthSample.objects.create(at=now, lag_s=status["lag_s"], probes=status["probes_last_minute"])
    HealthSample.objects.filter(at__lt=now - SAMPLES_FOR).delete()
    watch_for_neglect(now)


def watch_for_neglect(now: datetime | None = None) -> BehindAlarm | None:
    """Opens, tells and ends the alarm that sites are not probed. Told once, and once more when it is over."""
    now = now or timezone.now()
    neglected = neglected_sites(now)
    with transaction.atomic():
        alarm = BehindAlarm.objects.select_for_update().filter(is_open=True).first()
        if alarm is None:
            return _begin(neglected, now) if neglected else None
        if not neglected:
            _end(alarm, now)
            return None
        alarm.most_sites = max(alarm.most_sites, len(neglected))
        alarm.not_probed_since = min(alarm.not_probed_since, neglected[0].waiting_since)
        if alarm.told_at is None and now - alarm.began_at >= TOLD_AFTER:
            alarm.told_at = now
            log.error("%s sites are not probed", len(neglected))
            _tell_administrators(alarm, Kind.BEHIND, now)
        alarm.save(update_fields=["most_sites", "not_probed_since", "told_at"])
    return alarm


def _begin(neglected: list[Neglected], now: datetime) -> BehindAlarm | None:
    try:
        with transaction.atomic():
            since = neglected[0].waiting_since
            return BehindAlarm.objects.create(began_at=now, not_probed_since=since, most_sites=len(neglected))
    except IntegrityError:  # somebody else has just opened it
        return BehindAlarm.objects.filter(is_open=True).first()


def _end(alarm: BehindAlarm, now: datetime) -> None:
    if alarm.told_at is None:  # over before anybody heard of it
        alarm.delete()
        return
    alarm.is_open, alarm.ended_at = None, now
    alarm.save(update_fields=["is_open", "ended_at"])
    _tell_administrators(alarm, Kind.BEHIND_OVER, now)


def _tell_administrators(alarm: BehindAlarm, kind: str, now: datetime) -> None:
    people = get_user_model().objects.filter(is_superuser=True, is_active=True).exclude(email="").order_by("pk")
    rows = [
        Notification(
            kind=kind,
            user=person,
            recipient=person.email,
            dedupe_key=f"{kind}:{alarm.pk}:{person.pk}",
            why=_("You are an administrator of this installation."),
            created_at=now,
            send_after=now,
        )
        for person in people
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    enqueue_on_commit("sites.tasks.deliver_notifications")


def open_alarm() -> BehindAlarm | None:
    """The alarm that is told and not over: the frame of every page shows it."""
    return BehindAlarm.objects.filter(is_open=True, told_at__isnull=False).first()


def frame_warning() -> str:
    """What the frame of every page says while sites are not probed; empty when all is in order."""
    alarm = open_alarm()
    if alarm is None:
        return ""
    return _("Sitemend itself is behind: not every site has been probed since %(time)s.") % {"time": moment_words(alarm.not_probed_since)}
