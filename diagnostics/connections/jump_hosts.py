"""Which hosting account may be reached through which: one of the same team, by SSH, at most two hops, never in a circle."""

from __future__ import annotations

from django.utils.translation import gettext as _

from diagnostics.transports.base import NotTried, TransportError
from sites.models import Host, Team

MOST_HOPS = 2
PROTOCOLS = (Host.Protocol.SSH, Host.Protocol.SFTP)
STOPPED = (Host.State.REFUSED, Host.State.KEY_CHANGED)


class ConnectionStopped(NotTried):
    """The login was refused or the host key changed: nothing is tried until a person has looked."""

    code = "stopped"


def chain_of(host: Host) -> list[Host]:
    """The jump hosts of an account, the nearest to it first. Raises TransportError for a circle or too many."""
    chain: list[Host] = []
    here = host
    while here.via_id is not None:
        here = here.via
        chain.append(here)
        if len(chain) > MOST_HOPS:
            raise TransportError(_("Too many jump hosts, or a circle of them."), _("At most two: choose another on the account's form."))
    return chain


def choices(team: Team, host: Host) -> list[Host]:
    """The accounts that this one may be reached through."""
    hosts = list(Host.objects.filter(team=team, protocol__in=PROTOCOLS, practice=False))
    via = {each.pk: each.via_id for each in hosts}
    below = _hops_below(host.pk, via)
    return [each for each in hosts if each.pk != host.pk and 1 + _hops_above(each.pk, host.pk, via) + below <= MOST_HOPS]


def _hops_above(pk: int, goal: int | None, via: dict[int, int | None]) -> int:
    """Hops from an account to us; beyond all limits where they pass through `goal`."""
    hops = 0
    while (pk := via.get(pk)) is not None:  # type: ignore[assignment]
        hops += 1
        if pk == goal or hops > MOST_HOPS:
            return MOST_HOPS + 1
    return hops


def _hops_below(pk: int | None, via: dict[int, int | None]) -> int:
    """The longest line of accounts that are reached through this one."""
    line, hops = {pk} if pk else set(), -1
    while line and hops <= MOST_HOPS:
        line, hops = {each for each, through in via.items() if through in line}, hops + 1
    return max(0, hops)


def require_usable(host: Host) -> None:
    """Also for tests: of all the accounts behind one that refused us, none is to knock there once more. Raises ConnectionStopped."""
    states = dict(Host.objects.filter(pk__in=[jump.pk for jump in chain_of(host)]).values_list("pk", "state"))
    for jump in chain_of(host):
        if states.get(jump.pk) in STOPPED:
            raise stopped(jump)


def stopped(jump: Host) -> ConnectionStopped:
    """A person must look at that one first."""
    hint = _("Open the page of that hosting account and test it.")
    return ConnectionStopped(_("The jump host “%(name)s” cannot be used now.") % {"name": jump.name}, hint)
