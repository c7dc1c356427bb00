"""Diagnoses: asked for, run, stored with secrets removed. Towards the host they only read."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sites import incident_causes, queueing
from sites.credentials import SecretUnreadable
from sites.judging import Verdict
from sites.models import Incident, Site
from sites.visitors.marks import is_of_visitors

from . import examining, explaining, log_servers, offering, programs, sharing
from .baselines import since
from .causes import CAUSES
from .changes import clues, meeting
from .changes.changing import Seen
from .changes.clues import Clue
from .changes.journal import printable
from .checks import others_meet
from .connections import connecting, politeness, purposes
from .connections.telling import clean, proof_json, shown_diff
from .evidence import LOGS, LogLine, SiteSeen
from .examining import Examination
from .findings import Finding, Severity
from .models import Diagnosis, FindingRecord, RepairCase
from .profiles import get_profile
from .sight import note_error_log
from .transports.base import Reader, TransportError
from .trying import kinds

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

log = logging.getLogger(__name__)
Unopened = TransportError | SecretUnreadable

MOST_LINES = 60
_SEARCHED_S = 8.0  # of the 20 that a diagnosis has, for those whom a failure meets that does not meet us
MOST_ASKED_AT_ONCE = 2  # of those that people asked for
MOST_FAILED = 2  # diagnoses of one failure that took too long or ended with their worker; a third would fare no better
TASK, TASK_OF_MANY = "diagnostics.tasks.diagnose", "diagnostics.tasks.diagnose_one_of_many"  # the latter can wait
HAND_OVER = "diagnostics.tasks.sweep_diagnoses"
_CATCHING_UP = timedelta(seconds=30)  # after a log's usual lag
_TRIED_FOR = timedelta(days=1)  # an account that cannot be opened, while the failure lasts
_NOT_FORGOTTEN = timedelta(seconds=10)  # what was asked for and is still not begun is handed over again
OPEN = (Diagnosis.State.QUEUED, Diagnosis.State.RUNNING)


def request(site: Site, incident: Incident | None = None, user: AbstractBaseUser | None = None, *, is_again: bool = False) -> Diagnosis:
    """Asks for a diagnosis, which a worker makes. One that is waiting already serves both."""
    waiting = Diagnosis.objects.filter(site=site, state=Diagnosis.State.QUEUED, incident=incident).first()
    if waiting:
        if waiting.requested_by_id is not None:  # perhaps among thousands: who asks for this one by itself does not wait for them
            queueing.enqueue_on_commit(TASK, waiting.pk)
        return waiting
    now = timezone.now()
    diagnosis = Diagnosis.objects.create(site=site, incident=incident, requested_by=user, requested_at=now, is_again=is_again)
    if incident:
        incident_causes.mark_diagnosis(incident, "running")
    queueing.enqueue_on_commit(TASK, diagnosis.pk)
    return diagnosis


def request_many(ids: Iterable[int], user: AbstractBaseUser | None = None) -> int:
    """Asks for a diagnosis of each of these sites that has a connection; `hand_over` gives them to the workers. Returns how many."""
    now = timezone.now()
    keys = list(Site.objects.filter(pk__in=list(ids), host__practice=False, practice=False).values_list("pk", flat=True))
    waited_for = set(Diagnosis.objects.filter(site__in=keys, state__in=OPEN).values_list("site", flat=True))
    failing = dict(Incident.objects.filter(site__in=keys, resolved_at=None).order_by("pk").values_list("site", "pk"))
    asked = {"state": Diagnosis.State.QUEUED, "requested_by": user, "requested_at": now}
    Diagnosis.objects.bulk_create(
        [Diagnosis(site_id=pk, incident_id=failing.get(pk), **asked) for pk in keys if pk not in waited_for], batch_size=500
    )
    queueing.enqueue_on_commit(HAND_OVER)
    return len(keys)


def hand_over() -> int:
    """Gives the workers the next of those that a person asked for: few, so that a new failure finds a process free, and one per host,
    so that none waits for the connection of another. Returns how many."""
    asked = Diagnosis.objects.exclude(requested_by=None)
    running = list(asked.filter(state=Diagnosis.State.RUNNING).values_list("site__host", flat=True))
    room = MOST_ASKED_AT_ONCE - len(running)
    if room <= 0:
        return 0
    waiting = asked.filter(state=Diagnosis.State.QUEUED).exclude(site__host__in=running).order_by("requested_at", "pk")
    chosen: dict[int | None, int] = {}
    for diagnosis_id, host_id in waiting.values_list("pk", "site__host").iterator(chunk_size=500):
        chosen.setdefault(host_id, diagnosis_id)
        if len(chosen) == room:
            break
    for diagnosis_id in chosen.values():
        queueing.enqueue(TASK_OF_MANY, diagnosis_id, expires=10.0)
    return len(chosen)


def of_incident(incident: Incident) -> None:
    """Asks for the cause of a new failure where there is a host to read; else its mail need not wait for one."""
    if (incident.site.host_id is None or not incident.site.docroot) and not log_servers.is_usable(incident.site):
        incident_causes.mark_diagnosis(incident, "none")
    else:
        request(incident.site, incident)


def diagnose_now(
    site: Site, incident: Incident | None = None, user: AbstractBaseUser | None = None, *, met: Seen | None = None
) -> Diagnosis:
    """The same at once, in this process. `met`: what was just seen of the site, by whoever has looked for its failure already."""
    incident = incident or site.incidents.filter(resolved_at=None).first()
    diagnosis = Diagnosis.objects.create(site=site, incident=incident, requested_by=user, requested_at=timezone.now())
    return run(diagnosis.pk, met)


def run(diagnosis_id: int, met: Seen | None = None) -> Diagnosis:
    """Makes a diagnosis that waits; does nothing with one that another worker has. `met`: see `diagnose_now`."""
    diagnosis = Diagnosis.objects.select_related("site__host", "incident", "requested_by").get(pk=diagnosis_id)
    now = timezone.now()
    claimed = Diagnosis.objects.filter(pk=diagnosis_id, state=Diagnosis.State.QUEUED).update(state=Diagnosis.State.RUNNING, started_at=now)
    if not claimed:
        return diagnosis
    diagnosis.state, diagnosis.started_at = Diagnosis.State.RUNNING, now
    try:
        view = met.view if met is not None else examining.look(diagnosis.site)
        asked_by = {"user": diagnosis.requested_by} if diagnosis.requested_by else {}
        with purposes.doing("diagnosis", site=diagnosis.site, **asked_by), opened(diagnosis.site) as (reader, error):
            examination = _examine(diagnosis, reader, view, met)
        diagnosis.error, diagnosis.again_at = _why(error), _opened_again_at(diagnosis, error)
    except (TransportError, SecretUnreadable) as error:
        diagnosis.again_at = _opened_again_at(diagnosis, error)
        return fail(diagnosis, getattr(error, "message", str(error)))
    except SoftTimeLimitExceeded:
        diagnosis.again_at = _made_again_at(diagnosis)
        return fail(diagnosis, _("The diagnosis took too long and was ended. Nothing was changed."))
    except Exception:  # whatever a host makes a check stumble over must not leave the incident waiting for its cause
        log.exception("diagnosis %s", diagnosis_id)
        return fail(diagnosis, _("The diagnosis stopped by an error of its own. It is in the log of the worker."))
    return store(diagnosis, examination)


def _examine(diagnosis: Diagnosis, reader: Reader | None, view: SiteSeen, met: Seen | None) -> Examination:
    """Facts and checks; where the site fails for others than us, or now and then, with the eyes of those whom it met.

    `met`: who asked for it has asked as all of them already.
    """
    site, incident, until = diagnosis.site, diagnosis.incident, time.monotonic() + _SEARCHED_S
    if met is not None:
        diagnosis.met_as = meeting.met_by(met)
    elif not examining.is_well(view) and site.verdict != Verdict.DOWN:
        diagnosis.met_as = meeting.met_as(site, view, until)
    if not examining.is_well(view):
        return examining.examine(site, reader, view)
    clue = clues.of(site)
    if clue and met is None and (found := meeting.glimpse(site, replace(clue, is_firm=False), view, until)):
        seen, diagnosis.met_as = found
        return examining.examine(site, reader, seen)
    if incident is not None and incident.is_open and is_of_visitors(incident):
        return examining.proven_only(examining.examine(site, reader, examining.as_visitors_met(site, view, incident)))
    examination = examining.examine(site, reader, view)
    if clue or reader is None or not any(_speaks_of_a_failure(each) for each in examination.findings):
        return examination
    found = meeting.glimpse(site, Clue("", is_firm=False), view, time.monotonic() + _SEARCHED_S)
    if not found:
        return examination
    seen, diagnosis.met_as = found
    return examining.examine(site, reader, seen)


def _speaks_of_a_failure(finding: Finding) -> bool:
    return finding.check == others_meet.CHECK or finding.severity == Severity.CRITICAL


@contextmanager
def opened(site: Site) -> Iterator[tuple[Reader | None, Unopened | None]]:
    """The site's files, or None and why they cannot be read: what is seen from outside still counts."""
    if site.host is None:
        yield None, TransportError(_("There is no connection to the files of this site."))
        return
    reader: Reader | None = None
    why: Unopened | None = None
    with ExitStack() as stack:
        try:
            reader = stack.enter_context(connecting.reader_for(site.host))
        except (TransportError, SecretUnreadable) as error:
            why = error
        yield reader, why


