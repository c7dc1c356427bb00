"""What is done on hosts is noted: every login, command and write, for what and by whom. What cannot be noted is not done."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import Count, F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from diagnostics.models import HostAction
from diagnostics.transports.base import ConnectionLost, ConnectionTimedOut, NotTried, TransportError
from sites import read_only
from sites.models import Host

from .politeness import Turn
from .purposes import Actor, now_doing
from .telling import clean

log = logging.getLogger(__name__)

Verb, Outcome = HostAction.Verb, HostAction.Outcome
KEPT_FOR = timedelta(days=400)
READING_KEPT_FOR = timedelta(days=30)  # logins and commands that went well
MOST_PER_HOST = 20_000
_TOGETHER = timedelta(hours=1)
_BATCH = 2000
BESIDE = "beside"  # stands for the path of a login that was made beside another one of the same job
_ONLY_READ = (Verb.LOGIN, Verb.COMMAND, Verb.FETCH, Verb.DATABASE)
_REFUSED_BESIDE_FOR = timedelta(days=7)


class NotNoted(NotTried):
    """It could not be noted, so it was not done."""

    code = "not-noted"


class ReadOnly(TransportError):
    """Somebody chose that nothing is written there."""

    code = "read-only"


# --- one connection -----------------------------------------------------------------------------
class Trail:
    """Notes what is done on one connection."""

    def __init__(self, turn: Turn, beside: Trail | None = None, login: str = "") -> None:
        self.turn, self.host = turn, turn.host
        self.began = timezone.now()
        self.is_in = False
        self.reads = self.bytes_read = 0
        self._only_read = True
        self._beside = beside
        self._as = login
        self._login = self._noted(Verb.LOGIN, BESIDE if beside else login)

    def let_in(self) -> None:
        """The host accepted the login."""
        self.is_in = True
        self.turn.let_in()
        HostAction.objects.filter(pk=self._login).update(outcome=Outcome.DONE)

    def refused(self, error: TransportError) -> None:
        """The host could not be reached, or let nobody in."""
        self.end(self._login, error)

    def close(self) -> None:
        """Stores what was read; a reading by itself goes into the row of the one before it."""
        if not self.is_in:
            return
        values = {"ended_at": timezone.now(), "reads": self.reads, "bytes_read": self.bytes_read}
        try:
            if not (self._only_read and self._join(values["ended_at"])):
                HostAction.objects.filter(pk=self._login).update(**values)
        except DatabaseError:  # the row stands without its counts: what was read is read
            log.exception("the counts of login %s are lost", self._login)

    def _join(self, now: datetime) -> bool:
        columns = now_doing().columns()
        others = HostAction.objects.filter(host=self.host).exclude(pk=self._login)
        before = (others.filter(pk=self._beside._login) if self._beside else others.order_by("-pk")).first()
        if before is None or before.at < self.began - _TOGETHER or columns["actor"] != Actor.ITSELF:
            return False
        if self._beside is None and before.path not in ((self._as,) if self._as else ("", BESIDE)):
            return False  # that was another login of the account
        if (before.verb, before.outcome) != (Verb.LOGIN, Outcome.DONE) or any(getattr(before, n) != v for n, v in columns.items()):
            return False
        times = HostAction.objects.filter(pk=self._login).values_list("times", flat=True).first() or 1  # with those beside it
        more = {"times": F("times") + times, "reads": F("reads") + self.reads, "bytes_read": F("bytes_read") + self.bytes_read}
        if not HostAction.objects.filter(pk=before.pk).update(ended_at=now, **more):
            return False
        HostAction.objects.filter(pk=self._login).delete()
        return True

    # --- as the watcher of a transport ----------------------------------------------------------
    def begin(self, verb: str, path: str, *, target: str = "", mode: int | None = None, size: int | None = None) -> int:
        """Notes what is about to be done. Raises NotNoted when that cannot be noted, ReadOnly for a write in read-only mode."""
        self._only_read = False
        begun = self._noted(verb, path, target=clean(target)[:1000], mode=mode, size=size)
        if verb != Verb.COMMAND and (why := read_only.refusal(self.host.pk, now_doing().site_id, *filter(None, (path, target)))):
            refused = ReadOnly(why, _("Switch read-only mode off first. Nothing was written."))
            self.end(begun, refused)
            raise refused
        return begun

    def end(self, begun: int, error: Exception | None) -> None:
        """Notes what became of it."""
        _ended(begun, error, str(getattr(error, "code", "")))

    def counted(self, size: int) -> None:
        """One more reading."""
        self.reads += 1
        self.bytes_read += size

    def tick(self) -> None:
        """The connection is in use."""
        self.turn.tick()

    def _noted(self, verb: str, path: str, **values: Any) -> int:
        return _noted(self.host.pk, verb, path, **values)


def _noted(host_id: int, verb: str, path: str, **values: Any) -> int:
    row = HostAction(host_id=host_id, verb=verb, path=clean(path)[:1000], at=timezone.now(), **values, **now_doing().columns())
    try:
        row.save(force_insert=True)
    except DatabaseError as error:
        log.exception("%s on host %s cannot be noted", verb, host_id)
        hint = _("Look at the page Health, then try again.")
        raise NotNoted(_("What is done on a hosting account is noted first, and that failed. It was not done."), hint) from error
    return row.pk


def _ended(begun: int, error: Exception | None, code: str) -> None:
    outcome = Outcome.REFUSED if error is not None or code else Outcome.DONE
    if isinstance(error, ConnectionLost | ConnectionTimedOut):
        outcome = Outcome.LOST
    try:
        HostAction.objects.filter(pk=begun).update(outcome=outcome, code=code[:40], ended_at=timezone.now())
    except DatabaseError:  # it is done: its row goes on saying "begun", which is what is known for certain
        log.exception("the outcome of action %s is lost", begun)


@dataclass
class Beside:
    """Something that is asked beside the account's own connections. `code`: why it was refused, where that is no exception."""

    code: str = ""


