"""Hosts that are reached through another one: a channel of its SSH connection (RFC 4254 section 7.2) stands for the socket.

The jump host's own address is vetted like any other. What lies behind it may be private: whoever may log in there could reach it
from there. Refused all the same: what hands out a cloud's credentials, and the jump host's own loopback, unless the administrator
allowed that network.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import paramiko

from diagnostics.transports.base import (
    AddressRefused,
    ConnectionDetails,
    ConnectionRefused,
    ConnectionTimedOut,
    JumpHostFailed,
    TransportError,
)
from diagnostics.transports.failures import explained
from diagnostics.transports.listening import HeardTransport
from sites.texts import mark as _

if TYPE_CHECKING:
    from sites.probing.guard import Guard

# Where clouds hand out credentials: AWS, Azure, Google and others; Alibaba; Oracle; Azure's wire server; AWS over IPv6.
_METADATA = ("169.254.0.0/16", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32", "fd00:ec2::254/128", "fe80::/10")
_NEVER = tuple(ipaddress.ip_network(each) for each in _METADATA)
_ITSELF = tuple(ipaddress.ip_network(each) for each in ("0.0.0.0/8", "127.0.0.0/8", "::/127", "224.0.0.0/3", "ff00::/8"))
_NAMES_NEVER = ("metadata", "instance-data", "metadata.google.internal", "metadata.goog", "metadata.azure.internal")
_NAMES_ITSELF = ("localhost", "ip6-localhost", "ip6-loopback")


@contextmanager
def channel_through(jump: HeardTransport, details: ConnectionDetails) -> Iterator[paramiko.Channel]:
    """A channel to the host that `details` name, opened by the jump host. Raises TransportError."""
    try:
        channel = jump.open_channel("direct-tcpip", (details.address, details.port), ("127.0.0.1", 0), timeout=details.connect_timeout_s)
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise _not_passed_on(jump, details, error) from error
    try:
        yield channel
    finally:
        channel.close()


def refuse_obvious(details: ConnectionDetails, guard: Guard) -> None:
    """What is never asked of a jump host. Names are resolved there, so only those that speak for themselves can be judged here.

    Raises AddressRefused.
    """
    if details.exempt == (details.address, details.port):
        return
    name = details.address.rstrip(".").lower()
    address = _as_address(name)
    if address is None:
        refused = name in _NAMES_NEVER or name in _NAMES_ITSELF or name.endswith((".localhost", ".metadata.google.internal"))
    else:
        allowed = any(address.version == network.version and address in network for network in guard.allowed_networks)
        refused = _within(address, _NEVER) or (_within(address, _ITSELF) and not allowed)
    if refused:
        hint = _("Give the address of the machine itself. A jump host's own loopback and metadata addresses are not contacted through it.")
        raise explained(AddressRefused, _("{name} leads to an address that may not be contacted."), hint, name=details.address)


def jump_failed(jump: ConnectionDetails, error: TransportError) -> JumpHostFailed:
    """An error of the jump host itself, which says nothing about the host behind it."""
    hint = _("Open the page of that hosting account and test it. {more}").format(more=error.hint)
    failed = explained(JumpHostFailed, _("The jump host {jump} cannot be used: {why}"), hint.strip(), jump=jump.address, why=error.message)
    failed.hop, failed.error = jump, error
    return failed


def _not_passed_on(jump: HeardTransport, details: ConnectionDetails, error: Exception) -> TransportError:
    where = {"address": details.address, "port": details.port}
    via = details.via or details
    if isinstance(error, paramiko.ChannelException) and error.code == 2:  # RFC 4254 section 5.1: connect failed
        hint = _("Check address and port as they are named at the jump host.")
        return explained(ConnectionRefused, _("The jump host cannot reach {address} on port {port}."), hint, **where)
    if isinstance(error, paramiko.ChannelException):
        hint = _("Ask that host to allow TCP forwarding for this user (AllowTcpForwarding), or choose another jump host.")
        refused = explained(TransportError, _("It does not pass connections on."), hint)
        return jump_failed(via, refused)
    if jump.is_active():
        hint = _("Check address and port as they are named at the jump host.")
        text = _("{address} did not answer on port {port} within {seconds:g} s.")
        return explained(ConnectionTimedOut, text, hint, seconds=details.connect_timeout_s, **where)
    return jump_failed(via, explained(TransportError, _("It closed the connection.")))


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: tuple) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _as_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Also the odd forms that resolvers take for IPv4, such as 127.1 and 0x7f000001 (inet_aton(3))."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(text))
        except OSError:
            return None
    if isinstance(address, ipaddress.IPv6Address):
        inner = int(address) & 0xFFFFFFFF
        if address.ipv4_mapped is not None or address in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.IPv4Address(inner)
    return address