def _why(error: Unopened | None) -> str:
    return f"{getattr(error, 'message', error)} {getattr(error, 'hint', '')}".strip() if error else ""


def _opened_again_at(diagnosis: Diagnosis, error: Unopened | None) -> datetime | None:
    """When an account that was in use or away is tried again for the cause of a failure that lasts; None where that brings nothing."""
    incident, host, now = diagnosis.incident, diagnosis.site.host, timezone.now()
    if incident is None or not incident.is_open or host is None or now - incident.opened_at > _TRIED_FOR:
        return None
    if isinstance(error, politeness.ConnectionBusy):
        return now  # whatever has it held it for a long time already
    away = isinstance(error, (politeness.ConnectionPaused, *politeness.NOT_REACHED))
    return politeness.diagnosed_again_at(host) if away else None


def _made_again_at(diagnosis: Diagnosis) -> datetime | None:
    """At once, where a failure that lasts would stay without its cause because a diagnosis was cut off; but not for ever."""
    incident, now = diagnosis.incident, timezone.now()
    if incident is None or not incident.is_open or now - incident.opened_at > _TRIED_FOR:
        return None
    return now if incident.diagnoses.filter(state=Diagnosis.State.FAILED).count() < MOST_FAILED else None


def fail(diagnosis: Diagnosis, why: str) -> Diagnosis:
    """Ends a diagnosis that could not be made."""
    diagnosis.state, diagnosis.error, diagnosis.finished_at = Diagnosis.State.FAILED, why, timezone.now()
    diagnosis.save(update_fields=["state", "error", "finished_at", "again_at"])
    if diagnosis.incident:
        incident_causes.mark_diagnosis(diagnosis.incident, _how_far(diagnosis))
    return diagnosis


