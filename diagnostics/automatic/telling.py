"""A repair that was made, or waits to be made, without a person: as mails and pages show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from diagnostics.changes import retention, undoing, versions
from diagnostics.changes.journal import changed_paths
from diagnostics.models import AutomaticRepair, Step
from sites.drawing import parse_diff
from sites.models import Incident
from sites.wording import exact_words

_MOST_LINES = 10  # of one change in a mail
_LONGEST = 160  # characters of such a line
State, Outcome = AutomaticRepair.State, AutomaticRepair.Outcome


@dataclass(frozen=True, slots=True)
class ChangeTold:
    """One step: what it was, what became of it, and its changed lines."""

    title: str
    message: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What a mail says of one."""

    changes: tuple[ChangeTold, ...]
    is_cured: bool
    is_taken_back: bool
    is_failed: bool
    is_asked: bool
    can_be_undone: bool
    until: str  # when a proposal ends
    asked_by: str
    message: str


def in_mail(incident_id: int) -> Told | None:
    """What a mail about this incident says of its repair; None where nothing was changed and nothing is proposed."""
    row = AutomaticRepair.objects.select_related("asked_by").filter(incident=incident_id).first()
    if row is None:
        return None
    made = [step for step in row.steps.order_by("pk") if step.journal.exists()]
    if not made and row.state != State.ASKED:
        return None
    changes = [ChangeTold(step.title, step.message, tuple(_changed_lines(step.diff, changed_paths(step)))) for step in made]
    if row.state == State.ASKED:
        changes = [ChangeTold(row.title, row.why, tuple(_changed_lines(row.diff, [])))]
    return Told(
        tuple(changes),
        is_cured=row.outcome == Outcome.CURED or any(step.state == Step.State.DONE_VERIFIED for step in made),
        is_taken_back=bool(made) and all(step.state == Step.State.TAKEN_BACK for step in made),
        is_failed=row.outcome in (Outcome.TAKEN_BACK, Outcome.NEEDS_ATTENTION) or row.state == State.WORKING,
        is_asked=row.state == State.ASKED,
        can_be_undone=any(step.stands_applied for step in made),
        until=exact_words(row.expires_at) if row.expires_at else "",
        asked_by=str(row.asked_by) if row.asked_by else _("somebody who has left"),
        message=row.message,
    )


def _changed_lines(diff: str, paths: list[str]) -> Iterator[str]:
    """The names of the files and the lines that went and came, no more than anybody reads in a mail."""
    files = parse_diff(diff)
    if not files:
        yield from dict.fromkeys(paths)
        return
    left = _MOST_LINES
    for file in files:
        changed = [line for line in file.lines if line.sign in ("-", "+")]
        if left <= 0:
            yield _("… and more")
            return
        if file.path and not (len(changed) == 1 and changed[0].text == file.path):
            yield file.path
        for line in changed[:left]:
            yield f"{line.sign} {line.text.strip()[:_LONGEST]}"
        if len(changed) > left:
            yield _("… and %(n)d more lines") % {"n": len(changed) - left}
        left -= len(changed)


@dataclass(slots=True)
class Shown:
    """What the page of an incident shows of one."""

    row: AutomaticRepair
    steps: list[Step]
    case_id: int | None
    can_undo: bool
    is_being_undone: bool
    is_asked: bool
    tone: str
    label: str


def label(row: AutomaticRepair, made: Sequence[Step]) -> str:
    """What it came to, in a few words; that a person undid it says more than how it ended."""
    changed = [step for step in made if step.state != Step.State.TAKEN_BACK]
    if changed and all(step.state == Step.State.UNDONE for step in changed):
        return str(Step.State.UNDONE.label)
    return str(row.get_outcome_display() if row.outcome else row.get_state_display())


def _is_being_undone(step: Step) -> bool:
    """Whether it was asked for, or a worker is at it."""
    return undoing.ASKED in step.result or (step.undone_by_id is not None and step.undone_at is None)


def on_page(incident: Incident) -> Shown | None:
    """What the page of an incident shows; None where there is nothing."""
    row = AutomaticRepair.objects.select_related("asked_by", "decided_by").filter(incident=incident).first()
    if row is None:
        return None
    made = list(row.steps.select_related("undone_by", "case").order_by("pk"))
    to_choose = versions.waiting(step.pk for step in made)
    for step in made:
        step.to_choose = step.pk in to_choose and step.may_be_undone
        step.undo_until = retention.undo_until(step)
        step.words = _("Being undone") if _is_being_undone(step) else step.get_state_display()
    asked = any(_is_being_undone(step) for step in made)
    words = label(row, made)
    tones = {Outcome.CURED: "ok", Outcome.TAKEN_BACK: "warn", Outcome.NEEDS_ATTENTION: "bad"}
    return Shown(
        row,
        made,
        made[-1].case_id if made else None,
        can_undo=not asked and any(step.may_be_undone for step in made),
        is_being_undone=asked,
        is_asked=row.state == State.ASKED,
        tone="" if words == Step.State.UNDONE.label else tones.get(row.outcome, "" if row.outcome else "info"),
        label=words,
    )
