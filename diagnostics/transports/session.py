"""An SSH connection, from the vetted address to an accepted login: host key first, one try with the secret, no other keys."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import paramiko

from diagnostics.transports.base import (
    ConnectionDetails,
    ConnectionLost,
    ConnectionTimedOut,
    JumpHostFailed,
    NotTried,
    TooManyConnections,
    TransportError,
)
from diagnostics.transports.company import Company
from diagnostics.transports.failures import explained
from diagnostics.transports.host_keys import check_host_key, preferred_signatures
from diagnostics.transports.jumping import channel_through, jump_failed, refuse_obvious
from diagnostics.transports.listening import HeardTransport
from diagnostics.transports.login import log_in
from diagnostics.transports.old_algorithms import nothing_in_common, speaks_version_1
from diagnostics.transports.private_keys import load_private_key
from diagnostics.transports.secrecy import Secrets
from diagnostics.transports.sockets import LimitedSocket, connect
from sites.texts import mark as _

if TYPE_CHECKING:
    from sites.probing.guard import Guard

# Every failure reaches the caller as an exception; paramiko would also print it with a traceback.
_LOG_CHANNEL = "paramiko.sitemend"
logging.getLogger(_LOG_CHANNEL).setLevel(logging.CRITICAL + 1)

# What OpenSSH writes instead of its version when MaxStartups is reached or PerSourcePenalties apply, and what others write.
_BUSY = ("exceeded maxstartups", "not allowed at this time", "too many connections", "too many users", "maximum number of")


@contextmanager
def ssh_session(details: ConnectionDetails, guard: Guard, company: Company) -> Iterator[HeardTransport]:
    """A logged-in SSH connection, closed at the end. Raises TransportError; a private key is read before anything is contacted."""
    key = load_private_key(details.private_key, details.passphrase) if details.private_key else None
    with _line(details, guard, company) as sock:
        limited = LimitedSocket(sock, details.operation_timeout_s)
        transport = HeardTransport(limited, Secrets(details))
        try:
            _negotiate(transport, limited, details)
            check_host_key(details.host_key, transport.get_remote_server_key(), details.address)
            log_in(transport, details, key)
            yield transport
        finally:
            transport.close()


@contextmanager
def _line(details: ConnectionDetails, guard: Guard, company: Company) -> Iterator[socket.socket | paramiko.Channel]:
    """What the bytes go through: a socket, or a channel of the jump host's connection. Raises TransportError."""
    if details.via is None:
        with connect(details, guard) as sock:
            yield sock
        return
    refuse_obvious(details, guard)
    with ExitStack() as stack:
        try:
            with company.through(details.via) as via:
                jump = stack.enter_context(ssh_session(via, guard, company))
        except (JumpHostFailed, NotTried):
            raise
        except TransportError as error:
            raise jump_failed(details.via, error) from error
        yield stack.enter_context(channel_through(jump, details))


def open_channel(transport: paramiko.Transport, limit_s: float, start: Callable[[paramiko.Channel], None]) -> paramiko.Channel:
    """A channel on which `start` (a subsystem, a command) was accepted within `limit_s`.

    Raises paramiko's SSHException, EOFError, OSError.
    """
    channel = transport.open_session(timeout=limit_s)
    channel.settimeout(limit_s)
    # paramiko waits for the answer to a channel request without any limit; closing the channel wakes it.
    watchdog = threading.Timer(limit_s, channel.close)
    watchdog.daemon = True
    watchdog.start()
    try:
        start(channel)
    except BaseException:
        channel.close()
        raise
    finally:
        watchdog.cancel()
    return channel


def _negotiate(transport: HeardTransport, sock: LimitedSocket, details: ConnectionDetails) -> None:
    transport.set_log_channel(_LOG_CHANNEL)
    transport.banner_timeout = details.connect_timeout_s
    transport.handshake_timeout = details.connect_timeout_s
    transport.auth_timeout = details.operation_timeout_s
    transport.channel_timeout = details.operation_timeout_s
    transport.clear_to_send_timeout = details.operation_timeout_s
    if details.host_key:
        options = transport.get_security_options()
        options.key_types = preferred_signatures(details.host_key, tuple(options.key_types))
    done = threading.Event()
    started = time.monotonic()
    transport.start_client(event=done)
    finished = done.wait(details.connect_timeout_s)
    if finished and transport.is_active():
        return
    failure = transport.get_exception()
    if not finished or time.monotonic() - started >= details.connect_timeout_s:
        hint = _("Check that this port is the one for SSH or SFTP.")
        text = _("{address} accepted the connection on port {port} but did not say it speaks SSH within {seconds:g} s.")
        wait = details.connect_timeout_s
        raise explained(ConnectionTimedOut, text, hint, address=details.address, port=details.port, seconds=wait) from failure
    said = transport.secrets.shown(sock.first_words.decode("utf-8", "replace"))
    raise _no_ssh(details, transport, failure, said) from failure


def _no_ssh(details: ConnectionDetails, transport: HeardTransport, failure: Exception | None, said: str) -> TransportError:
    where = {"address": details.address, "port": details.port}
    if isinstance(failure, paramiko.ssh_exception.IncompatiblePeer):
        return nothing_in_common(transport, details.address) if transport.offers else speaks_version_1(details.address)
    if transport.farewell or any(words in said.lower() for words in _BUSY):
        return _busy(details, transport.farewell or said)
    if said and isinstance(failure, paramiko.SSHException) and ("banner" in str(failure) or "protocol version" in str(failure)):
        hint = _("Check that this port is the one for SSH or SFTP.")
        return explained(TransportError, _("What answers at {address} port {port} does not speak SSH."), hint, **where)
    if said:
        return explained(ConnectionLost, _("{address} closed the connection before the login."), _("Try again in a minute."), **where)
    hint = _("It may take no more connections at the moment, or block this machine for a while. Wait a few minutes, then try again.")
    return explained(ConnectionLost, _("{address} closed the connection on port {port} before it said a word."), hint, **where)


def _busy(details: ConnectionDetails, said: str) -> TooManyConnections:
    hint = _("Hosts limit how many connections they take at once. Close others, wait a few minutes, then try again.")
    return explained(TooManyConnections, _("{address} takes no more connections now: “{said}”."), hint, address=details.address, said=said)