def _how_far(diagnosis: Diagnosis) -> str:
    """What becomes of finding the cause after this diagnosis; its mail waits for one that goes on at once."""
    if diagnosis.again_at is None or not diagnosis.error:
        return "failed" if diagnosis.error else "done"
    return "running" if diagnosis.again_at <= timezone.now() + _NOT_FORGOTTEN else "waiting"


def store(diagnosis: Diagnosis, examination: Examination) -> Diagnosis:
    """Stores findings and the lines they stand on, and tells the incident its cause."""
    evidence, now = examination.evidence, timezone.now()
    diagnosis.state, diagnosis.finished_at = Diagnosis.State.DONE, now
    diagnosis.duration_s = round((now - (diagnosis.started_at or now)).total_seconds(), 2)
    diagnosis.verdict, diagnosis.kind, diagnosis.connection = evidence.site.verdict, evidence.site.kind, evidence.connection
    diagnosis.installed = programs.rows(evidence)
    diagnosis.inconclusive = [{"check": each.check, "missing": clean(each.missing)} for each in examination.inconclusive]
    if isinstance(evidence.error_log, tuple):
        diagnosis.log_lines = [_line_json(line) for line in _telling(evidence.error_log)]
    if diagnosis.connection not in ("", "none"):
        note_error_log(diagnosis.site, was_read=isinstance(evidence.error_log, tuple))
    diagnosis.again_at = diagnosis.again_at or _again_at(diagnosis, examination, now)
    diagnosis.offers, diagnosis.no_trial = offering.from_examination(examination), offering.why_no_trial(examination)
    diagnosis.trials = kinds.possible(examination)
    with transaction.atomic():
        diagnosis.save()
        RepairCase.objects.filter(site=diagnosis.site, closed_at=None).update(diagnosis=diagnosis)
        rows = [_record(diagnosis, n, finding, examination) for n, finding in enumerate(examination.findings)]
        FindingRecord.objects.bulk_create(rows)
        if diagnosis.incident:
            _tell(diagnosis, diagnosis.incident, rows, examination)
    since.note(diagnosis, evidence)
    return diagnosis


