"""Who notices a change, in words."""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.repairs.plan import ChangeMode
from sites.texts import mark as _


def pages_below(folder: str) -> str:
    """What the rules of a folder, by its path as people see it, hold for; "" is the account's own folder."""
    if folder in ("", "."):
        return _("Every page of the sites in this account")
    return _("Every page below {folder}/").format(folder=folder)


def affected_by(changes: Sequence[ChangeMode]) -> str:
    """Of permissions."""
    return _("This file or folder alone, and the pages that need it") if len(changes) == 1 else _("The files and folders listed")
