"""The look of a guided repair at a panel: asked once, and what it told is the result of the step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from diagnostics import steps
from diagnostics.connections import purposes
from diagnostics.models import Step

from . import connecting
from .base import PanelError
from .ovhcloud import OvhCloud

Told = tuple[str, dict[str, Any]]  # a sentence for a person, and what is stored


def read(step: Step, what: str, tell: Callable[[OvhCloud], Told]) -> Step:
    """Concludes the step with what `tell` says of the panel; it may raise PanelError. Changes nothing."""
    site = step.case.site
    panel = connecting.working(site.host)
    if panel is None:
        return steps.conclude(step, Step.State.FAILED, _("There is no panel to ask."))
    try:
        with purposes.doing("look", site=site, user=step.created_by), connecting.opened(panel, what=what) as found:
            message, stored = tell(found)
    except PanelError as error:
        connecting.noted(panel, error)
        return steps.conclude(step, Step.State.FAILED, _("%(why)s Nothing was changed.") % {"why": error})
    return steps.conclude(step, Step.State.DONE, message, **stored)
