from __future__ import annotations

import socket

import pytest

from sites.probing.guard import AddressNotAllowed, Guard, connect_vetted, parse_networks, resolve_vetted
from tests.http_server import HttpServer

CLOSED = Guard()


REFUSED = """
    127.0.0.1 127.8.8.8 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.127.255.254 100.100.100.200
    169.254.169.254 169.254.170.2 168.63.129.16 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1
    255.255.255.255 :: ::1 fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd00:ec2::254 ff02::1 2001:db8::1 2001::1 3fff::1 5f00::1 4000::1
    ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe ::127.0.0.1 2002:7f00:1:: 2002:c0a8:101:: 2002:a9fe:a9fe::1 64:ff9b::127.0.0.1
    64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 localhost 1.2.3 2130706433
"""
ALLOWED = """
    1.1.1.1 172.15.0.1 172.32.0.1 100.63.255.255 100.128.0.1 2606:4700::1111 ::ffff:1.1.1.1 2002:101:101:: 64:ff9b::101:101
"""


def test_guard_refuses_what_is_not_public():
    assert [address for address in REFUSED.split() if CLOSED.allows(address, 80) or not CLOSED.why_refused(address)] == []


def test_guard_allows_public_addresses():
    assert [address for address in ALLOWED.split() if not CLOSED.allows(address, 443) or CLOSED.why_refused(address)] == []


def test_guard_opens_only_the_networks_it_was_given():
    guard = Guard(parse_networks(["10.1.0.0/16", "fd00:1::/32", ""]))
    assert [guard.allows(address, 80) for address in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd00:1::5")] == [True] * 4
    assert [guard.allows(address, 80) for address in ("10.2.0.1", "127.0.0.1", "fd00:2::1", "::ffff:10.2.0.1")] == [False] * 4


def test_exemption_is_one_exact_address_and_port():
    exempt = ("127.0.0.1", 8071)
    assert CLOSED.allows("127.0.0.1", 8071, exempt)
    assert not CLOSED.allows("127.0.0.1", 8072, exempt)
    assert not CLOSED.allows("127.0.0.2", 8071, exempt)


def test_parse_networks_names_what_it_cannot_read():
    with pytest.raises(ValueError, match="nonsense"):
        parse_networks(["nonsense"])


def test_resolve_refuses_a_name_that_leads_inside():
    with pytest.raises(AddressNotAllowed) as caught:
        resolve_vetted("localhost", 22, CLOSED)
    assert caught.value.host == "localhost"
    assert "this machine itself" in str(caught.value)


def test_resolve_says_when_there_is_no_such_name():
    for host in ("nothing.invalid", "a" * 70 + ".example", ""):
        with pytest.raises((socket.gaierror, AddressNotAllowed)):
            resolve_vetted(host, 22, CLOSED)


def test_connect_reaches_the_vetted_address():
    with HttpServer() as server:
        with connect_vetted("localhost", server.port, CLOSED, exempt=server.address) as connection:
            assert connection.getpeername() == server.address
        with pytest.raises(AddressNotAllowed):
            connect_vetted("localhost", server.port, CLOSED)
