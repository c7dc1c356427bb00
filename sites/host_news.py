"""What is told of a hosting account that lets us in no more: its sites are watched from outside only until somebody has looked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from sites.models import Host, Notification, Site
from sites.wording import exact_words

STOPPED = (Host.State.REFUSED, Host.State.KEY_CHANGED)
_MOST_NAMED = 12


def key(host: Host, at: datetime) -> str:
    """Names one spell of one account: told once."""
    return f"stopped:{host.pk}:{host.state}:{at:%Y%m%d%H%M%S}"


def told_about(host: Host, now: datetime) -> Site | None:
    """The site in whose name the team is told: one that is not muted, if there is one. None where nobody is blind."""
    sites = list(Site.objects.filter(host=host).order_by("name", "pk"))
    loud = [site for site in sites if site.muted_until is None or site.muted_until <= now]
    return next(iter([*loud, *sites]), None)


def about(notification: Notification) -> dict[str, Any] | None:
    """What the mail says; None when it is no longer so."""
    _kind, host_id, state, _at, *_user = notification.dedupe_key.split(":")
    host = Host.objects.filter(pk=int(host_id), state=state).first()
    if host is None:
        return None
    names = list(Site.objects.filter(host=host).order_by("name").values_list("name", flat=True))
    return {
        "host_name": host.name,
        "account": f"{host.user}@{host.address}" if host.address else _("this machine"),
        "key_changed": state == Host.State.KEY_CHANGED,
        "certificate": host.protocol == Host.Protocol.FTPS,
        "since": exact_words(host.tested_at or notification.created_at),
        "detail": host.state_detail,
        "blind": len(names),
        "names": names[:_MOST_NAMED],
        "more": max(0, len(names) - _MOST_NAMED),
        "host_link": f"{settings.SITEMEND_BASE_URL}/hosts/{host.pk}/",
    }
