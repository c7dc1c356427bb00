"""Parts of pages about how a hosting account is used at the moment, so that each page includes them by one line."""

from __future__ import annotations

from typing import Any

from django import template

from diagnostics.connections import abilities, politeness
from sites import read_only
from sites.models import Host, Site

from .. import programs

register = template.Library()


@register.inclusion_tag("diagnostics/host_now.html")
def host_now(host: Host) -> dict[str, Any]:
    """For the page of an account: who uses it, who waits for it, and until when nothing is tried by itself."""
    waiting = politeness.waiting_words(host)
    return {"waiting": waiting, "in_use": "" if waiting else politeness.in_use_words(host), "paused": politeness.paused_words(host)}


@register.inclusion_tag("diagnostics/turn.html")
def waits_for_turn(host: Host | None, asked: bool) -> dict[str, Any]:
    """For pages of work that goes on (`asked`): said while it waits for another connection."""
    return {"waiting": politeness.waiting_words(host) if asked else ""}


@register.inclusion_tag("diagnostics/abilities.html")
def abilities_of_host(host: Host) -> dict[str, Any]:
    """For the page of an account: what its connection can and cannot do, and what that leaves out."""
    return _abilities(host, chosen=host.read_only_since is not None) | {"heading": True}


@register.inclusion_tag("diagnostics/abilities.html")
def abilities_of_site(site: Site) -> dict[str, Any]:
    """The same for the page of a site that has an account."""
    return _abilities(site.host, chosen=read_only.is_on(site)) if site.host else {}


@register.inclusion_tag("diagnostics/programs.html")
def programs_of_site(site: Site) -> dict[str, Any]:
    """For the page of a site: what it is made with, as far as its files were read."""
    found, seen_at = programs.of_site(site)
    return {"programs": found, "seen_at": seen_at}


def _abilities(host: Host, *, chosen: bool) -> dict[str, Any]:
    can_write = "write" in host.capabilities
    return {
        **abilities.of_host(host),
        "tested": abilities.known(host) is not None,
        "read_only": chosen and can_write,
        "may_write_there": can_write,
    }