def _again_at(diagnosis: Diagnosis, examination: Examination, now: datetime) -> datetime | None:
    """When to look once more, because the log lags and has not told the cause yet; None where that would bring nothing new."""
    site, incident = diagnosis.site, diagnosis.incident
    lag_s = get_profile(site.profile_name).log_lag_s
    if incident is None or not incident.is_open or diagnosis.is_again or not lag_s or not (site.error_log or log_servers.is_usable(site)):
        return None
    proven = (f for f in examination.findings if f.severity == "critical" and any(proof.source in LOGS for proof in f.evidence))
    return None if any(proven) else now + timedelta(seconds=lag_s) + _CATCHING_UP


def _telling(lines: tuple[LogLine, ...]) -> list[LogLine]:
    """The last lines; those that our own requests wrote are kept before others."""
    kept = [line for line in lines if line.paired][-MOST_LINES:]
    rest = [line for line in lines if not line.paired][-(MOST_LINES - len(kept)) :] if len(kept) < MOST_LINES else []
    chosen = {id(line) for line in (*kept, *rest)}
    return [line for line in lines if id(line) in chosen]


def _line_json(line: LogLine) -> dict[str, Any]:
    return {"at": line.at.isoformat().replace("+00:00", "Z") if line.at else "", "text": clean(line.text), "paired": line.paired}


def _record(diagnosis: Diagnosis, position: int, finding: Finding, examination: Examination) -> FindingRecord:
    cause = CAUSES.get(finding.cause)
    repair_id, diff = _first_repair(finding, examination)
    return FindingRecord(
        diagnosis=diagnosis,
        position=position,
        check_id=finding.check,
        cause=finding.cause,
        also=list(finding.also),
        severity=str(finding.severity),
        confidence=finding.confidence,
        summary=clean(finding.summary),
        hint=clean(finding.hint),
        path=printable(finding.path)[:1000],
        line=finding.line,
        evidence=[proof_json(proof) for proof in finding.evidence],
        follows=finding.datum("follows"),
        repairable_by=str(cause.repairable_by) if cause else "developer",
        repair_id=repair_id,
        diff=diff,
    )


def _first_repair(finding: Finding, examination: Examination) -> tuple[str, str]:
    for repair_id in finding.repairs:
        plan = examining.plan_for(examination, finding, repair_id)
        if plan is not None and plan.changes:
            return repair_id, shown_diff(plan)
    return "", ""