@contextmanager
def beside(host_id: int, verb: str, path: str) -> Iterator[Beside]:
    """Notes what is asked for a site beside its connections: at its log server, its database. Raises NotNoted; then it is not asked."""
    begun, asked, problem = _noted(host_id, verb, path), Beside(), None
    try:
        yield asked
    except Exception as error:  # whatever it was is noted and goes on its way
        problem = error
        raise
    finally:
        _ended(begun, problem, asked.code or str(getattr(problem, "code", "")))


@contextmanager
def trail(turn: Turn, login: str = "") -> Iterator[Trail]:
    """The trail of one connection, from before its login to its end. `login`: where it is another one of the account. Raises NotNoted."""
    made = Trail(turn, login=login)
    try:
        yield made
    except TransportError as error:
        if not made.is_in:
            made.refused(error)
        raise
    finally:
        made.close()


def bears_no_further(host: Host) -> bool:
    """Whether this host has lately refused a connection beside another one: it is not asked for one again for some days."""
    refused = HostAction.objects.filter(host=host, verb=Verb.LOGIN, path=BESIDE, at__gt=timezone.now() - _REFUSED_BESIDE_FOR)
    return refused.filter(outcome__in=(Outcome.REFUSED, Outcome.LOST)).exists()


def note_login(host: Host, error_code: str) -> None:
    """A login that was made before its host was stored, which is noted now."""
    outcome = Outcome.REFUSED if error_code else Outcome.DONE
    now = timezone.now()
    columns = now_doing().columns() | {"purpose": "test"}
    HostAction.objects.create(host=host, verb=Verb.LOGIN, outcome=outcome, code=error_code, at=now, ended_at=now, **columns)


# --- kept for how long --------------------------------------------------------------------------
def prune(now: datetime | None = None) -> int:
    """Removes what is older than it is kept, and the oldest of a host with very many rows. Returns how many."""
    now = now or timezone.now()
    well = HostAction.objects.filter(verb__in=_ONLY_READ, outcome=Outcome.DONE, at__lt=now - READING_KEPT_FOR)
    removed = _remove(well) + _remove(HostAction.objects.filter(at__lt=now - KEPT_FOR))
    crowded = HostAction.objects.order_by().values("host").annotate(rows=Count("pk")).filter(rows__gt=MOST_PER_HOST)
    for host_id in crowded.values_list("host", flat=True):
        of_host = HostAction.objects.filter(host_id=host_id)
        last = of_host.order_by("-at", "-id").values_list("at", flat=True)[MOST_PER_HOST : MOST_PER_HOST + 1]
        for at in last:
            removed += _remove(of_host.filter(at__lte=at))
    return removed


def _remove(rows: QuerySet[HostAction]) -> int:
    """In small batches, so that nobody waits for long."""
    removed = 0
    while keys := list(rows.order_by("at").values_list("pk", flat=True)[:_BATCH]):
        removed += HostAction.objects.filter(pk__in=keys).delete()[0]
    return removed
