"""What a connection can and cannot do, in plain words, and what that leaves out: the same for pages, offers and refusals."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from diagnostics.repairs.plan import Change, ChangeMode, CreateFolder, LeadLink, Plan, Renaming
from diagnostics.transports.base import Capability
from sites.models import Host

YES, SOMETIMES, NO = "yes", "sometimes", "no"
_MADE_BY_SERVERS = 0o755  # what a new folder mostly gets where nothing is said of its mode


@dataclass(frozen=True, slots=True)
class Ability:
    """One thing that a connection can do or not. `by_kind` tells how usual it is, by protocol, in the order of `KINDS`."""

    capability: Capability
    title: Any
    without: Any  # what is left out where it is missing
    by_kind: tuple[str, str, str, str, str]


KINDS = ("ssh", "sftp", "ftps", "ftp", "local")
ABILITIES = (
    Ability(
        Capability.READ,
        _lazy("Read files and logs"),
        _lazy("Nothing can be read, so no cause can be found."),
        (YES, YES, YES, YES, YES),
    ),
    Ability(
        Capability.WRITE,
        _lazy("Write files"),
        _lazy("No repair can be made from here. What should be changed is shown, so that you can do it in the host's panel."),
        (YES, YES, YES, YES, YES),
    ),
    Ability(
        Capability.RENAME,
        _lazy("Rename without overwriting"),
        _lazy("Files are not renamed: the trial without .htaccess is not offered."),
        (YES, YES, YES, YES, YES),
    ),
    Ability(
        Capability.ATOMIC_REPLACE,
        _lazy("Replace a file in one move"),
        _lazy("While a file is being replaced it is missing for a moment, and a visitor of just that moment may see an error."),
        (YES, SOMETIMES, SOMETIMES, SOMETIMES, YES),
    ),
    Ability(
        Capability.LIST_MODES,
        _lazy("See permissions"),
        _lazy("Permissions are not judged. If a permission may be at fault, compare them in the host's panel."),
        (YES, YES, SOMETIMES, SOMETIMES, YES),
    ),
    Ability(
        Capability.CHMOD,
        _lazy("Change permissions"),
        _lazy("Permissions cannot be changed from here: the step Permissions shows which to set in the host's panel."),
        (YES, YES, SOMETIMES, SOMETIMES, YES),
    ),
    Ability(
        Capability.LIST_TIMES,
        _lazy("See exact times of files"),
        _lazy("Times of files are known to the minute or the day only, so a change is told by size and content."),
        (YES, YES, SOMETIMES, SOMETIMES, YES),
    ),
    Ability(
        Capability.SET_MTIME,
        _lazy("Set times of files"),
        _lazy("Undo brings back content, permissions and names, but the file keeps the time of the undo."),
        (YES, YES, SOMETIMES, SOMETIMES, YES),
    ),
    Ability(
        Capability.LEAD_LINKS,
        _lazy("Lead symbolic links elsewhere"),
        _lazy("A link that leads to nothing cannot be changed from here: change it in the host's panel, or connect by SSH or SFTP."),
        (YES, SOMETIMES, NO, NO, YES),
    ),
    Ability(
        Capability.RUN_COMMANDS,
        _lazy("Run commands (a shell)"),
        _lazy("No command is run. Files are listed one folder after the other, which takes longer on large sites."),
        (SOMETIMES, NO, NO, NO, NO),
    ),
    Ability(
        Capability.FREE_SPACE,
        _lazy("See the free space"),
        _lazy("A full disk is noticed only when the host refuses to store something. Nothing is lost by that: the old file stands."),
        (YES, SOMETIMES, NO, NO, YES),
    ),
)
_BY_CAPABILITY = {ability.capability: ability for ability in ABILITIES}


_LINKING = ("ssh", "sftp", "local")


def known(host: Host) -> frozenset[str] | None:
    """What the last test of the connection found; None where none was made."""
    found = frozenset(host.capabilities)
    if host.protocol in _LINKING and Capability.ATOMIC_REPLACE in found:  # tests of before it was asked for say nothing of it
        found |= {Capability.LEAD_LINKS}
    return found or None


def of_host(host: Host) -> dict[str, list[Ability]]:
    """What this connection can and cannot do, by the last test."""
    found = known(host)
    if found is None:
        return {"can": [], "cannot": []}
    return {
        "can": [ability for ability in ABILITIES if ability.capability in found],
        "cannot": [ability for ability in ABILITIES if ability.capability not in found],
    }


def needed_by(plan: Plan) -> tuple[str, ...]:
    """The capabilities without which a plan cannot be carried out."""
    return tuple(sorted({str(each) for change in plan.changes for each in _needed_by(change)}))


def _needed_by(change: Change) -> tuple[Capability, ...]:
    if isinstance(change, ChangeMode):
        return (Capability.CHMOD,)
    if isinstance(change, LeadLink):
        return (Capability.LEAD_LINKS,)
    if isinstance(change, Renaming):
        return (Capability.RENAME,)
    if isinstance(change, CreateFolder) and _MADE_BY_SERVERS & ~change.mode:
        # A folder of sessions that stays open to others is worse than none: it must be shut, and be seen to be shut.
        return (Capability.WRITE, Capability.CHMOD, Capability.LIST_MODES)
    return (Capability.WRITE,)


def obstacle(needs: Collection[str], host: Host | None) -> str:
    """Why a plan with these needs cannot be carried out over this connection; empty where it can, or where that is not known."""
    found = known(host) if host is not None else None
    if found is None:
        return ""
    return " ".join(str(_BY_CAPABILITY[need].without) for need in map(Capability, needs) if need not in found)


def caution(needs: Collection[str], host: Host | None) -> str:
    """What is told before a change is made, where the connection cannot do all that would be good."""
    found = known(host) if host is not None else None
    if found is None or Capability.WRITE not in needs:
        return ""
    wanted = (Capability.ATOMIC_REPLACE, Capability.SET_MTIME)
    return " ".join(str(_BY_CAPABILITY[each].without) for each in wanted if each not in found)


def matrix() -> list[dict[str, Any]]:
    """Every ability with how usual it is for each kind of connection."""
    words = {YES: _("yes"), SOMETIMES: _("depends"), NO: _("no")}
    return [
        {
            "title": each.title,
            "without": each.without,
            "cells": [(kind, how, words[how]) for kind, how in zip(KINDS, each.by_kind, strict=True)],
        }
        for each in ABILITIES
    ]
