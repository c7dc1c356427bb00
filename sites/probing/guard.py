"""Which addresses may be contacted. The rule is applied to the address that is connected to, never to a name.

Refused unless the administrator allowed the network: everything that is not plain public unicast, the addresses where clouds
hand out credentials, and IPv6 addresses that carry a refused IPv4 address inside (RFC 4291, RFC 3056, RFC 6052).
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from sites.texts import mark as _

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# IANA's special-purpose registry for IPv4, and one public address that answers virtual machines only (Azure's wire server).
_REFUSED_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), why)
    for network, why in (
        ("0.0.0.0/8", _("it stands for no address")),
        ("10.0.0.0/8", _("it lies in a private network")),
        ("100.64.0.0/10", _("it lies in a provider's inner network")),
        ("127.0.0.0/8", _("it is this machine itself")),
        ("168.63.129.16/32", _("it is a cloud's metadata address")),
        ("169.254.169.254/32", _("it is a cloud's metadata address")),
        ("169.254.0.0/16", _("it is a link-local address")),
        ("172.16.0.0/12", _("it lies in a private network")),
        ("192.0.0.0/24", _("it is reserved")),
        ("192.0.2.0/24", _("it is reserved for documentation")),
        ("192.88.99.0/24", _("it is reserved")),
        ("192.168.0.0/16", _("it lies in a private network")),
        ("198.18.0.0/15", _("it is reserved for measurements")),
        ("198.51.100.0/24", _("it is reserved for documentation")),
        ("203.0.113.0/24", _("it is reserved for documentation")),
        ("224.0.0.0/4", _("it is a multicast address")),
        ("240.0.0.0/4", _("it is reserved")),
    )
)
_REFUSED_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), why)
    for network, why in (
        ("::/128", _("it stands for no address")),
        ("::1/128", _("it is this machine itself")),
        ("fc00::/7", _("it lies in a private network")),
        ("fe80::/10", _("it is a link-local address")),
        ("fec0::/10", _("it lies in a private network")),
        ("ff00::/8", _("it is a multicast address")),
        ("2001:db8::/32", _("it is reserved for documentation")),
        ("3fff::/20", _("it is reserved for documentation")),
        ("2001::/23", _("it is reserved")),  # Teredo, ORCHID and the like
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_NAT64 = IPv6Network("64:ff9b::/96")


_REMEMBERED = 4096


class AddressNotAllowed(OSError):
    """No address of a name may be contacted."""

    def __init__(self, host: str, address: str, why: str) -> None:
        super().__init__(f"{host} leads to {address}, which is not contacted: {why}.")
        self.host = host
        self.address = address
        self.why = why


@dataclass(frozen=True, slots=True)
class Guard:
    """The rule of one installation. `allowed_networks` are what the administrator opened."""

    allowed_networks: tuple[Network, ...] = ()
    _known: dict[str, str] = field(default_factory=dict, compare=False, repr=False)  # addresses that were asked for

    def allows(self, address: str, port: int, exempt: tuple[str, int] | None = None) -> bool:
        """Whether this address may be contacted; `exempt` lets through one exact address and port."""
        if exempt is not None and (address, port) == exempt:
            return True
        return not self.why_refused(address)

    def why_refused(self, address: str) -> str:
        """The reason as the end of a sentence; empty when the address may be contacted."""
        why = self._known.get(address)
        if why is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            why = self._known[address] = _why_refused(address, self.allowed_networks)
        return why


def parse_networks(texts: list[str] | tuple[str, ...]) -> tuple[Network, ...]:
    """Networks from their CIDR form. Raises ValueError, which names the text."""
    return tuple(ip_network(text.strip(), strict=False) for text in texts if text.strip())


def resolve_vetted(host: str, port: int, guard: Guard, exempt: tuple[str, int] | None = None) -> list[tuple[Any, ...]]:
    """The socket addresses of a name that may be connected to, in the resolver's order.

    Connect to one of these, not to the name: another look-up may give another answer. Raises AddressNotAllowed when there are
    addresses but none may be contacted, and socket.gaierror when there are none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # the IDNA codec refuses empty and overlong labels
        raise socket.gaierror(socket.EAI_NONAME, f"{host!r} is not a name that can be looked up") from error
    addresses = [sockaddr for *_kind, sockaddr in found]
    vetted = [sockaddr for sockaddr in addresses if guard.allows(str(sockaddr[0]), port, exempt)]
    if addresses and not vetted:
        refused = str(addresses[0][0])
        raise AddressNotAllowed(host, refused, guard.why_refused(refused))
    return vetted


def connect_vetted(
    host: str, port: int, guard: Guard, exempt: tuple[str, int] | None = None, *, time_limit_s: float = 10.0
) -> socket.socket:
    """A TCP connection to a vetted address of the name. Raises AddressNotAllowed, socket.gaierror or the last OSError."""
    failure: OSError | None = None
    for sockaddr in resolve_vetted(host, port, guard, exempt):
        try:
            return socket.create_connection((str(sockaddr[0]), port), timeout=time_limit_s)
        except OSError as error:
            failure = error
    raise failure or socket.gaierror(socket.EAI_NONAME, f"{host} has no address")


def _why_refused(text: str, allowed: tuple[Network, ...]) -> str:
    try:
        address = ip_address(text.partition("%")[0])  # the zone of a link-local address says nothing here
    except ValueError:
        return _("it is not an address")
    return _why_refused_address(address, allowed)


def _why_refused_address(address: Address, allowed: tuple[Network, ...]) -> str:
    inner = _embedded(address)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return _why_refused_address(address.ipv4_mapped, allowed)
    if any(address.version == network.version and address in network for network in allowed):
        return ""
    if inner is not None:
        return _why_refused_address(inner, allowed)
    if isinstance(address, IPv4Address):
        return next((why for network, why in _REFUSED_V4 if address in network), "")
    why = next((why for network, why in _REFUSED_V6 if address in network), "")
    if not why and address not in _GLOBAL_UNICAST:
        why = _("it is reserved")
    return why


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that a 6to4 or NAT64 gateway would connect to."""
    if not isinstance(address, IPv6Address):
        return None
    if address in _SIX_TO_FOUR:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
