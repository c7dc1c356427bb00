"""What one kind of change through a panel is made of: what its looks do, phase by phase, and what follows from how the site is then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from diagnostics.models import PanelChange
from diagnostics.panels.ovhcloud import OvhCloud

from .verifying import Outcome

Look = Callable[[PanelChange, OvhCloud], None]


class UndoRefused(Exception):
    """It cannot be taken back now; the message says why. What stands stays as it is."""


@dataclass(frozen=True, slots=True)
class Deed:
    """`what`: noted as what the panel is asked about. `may_undo` raises UndoRefused or PanelError."""

    what: str
    looks: Mapping[PanelChange.Phase, Look]
    verified: Callable[[PanelChange, Outcome], None]
    may_undo: Look
    goes_back_by: PanelChange.Phase = PanelChange.Phase.BACK_RECORDED
