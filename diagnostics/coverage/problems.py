"""What keeps a site from being seen whole, as conditions that the database answers. Nothing here is guessed from a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add, or_
from typing import Any

from django.db.models import Case, Exists, ExpressionWrapper, F, IntegerField, OuterRef, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from diagnostics.models import Baseline, Diagnosis, LogServer, SiteSight
from sites.models import Host, Site, VisitorWatch

_Log = VisitorWatch.Log
_State = Host.State
_CONNECTED = Q(host__isnull=False)
_HAS_FOLDER = _CONNECTED & ~Q(docroot="")
_TESTED = ~Q(can="[]")
_BASELINES = Baseline.objects.filter(site=OuterRef("pk"))
_DIAGNOSES = Diagnosis.objects.filter(site=OuterRef("pk"), state=Diagnosis.State.DONE)
_LOG_SERVER_READ = Q(log_server__state=LogServer.State.WORKS)
_UNREAD_LOG = Q(sight__error_log=SiteSight.ErrorLog.UNREADABLE, sight__error_log_path=F("error_log"))


@dataclass(frozen=True, slots=True)
class Problem:
    """One way of being blind. `code` is stable; `when` is asked of sites with `can`: what the transport can do, as text."""

    code: str
    words: Promise
    tone: str
    when: Q


# The worst first.
PROBLEMS: tuple[Problem, ...] = (
    Problem("no-connection", _("No connection"), "bad", Q(host=None)),
    Problem("login-refused", _("Login refused"), "bad", Q(host__state=_State.REFUSED)),
    Problem("host-key-changed", _("Host key or certificate changed"), "bad", Q(host__state=_State.KEY_CHANGED)),
    Problem("unreachable", _("Not reachable"), "bad", Q(host__state=_State.UNREACHABLE)),
    Problem("untested", _("Never tested"), "warn", Q(host__state=_State.UNTESTED)),
    Problem("no-docroot", _("No folder known"), "warn", _CONNECTED & Q(docroot="")),
    Problem(
        "log-server", _("Log server not read"), "warn", Q(log_server__state__in=(LogServer.State.REFUSED, LogServer.State.FAILED)),
    ),
    # What the account does not hold is read at the log server.
    Problem(
        "no-error-log", _("Error log not read"), "warn",
        _HAS_FOLDER & (Q(error_log="") | _UNREAD_LOG) & (Q(log_server=None) | ~_LOG_SERVER_READ),
    ),
    Problem(
        "no-access-log", _("Access log not found"), "warn",
        _HAS_FOLDER & (Q(access_log="") | Q(visitor_watch__log__in=(_Log.NOT_FOUND, _Log.UNCLEAR, _Log.UNREADABLE, _Log.FOREIGN))),
    ),
    Problem(
        "read-only-chosen", _("Read-only: chosen by you"), "odd",
        Q(read_only_since__isnull=False) | Q(host__read_only_since__isnull=False),
    ),
    Problem("read-only", _("Read-only: the account may not write"), "odd", _CONNECTED & _TESTED & ~Q(can__contains='"write"')),
    Problem(
        "no-modes", _("Permissions not seen"), "odd",
        Q(host__protocol__in=("ftp", "ftps")) & _TESTED & ~Q(can__contains='"list-modes"'),
    ),
    Problem("no-baseline", _("No baseline"), "", _HAS_FOLDER & ~Exists(_BASELINES)),
    Problem("never-diagnosed", _("Never diagnosed"), "", _CONNECTED & ~Exists(_DIAGNOSES)),
)  # fmt: skip
_ANY = reduce(or_, (problem.when for problem in PROBLEMS))  # ends at the first that fits, as the sum of all cannot
# A connection that stood and does not work now: not what was never connected, which many mean to be so.
_URGENT = reduce(or_, (problem.when for problem in PROBLEMS if problem.code in ("login-refused", "host-key-changed", "unreachable")))
BY_CODE = {problem.code: problem for problem in PROBLEMS}
_BITS = {problem.code: 1 << (len(PROBLEMS) - 1 - place) for place, problem in enumerate(PROBLEMS)}


def looked_through(sites: QuerySet[Site]) -> QuerySet[Site]:
    """The sites with `blind`: a number that holds one bit for each problem, so that the larger is the worse."""
    bits: list[Any] = [Case(When(each.when, then=Value(_BITS[each.code])), default=Value(0)) for each in PROBLEMS]
    known = sites.filter(practice=False).annotate(can=Cast("host__capabilities", TextField()))
    return known.annotate(blind=ExpressionWrapper(reduce(add, bits), output_field=IntegerField()))


def within(blind: int) -> Iterator[Problem]:
    """The problems that such a number holds, the worst first."""
    return (problem for problem in PROBLEMS if blind & _BITS[problem.code])


def suffering(sites: QuerySet[Site], code: str = "") -> QuerySet[Site]:
    """Of those that were looked through, the ones with this problem, or with any."""
    return sites.filter(BY_CODE[code].when if code else _ANY)


def cut_off(sites: QuerySet[Site]) -> QuerySet[Site]:
    """Those whose connection stood and does not work now."""
    return sites.filter(_URGENT, practice=False)