def _tell(diagnosis: Diagnosis, incident: Incident, rows: list[FindingRecord], examination: Examination) -> None:
    parts = explaining.parted(rows)
    if (first := parts.root) is not None:
        proof = next((each for each in first.evidence if each["source"] in LOGS), None) or next(iter(first.evidence), None)
        incident_causes.attach_cause(
            incident, cause=first.cause, summary=first.summary, confidence=first.confidence, proof=proof["text"] if proof else "",
            place=explaining.place_of(first), why=explaining.because_of(first),
            next_step=explaining.next_of(first, len(parts.faults), elsewhere=True),
            shared=_shared(diagnosis, examination.findings[first.position], examination),
        )  # fmt: skip
    incident_causes.mark_diagnosis(incident, "done" if first else _how_far(diagnosis))


def _shared(diagnosis: Diagnosis, finding: Finding, examination: Examination) -> tuple[str, str]:
    host = diagnosis.site.host
    found = sharing.shared_by(finding, examination.evidence, f"host {host.pk}" if host else "")
    return (found.key, clean(found.about)) if found else ("", "")


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """What `diagnose --json` prints."""
    return {
        "site": diagnosis.site.name,
        "verdict": diagnosis.verdict,
        "kind": diagnosis.kind,
        "duration_s": diagnosis.duration_s,
        "connection": diagnosis.connection or "none",
        "findings": [_finding_row(row, diagnosis.offers) for row in diagnosis.findings.all()],
        "inconclusive": diagnosis.inconclusive,
        "installed": diagnosis.installed,
        **({"error": diagnosis.error} if diagnosis.error and diagnosis.state == Diagnosis.State.DONE else {}),
    }


def _finding_row(row: FindingRecord, offers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ("cause", "also", "severity", "confidence", "summary", "hint", "path", "line")}
    lasts = any(offer.get("lasting") and (offer["repair_id"], offer["diff"]) == (row.repair_id, row.diff) for offer in offers)
    repair = {"id": row.repair_id, "reversible": not lasts, "diff": row.diff} if row.repair_id else None
    words = {"sureness": row.sureness, "because": explaining.because_of(row), "follows": row.follows, "next": explaining.next_of(row)}
    return {**values, **words, "evidence": row.evidence, "repairable_by": row.repairable_by, "repair": repair}


def _ask_again(diagnosis: Diagnosis) -> None:
    """Once the log that lagged has caught up, or the account may be back: what it tells by then follows in the first mail's thread."""
    incident = diagnosis.incident
    if not Diagnosis.objects.filter(pk=diagnosis.pk).exclude(again_at=None).update(again_at=None):
        return
    has_lagged = not diagnosis.error
    if incident is not None and incident.is_open and (has_lagged or not incident.cause):
        request(diagnosis.site, incident, is_again=has_lagged or diagnosis.is_again)


def _forgotten(now: datetime) -> QuerySet[Incident]:
    """New failures of which nobody was told: a process may die, or its database be busy, between storing and telling."""
    new = Incident.objects.filter(resolved_at=None, diagnosis_state="", diagnoses=None, site__deleted_at=None)
    return new.filter(opened_at__lt=now - _NOT_FORGOTTEN, opened_at__gt=now - _TRIED_FOR).select_related("site")[:100]


def sweep() -> int:
    """Enqueues what waits, failures before what people asked for, and ends what a dead worker left. Returns how many."""
    now = timezone.now()
    longest = timedelta(seconds=120)
    over = Q(started_at__lt=now - longest) | Q(started_at__gt=now + longest)  # the latter: the clock was set back since
    for stuck in Diagnosis.objects.filter(over, state=Diagnosis.State.RUNNING).select_related("incident"):
        stuck.again_at = _made_again_at(stuck)
        fail(stuck, _("The diagnosis was interrupted. Ask for it again."))
    for due in Diagnosis.objects.filter(again_at__lte=timezone.now()).select_related("site", "incident")[:100]:
        _ask_again(due)
    for incident in _forgotten(now):
        of_incident(incident)
    waiting = Diagnosis.objects.filter(state=Diagnosis.State.QUEUED, requested_at__lt=now - _NOT_FORGOTTEN, requested_by=None)
    ids = list(waiting.values_list("pk", flat=True)[:100])
    for diagnosis_id in ids:
        queueing.enqueue(TASK, diagnosis_id, expires=10.0)
    return len(ids) + hand_over()
