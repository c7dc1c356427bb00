"""What the page of a run shows, read in a constant number of queries."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import repairing
from ..changes import undoing
from ..models import JointRepair, JointSite, Step
from ..queries import TONES
from . import running

State = JointSite.State


def page(joint: JointRepair) -> dict[str, Any]:
    """The sites with what became of each, and which decision is next."""
    members = [_shown(member) for member in joint.members.select_related("site", "incident", "step", "step__created_by")]
    asks = joint.proven_at is not None and joint.allowed_at is None and joint.ended_at is None
    waiting = running.others(joint) if asks else []
    at_work = any(member.working for member in members)
    return {
        "joint": joint,
        "members": members,
        "first": members[0] if members else None,
        "asks": asks,
        "waiting": waiting,
        "offered": [each for each in waiting if each.offer],
        "is_reading": any(each.is_reading for each in waiting),
        "at_work": at_work,
        "headline": _headline(joint, members, asks=asks),
        "polls": at_work or joint.ended_at is None,
        "undoable": [member for member in members if member.may_undo],
        "cured": sum(member.is_cured for member in members),
    }


def _shown(member: JointSite) -> JointSite:
    """A member with what its row needs."""
    step = member.step
    undoing_now = bool(step and undoing.ASKED in step.result)
    member.working = bool(step and (step.state in repairing.IN_WORK or undoing_now))
    member.is_cured = bool(step and step.state == Step.State.DONE_VERIFIED and not undoing_now)
    member.may_undo = bool(step and step.may_be_undone and not undoing_now)
    member.tone = TONES.get(step.state, "") if step else ("ok" if member.state == State.WELL else "")
    if undoing_now:
        member.words = _("Being undone")
    else:
        member.words = str(step.get_state_display()) if step else str(member.get_state_display())
    return member


def _headline(joint: JointRepair, members: list[JointSite], *, asks: bool) -> str:
    """How it stands, in a sentence."""
    name = members[0].site.name if members else ""
    if asks:
        return _("It proved good on %(name)s. Now the others?") % {"name": name}
    if joint.ended_at is None and joint.proven_at is None:
        return _("%(name)s is repaired first.") % {"name": name}
    if joint.ended_at is None:
        return _("The others are repaired, one after the other.")
    cured = sum(member.is_cured for member in members)
    if undone := _undone(members, cured):
        return undone
    if joint.stopped:
        words = ngettext(
            "%(n)d of %(all)d sites was repaired, then it stopped.", "%(n)d of %(all)d sites were repaired, then it stopped.", cured
        )
        return words % {"n": cured, "all": len(members)}
    return ngettext("%(n)d site was repaired.", "%(n)d sites were repaired.", cured) % {"n": cured}


def _undone(members: list[JointSite], cured: int) -> str:
    """How it stands once a person has asked for changes to be undone; empty while nobody has."""
    if any(member.step and undoing.ASKED in member.step.result for member in members):
        return _("It is being undone.")
    count = sum(bool(member.step and member.step.state == Step.State.UNDONE) for member in members)
    if not count:
        return ""
    if not cured:
        return ngettext("The change was undone.", "All %(n)d changes were undone.", count) % {"n": count}
    words = ngettext("%(n)d site is repaired, %(undone)d undone.", "%(n)d sites are repaired, %(undone)d undone.", cured)
    return words % {"n": cured, "undone": count}
