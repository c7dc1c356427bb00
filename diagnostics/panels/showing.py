"""What pages show of a hosting account's panel, from stored rows."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from diagnostics.models import HostPanel
from sites.models import Host

from . import connecting
from .base import ServiceSeen

_TONES = {HostPanel.State.WORKS: "ok", HostPanel.State.WAITING: "warn", HostPanel.State.REFUSED: "bad", HostPanel.State.FAILED: "warn"}


def of_host(host: Host) -> dict[str, Any]:
    """For the page of the panel, and for its card on the page of the account."""
    panel = connecting.of(host)
    seen = connecting.from_json(panel.seen) if panel else None
    return {
        "host": host,
        "host_panel": panel,
        "panel_tone": _TONES.get(panel.state, "") if panel else "",
        "panel_rules": connecting.rules(panel) if panel else [],
        "panel_seen": seen,
        "panel_problems": problems(seen) if seen else [],
        "panel_possible": connecting.is_possible(host),
        "panel_simulated": connecting.simulated(),
    }


def problems(seen: ServiceSeen) -> list[str]:
    """What of the hosting's state keeps its sites from working, each a sentence."""
    found = []
    if seen.state == "blocked":
        found.append(_("OVHcloud has blocked this hosting. Look into the mails that it sent you before anything else."))
    if seen.state == "maintenance":
        found.append(_("The hosting is in maintenance at OVHcloud. Wait until that is over."))
    if seen.paid in ("expired", "unpaid"):
        found.append(_("The hosting has expired or is not paid. Renew it at OVHcloud."))
    if seen.is_full:
        found.append(_("The storage is full. Nothing can be written."))
    if "mail" in seen.blocked_because:
        found.append(_("OVHcloud has stopped mails from scripts on this hosting."))
    if "connections" in seen.blocked_because:
        found.append(_("OVHcloud has stopped outgoing connections of this hosting."))
    return found
