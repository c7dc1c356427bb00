"""What became of taking a step back."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from diagnostics.transports.base import TransportError
from diagnostics.transports.failures import HINT_ANSWER_LOST


class NotApplied(Exception):
    """A plan could not be carried out. `taken_back`: the host is as it was before. `retry`: taking back is tried again later."""

    def __init__(self, message: str, *, taken_back: bool, retry: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.taken_back = taken_back
        self.retry = retry


@dataclass(slots=True)
class TakenBack:
    """What became of taking a step back: what could not be, with why; `retry` when only the connection failed.

    `no_room`: all of it stands as it was, because the host has no room for what was taken away from it.
    """

    done: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    retry: bool = False
    no_room: bool = False

    @property
    def complete(self) -> bool:
        return not self.refused

    def why(self) -> str:
        return " ".join(f"{shown}: {why}" for shown, why in self.refused)


def told(error: TransportError, *, is_known: bool = False) -> str:
    """What a host answered, with what to do. `is_known`: it was looked at since what the lost answer was about."""
    hint = "" if is_known and error.hint == HINT_ANSWER_LOST else error.hint
    return f"{error.message} {hint}".strip()


def changed_since() -> str:
    """Why a file is left as it is: it holds neither what was written here nor what was there before."""
    return _("it is no longer what was written here: somebody changed it since. It was left as it is.")


def holds_more(names: int) -> str:
    """Why a folder that was made stays, and what to do."""
    return ngettext(
        "it holds %(count)d name that was not there when it was made, such as what the site stored since. Nothing was deleted. "
        "Empty the folder by hand if it is to go, then undo this again.",
        "it holds %(count)d names that were not there when it was made, such as what the site stored since. Nothing was deleted. "
        "Empty the folder by hand if it is to go, then undo this again.",
        names,
    ) % {"count": names}
