"""Looks of the guided repair that a person asks for besides the usual one of a step: at what the host keeps of databases and files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from .models import Step
from .panels import databases, storage
from .password_files import given
from .restoring import from_snapshots


@dataclass(frozen=True, slots=True)
class OtherLook:
    """`run` looks and concludes the step. It changes nothing."""

    guide_step: str
    title: str
    run: Callable[[Step], Step]


LOOKS = {
    given.REPAIR: OtherLook(given.GUIDE_STEP, gettext_lazy("Propose a new password file"), given.look),
    databases.READ: OtherLook(databases.GUIDE_STEP, gettext_lazy("Read which copies of the databases the host keeps"), databases.read),
    storage.READ: OtherLook(storage.GUIDE_STEP, gettext_lazy("Look whether all files could be put back"), storage.read),
    from_snapshots.READ: OtherLook(
        from_snapshots.GUIDE_STEP, gettext_lazy("Look for earlier files in the host's snapshots"), from_snapshots.read
    ),
}
