"""Who did what in a repair, and when: its incident's entries, its steps, its notes and who had it, as one list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sites.models import IncidentEntry

from .. import repairing
from ..changes import journal
from ..connections.telling import clean
from ..models import CaseEntry, RepairCase, Step
from .people import name_of

MOST = 1000  # lines of each kind, the newest
OUTCOMES = {
    "well": gettext_lazy("The repair was closed: the site is well."),
    "handed-over": gettext_lazy("The repair was closed: it is handed over."),
    "left": gettext_lazy("The repair was closed: the site is left as it is."),
}
_ENTRY_TONES = {"bad": "bad", "hint": "warn", "good": "ok", "person": "info"}
_TONES = {
    Step.State.DONE_VERIFIED: "ok",
    Step.State.DONE_NOT_CURED: "warn",
    Step.State.AWAITING_EFFECT: "warn",
    Step.State.FAILED: "bad",
    Step.State.NEEDS_ATTENTION: "bad",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    at: datetime
    text: str
    by: str = ""
    tone: str = ""
    files: tuple[str, ...] = ()  # that were changed


def timeline(case: RepairCase) -> list[Moment]:
    """What happened, oldest first, for whoever gets the report: no mails, no notes among colleagues."""
    # Who of the team was mailed, and where, is no business of whoever gets the report.
    return sorted([*_case(case), *_incident(case, mails=False), *_steps(case)], key=lambda moment: moment.at)


def everything(case: RepairCase) -> list[Moment]:
    """The whole, newest first, for the team."""
    people = list(_people(case))
    # The incident's page has a line of the same moment, which may fall into the next second.
    told = {(moment.by, int(moment.at.timestamp()) + later) for moment in people for later in (0, 1)}
    incident = [each for each in _incident(case, mails=True) if not each.by or (each.by, int(each.at.timestamp())) not in told]
    moments = [*_case(case), *incident, *_steps(case, files=True), *people]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)


def _case(case: RepairCase) -> Iterator[Moment]:
    how = _("The repair was begun from the shell.") if case.from_shell else _("The repair was opened.")
    yield Moment(case.opened_at, how, name_of(case.opened_by), "info")
    if case.closed_at:
        how = str(OUTCOMES.get(case.outcome) or _("The repair was closed."))
        yield Moment(case.closed_at, how, name_of(case.closed_by), "info")


def _incident(case: RepairCase, *, mails: bool) -> Iterator[Moment]:
    incident = repairing.incident_of(case)
    if incident is None:
        return
    entries = IncidentEntry.objects.filter(incident=incident).select_related("by").order_by("-at", "-pk")
    entries = entries if mails else entries.exclude(kind=IncidentEntry.Kind.MAIL)
    entries = entries.filter(at__lte=case.closed_at) if case.closed_at else entries
    for entry in entries[:MOST]:
        text = entry.text if entry.kind == IncidentEntry.Kind.MAIL else clean(entry.text)  # an address is no login
        yield Moment(entry.at, text, name_of(entry.by), _ENTRY_TONES.get(entry.kind, ""))


def _steps(case: RepairCase, *, files: bool = False) -> Iterator[Moment]:
    rows = list(case.steps.select_related("created_by", "undone_by").order_by("-pk")[:MOST])
    changed = journal.changed_paths_of(rows) if files else {}
    for step in rows:
        text = f"{step.title}: {step.get_state_display()}. {step.message}".strip()
        who = name_of(step.created_by) or by_itself(step)
        yield Moment(step.finished_at or step.created_at, clean(text), who, _TONES.get(step.state, ""), tuple(changed.get(step.pk, ())))
        if step.undone_at:
            yield Moment(step.undone_at, _("Undone: %(title)s") % {"title": clean(step.title)}, name_of(step.undone_by))


def by_itself(step: Step) -> str:
    """Who did it where no person did."""
    if step.trial_run_id:
        return _("by itself, as the site's settings allow")
    return _("by itself") if step.result.get(repairing.UNATTENDED) else ""


def _people(case: RepairCase) -> Iterator[Moment]:
    for entry in case.entries.select_related("by", "to", "removed_by").order_by("-at", "-pk")[:MOST]:
        yield Moment(entry.at, _entry_words(entry), name_of(entry.by), "info")
        if entry.removed_at:
            yield Moment(entry.removed_at, _("Removed a note."), name_of(entry.removed_by))


def _entry_words(entry: CaseEntry) -> str:
    if entry.kind == CaseEntry.Kind.NOTE:
        return _("Wrote a note that was removed later.") if entry.removed_at else _("Wrote a note: %(text)s") % {"text": entry.text}
    if entry.kind == CaseEntry.Kind.HANDED_OVER:
        words = _("Handed it over to %(name)s.") % {"name": name_of(entry.to) or _("somebody who is gone")}
        return f"{words} {entry.text}".strip()
    return _("Took it.") if entry.kind == CaseEntry.Kind.TAKEN else _("Handed it back: nobody has it.")


def _did(step: Step) -> str:
    if step.action == "repair" and (step.stands_applied or step.state == Step.State.UNDONE):
        return _("repaired")
    return _("looked") if step.action == "look" else _("tried")


def doers(case: RepairCase, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Everybody who had a hand in it, once each, with what they did."""
    did: dict[str, list[str]] = {}

    def note(who: str, what: str) -> None:
        if who and what not in did.setdefault(who, []):
            did[who].append(what)

    note(name_of(case.opened_by) or (_("Sitemend, on a command") if case.from_shell else ""), _("opened the repair"))
    for step in steps:
        if step.state != Step.State.SKIPPED:
            note(name_of(step.created_by) or _("Sitemend, by itself"), _did(step))
        if step.undone_by:
            note(name_of(step.undone_by), _("took a change back"))
    note(name_of(case.closed_by), _("closed the repair"))
    return [{"who": who, "did": what} for who, what in did.items()]
