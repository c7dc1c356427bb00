"""What changing many sites is called: in the list, before it is done, and afterwards."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites.many.changes import (
    AUTOMATIC,
    DELETE,
    HOST,
    INTERVAL,
    MUTE,
    OWNERS_ONLY,
    PAUSE,
    PROBE,
    READ_ONLY,
    RESUME,
    TAG,
    TRIALS,
    UNTAG,
    WRITABLE,
    Done,
)
from sites.models import BulkChange


def choices(*, is_owner: bool = True) -> list[tuple[str, str]]:
    """The verbs in the order of the list; without those that are an owner's, for others."""
    return [(verb, words) for verb, words in _choices() if is_owner or verb not in OWNERS_ONLY]


def _choices() -> list[tuple[str, str]]:
    return [
        (PAUSE, _("Pause")),
        (RESUME, _("Resume")),
        (PROBE, _("Probe now")),
        (INTERVAL, _("Set the interval")),
        (TAG, _("Add a tag")),
        (UNTAG, _("Remove a tag")),
        (HOST, _("Set the hosting account")),
        (MUTE, _("Mute")),
        (READ_ONLY, _("Switch read-only mode on")),
        (WRITABLE, _("Switch read-only mode off")),
        (TRIALS, _("Set the trials made without asking")),
        (AUTOMATIC, _("Set the repairs made without asking")),
        (DELETE, _("Delete")),
    ]


def headline(verb: str, n: int) -> str:
    """The question before it is done."""
    words = {
        PAUSE: ngettext("Pause %(n)d site?", "Pause %(n)d sites?", n),
        RESUME: ngettext("Resume %(n)d site?", "Resume %(n)d sites?", n),
        PROBE: ngettext("Probe %(n)d site now?", "Probe %(n)d sites now?", n),
        INTERVAL: ngettext("Set the interval of %(n)d site", "Set the interval of %(n)d sites", n),
        TAG: ngettext("Add a tag to %(n)d site", "Add a tag to %(n)d sites", n),
        UNTAG: ngettext("Remove a tag from %(n)d site", "Remove a tag from %(n)d sites", n),
        HOST: ngettext("Set the hosting account of %(n)d site", "Set the hosting account of %(n)d sites", n),
        MUTE: ngettext("Mute %(n)d site", "Mute %(n)d sites", n),
        READ_ONLY: ngettext("Never write to %(n)d site?", "Never write to %(n)d sites?", n),
        WRITABLE: ngettext("Allow repairs of %(n)d site again?", "Allow repairs of %(n)d sites again?", n),
        TRIALS: ngettext("Trials made on %(n)d site without asking", "Trials made on %(n)d sites without asking", n),
        AUTOMATIC: ngettext("Repairs made on %(n)d site without asking", "Repairs made on %(n)d sites without asking", n),
        DELETE: ngettext("Delete %(n)d site?", "Delete %(n)d sites?", n),
    }
    return words[verb] % {"n": n}


def explanation(verb: str) -> str:
    """What it means and how it ends."""
    return {
        PAUSE: _("They are not probed and nothing is mailed about them until you resume them."),
        RESUME: _("They are probed again, at once and then in their intervals."),
        PROBE: _("All their pages are probed within the next seconds. Paused sites stay paused."),
        INTERVAL: _("Each is probed at once, then in the new interval."),
        TAG: _("Sites that carry it already stay as they are."),
        UNTAG: _("Sites that do not carry it stay as they are."),
        HOST: _("Folders and logs that are stored stay as they are. Nothing is written to any host."),
        MUTE: _("They go on being probed; nothing is mailed about them until then."),
        READ_ONLY: _(
            "They are watched on and causes are found. Nothing is written to their files: no repair is made or undone, nothing is tried."
        ),
        WRITABLE: _(
            "Nothing changes on their hosting. Repairs are offered again, except where a whole hosting account is in read-only mode."
        ),
        TRIALS: _(
            "When such a site fails and nothing that can be read tells why, the chosen trials are made by themselves, once for each "
            "incident. Something is changed for some seconds and put back at once; you are told by mail. What keeps visitors out is "
            "never touched."
        ),
        AUTOMATIC: _(
            "When such a site fails and its cause is found, a repair of the chosen kinds is made by itself, checked at once, and put back "
            "if it did not help; then none is made on that site until a person has looked. You are told by mail, with one click to undo."
        ),
        DELETE: _("They go to the bin for 7 days with all that was recorded: not probed, not shown. Nothing changes on their hosting."),
    }[verb]


def button(verb: str) -> str:
    """The words of the button that does it."""
    return dict(choices())[verb]


def happened(verb: str, n: int) -> str:
    """What was done to how many."""
    words = {
        PAUSE: ngettext("%(n)d site was paused.", "%(n)d sites were paused.", n),
        RESUME: ngettext("%(n)d site is probed again.", "%(n)d sites are probed again.", n),
        PROBE: ngettext("%(n)d site is being probed.", "%(n)d sites are being probed.", n),
        INTERVAL: ngettext("%(n)d site has a new interval.", "%(n)d sites have a new interval.", n),
        TAG: ngettext("%(n)d site was tagged.", "%(n)d sites were tagged.", n),
        UNTAG: ngettext("The tag was taken off %(n)d site.", "The tag was taken off %(n)d sites.", n),
        HOST: ngettext("%(n)d site has another hosting account.", "%(n)d sites have another hosting account.", n),
        MUTE: ngettext("%(n)d site was muted or unmuted.", "%(n)d sites were muted or unmuted.", n),
        READ_ONLY: ngettext("%(n)d site is in read-only mode.", "%(n)d sites are in read-only mode.", n),
        WRITABLE: ngettext("%(n)d site may be repaired again.", "%(n)d sites may be repaired again.", n),
        TRIALS: ngettext("The trials allowed on %(n)d site were changed.", "The trials allowed on %(n)d sites were changed.", n),
        AUTOMATIC: ngettext("The repairs allowed on %(n)d site were changed.", "The repairs allowed on %(n)d sites were changed.", n),
        DELETE: ngettext("%(n)d site is in the bin.", "%(n)d sites are in the bin.", n),
    }
    return words[verb] % {"n": n}


def outcome(verb: str, done: Done, asked: int) -> str:
    """What came of it, with those that were left as they were."""
    if not done.changed and not done.in_work:
        return _("All of them were like that already. Nothing was changed.")
    parts = [happened(verb, done.changed)] if done.changed else []
    if done.in_work:
        words = ngettext(
            "%(n)d was left as it is: a repair is being made there.",
            "%(n)d were left as they are: a repair is being made there.",
            done.in_work,
        )
        parts.append(words % {"n": done.in_work})
    same = asked - done.changed - done.in_work
    if same:
        parts.append(ngettext("%(n)d was like that already.", "%(n)d were like that already.", same) % {"n": same})
    return " ".join(parts)


def last_change(change: BulkChange) -> str:
    """A change whose undo is offered."""
    said = happened(change.verb, change.count)
    return f"{said} ({change.detail})" if change.verb in (TAG, UNTAG, HOST) and change.detail else said


def undone(n: int) -> str:
    """What came of taking it back."""
    if not n:
        return _("Nothing was left to undo: these sites were changed again since.")
    return ngettext("Undone: %(n)d site is as it was.", "Undone: %(n)d sites are as they were.", n) % {"n": n}
