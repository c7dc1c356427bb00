"""A hosting that its host has stopped: nothing is changed there until a person has looked. What was changed can still be undone.

Rule: https://docs.ovhcloud.com, "What to do in the event of a 403 Forbidden page": the host's robots stop a hosting to protect it and its
visitors; it is cleaned first, and only then opened again.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from sites.models import Host

from . import connecting
from .base import ServiceSeen

_COUNTS_AS_KNOWN = timedelta(minutes=10)


def why(seen: ServiceSeen | None) -> str:
    """Why nothing may be changed there; empty where something may, or nothing is known."""
    if seen is None or seen.state != "blocked":
        return ""
    return _("OVHcloud has blocked this hosting, so nothing is changed there. Look into the mails that it sent you, then ask its support.")


def known(host: Host | None) -> str:
    """The same from what the panel told last; it is not asked."""
    panel = connecting.working(host)
    return why(connecting.from_json(panel.seen)) if panel is not None else ""


def now(host: Host) -> str:
    """The same as it is now: the panel is asked where it told nothing for some minutes, and where it told of a block. Never raises."""
    panel = connecting.working(host)
    if panel is None:
        return ""
    moment, seen = timezone.now(), connecting.from_json(panel.seen)
    is_known = seen is not None and seen.seen_at is not None and moment - seen.seen_at < _COUNTS_AS_KNOWN
    if not is_known or why(seen):
        seen = connecting.service_now(panel, moment) or seen
    return why(seen)
