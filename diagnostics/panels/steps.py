"""What the guided repair shows of a host's panel, from stored rows: nobody waits for the panel to see a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from diagnostics.models import HostPanel, PanelWatch, RepairCase

from . import connecting, databases, php, stopping, storage, watching
from .base import Ability

FUNCTIONS = {
    "web/restoreSnapshot": gettext_lazy("Putting all files back to an earlier day"),
    "web/checkQuotaNow": gettext_lazy("Counting the storage that is in use"),
    "ovhConfig/update": gettext_lazy("Changing the PHP configuration"),
    "ovhConfig/rollback": gettext_lazy("Going back to an earlier PHP configuration"),
    "ovhConfig/refresh": gettext_lazy("Reading the PHP configuration anew"),
    "dump/create": gettext_lazy("Making a copy of a database"),
    "dump/delete": gettext_lazy("Removing a copy of a database"),
    "database/restore": gettext_lazy("Putting a database back"),
    "database/import": gettext_lazy("Importing a database"),
    "database/copy": gettext_lazy("Copying a database"),
    "attachedDomain/restart": gettext_lazy("Restarting a website"),
    "user/create": gettext_lazy("Making a user"),
    "user/update": gettext_lazy("Changing a user"),
    "user/changePassword": gettext_lazy("Changing a password"),
    "scan/create": gettext_lazy("Looking for harmful files"),
}


THROUGH_PANEL = (php.REPAIR, databases.REPAIR, databases.DUMP, storage.REPAIR)  # what the host does by itself


@dataclass(frozen=True, slots=True)
class Watched:
    """The panel of a repair's host, where it can be asked, and what somebody watches there. `tasks`: as they were told last."""

    panel: HostPanel | None = None
    watch: PanelWatch | None = None
    is_open: bool = False
    tasks: tuple[dict[str, Any], ...] = ()
    says: str = ""  # how a watch ended, in a sentence
    simulated: str = ""
    stopped: str = ""  # why nothing may be changed on the hosting

    def facts(self) -> dict[str, Any]:
        """What the list of steps depends on."""
        may = connecting.abilities(self.panel)
        told = {"panel": self.panel is not None, "panel_tasks": len(self.tasks)}
        return told | {"panel_php": Ability.PHP_CHANGE in may, "panel_restore": Ability.RESTORE in may}


def watched(case: RepairCase) -> Watched:
    """What the page of a repair shows of it."""
    panel = connecting.working(case.site.host)
    if panel is None:
        return Watched()
    stopped = "" if case.closed_at else stopping.why(connecting.from_json(panel.seen))
    found = watching.open_of(panel) if case.closed_at is None else None
    if found is not None:
        return Watched(panel, found, True, tuple(_row(task) for task in found.tasks), simulated=connecting.simulated(), stopped=stopped)
    last = watching.last_of(panel, case.opened_at)
    return Watched(panel, last, says=_ending(last) if last else "", simulated=connecting.simulated(), stopped=stopped)


def php_page(case: RepairCase) -> dict[str, Any] | None:
    """The PHP configuration as it was read last, and what can be chosen; None where it is not read yet."""
    stored = php.told(case)
    if stored is None:
        return None
    at = stored["now"]["at"]
    since = datetime.fromisoformat(at) if at else None
    offered = {"choices": php.choices(stored), "likely": php.likely(stored)}
    return {"now": stored["now"]["values"], "since": since, "folders": stored["folders"], **offered}


def _row(task: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromisoformat(task["started_at"]) if task.get("started_at") else None
    return {**task, "words": FUNCTIONS.get(task["function"], task["function"]), "at": at, "is_running": task["state"] == "running"}


def _ending(watch: PanelWatch) -> str:
    words = {
        "stopped": _("Nobody watches any more. What the host does goes on."),
        "failed": _("It could not be watched any more. %(why)s") % {"why": watch.detail},
        "too-long": watch.detail,
    }
    return words.get(watch.outcome, "")
