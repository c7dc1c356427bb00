"""An SSH connection, from the vetted address to an accepted login: host key first, one try with the secret, no other keys."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import paramiko

from diagnostics.transports.base import KEY_WANTED, ConnectionDetails, ConnectionLost, ConnectionTimedOut, LoginRefused, TransportError
from diagnostics.transports.failures import explained
from diagnostics.transports.host_keys import check_host_key, preferred_signatures
from diagnostics.transports.private_keys import load_private_key
from diagnostics.transports.sockets import LimitedSocket, connect
from sites.texts import mark as _

if TYPE_CHECKING:
    from sites.probing.guard import Guard

# Every failure reaches the caller as an exception; paramiko would also print it with a traceback.
_LOG_CHANNEL = "paramiko.sitemend"
logging.getLogger(_LOG_CHANNEL).setLevel(logging.CRITICAL + 1)


@contextmanager
def ssh_session(details: ConnectionDetails, guard: Guard) -> Iterator[paramiko.Transport]:
    """A logged-in SSH connection, closed at the end. Raises TransportError; a private key is read before anything is contacted."""
    key = load_private_key(details.private_key, details.passphrase) if details.private_key else None
    sock = connect(details, guard)
    transport: paramiko.Transport | None = None
    try:
        transport = paramiko.Transport(LimitedSocket(sock, details.operation_timeout_s))
        _negotiate(transport, details)
        check_host_key(details.host_key, transport.get_remote_server_key(), details.address)
        _log_in(transport, details, key)
        yield transport
    finally:
        if transport is not None:
            transport.close()
        sock.close()


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


def _negotiate(transport: paramiko.Transport, details: ConnectionDetails) -> None:
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
    raise _no_ssh(details, failure) from failure


def _no_ssh(details: ConnectionDetails, failure: Exception | None) -> TransportError:
    where = {"address": details.address, "port": details.port}
    if isinstance(failure, paramiko.ssh_exception.IncompatiblePeer):
        hint = _("The host's SSH is too old to be safe. Ask the host to update it.")
        return explained(TransportError, _("{address} and Sitemend share no safe way of encrypting."), hint, **where)
    if isinstance(failure, paramiko.SSHException) and ("banner" in str(failure) or "protocol version" in str(failure)):
        hint = _("Check that this port is the one for SSH or SFTP.")
        return explained(TransportError, _("What answers at {address} port {port} does not speak SSH."), hint, **where)
    return explained(ConnectionLost, _("{address} closed the connection before the login."), _("Try again in a minute."), **where)


def _log_in(transport: paramiko.Transport, details: ConnectionDetails, key: paramiko.PKey | None) -> None:
    """One try with the one secret that was given: hosts lock out whoever tries more often."""
    methods = _methods(transport, details)
    if methods is None:
        return
    try:
        if key is not None:
            _require("publickey", methods, details)
            left = transport.auth_publickey(details.user, key)
        elif "password" in methods and details.password:
            left = transport.auth_password(details.user, details.password, fallback=False)
        else:
            _require("keyboard-interactive", methods, details)
            left = transport.auth_interactive(details.user, _Answers(details.password))
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise _refused(error, details, with_key=key is not None) from error
    if left:
        hint = _("Use a user or key that needs no second factor.")
        raise explained(LoginRefused, _("The host asks for a second proof besides this one ({methods})."), hint, methods=", ".join(left))


def _methods(transport: paramiko.Transport, details: ConnectionDetails) -> Sequence[str] | None:
    """The ways of logging in that the host offers (RFC 4252 section 5.2); None when it asks for nothing."""
    try:
        transport.auth_none(details.user)
    except paramiko.BadAuthenticationType as answer:
        return answer.allowed_types
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise _refused(error, details, with_key=bool(details.private_key)) from error
    return None


def _require(method: str, methods: Sequence[str], details: ConnectionDetails) -> None:
    if method in methods and (details.password or details.private_key):
        return
    offered = _("The host takes: {methods}.").format(methods=", ".join(methods))
    if not details.password and not details.private_key:
        raise explained(LoginRefused, _("Neither a password nor a private key was given."), offered)
    if method != "publickey" and "publickey" in methods:
        raise explained(LoginRefused, KEY_WANTED)
    text = _("The host does not take a private key.") if method == "publickey" else _("The host does not take a password.")
    raise explained(LoginRefused, text, offered)


def _refused(error: Exception, details: ConnectionDetails, *, with_key: bool) -> TransportError:
    if "timeout" in str(error).lower():
        text = _("The host did not answer the login within {seconds:g} s.")
        return explained(ConnectionTimedOut, text, seconds=details.operation_timeout_s)
    if isinstance(error, paramiko.AuthenticationException) and "EOF" not in str(error):
        text = _("The host refused the private key of {user}.") if with_key else _("The host refused user {user} with this password.")
        hint = _("It was tried once only, so that nothing is locked. Check the user and the secret at your host.")
        return explained(LoginRefused, text, hint, user=details.user)
    # Cut off while logging in: taken for a refusal, since trying again could lock the account.
    hint = _("Some hosts do this after too many tries. Wait a while before trying again.")
    return explained(LoginRefused, _("The host closed the connection during the login of {user}."), hint, user=details.user)


class _Answers:
    """Answers the first hidden question of a keyboard-interactive login (RFC 4256) with the password, and nothing else."""

    def __init__(self, password: str) -> None:
        self._password: str | None = password

    def __call__(self, title: str, instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
        if not prompts:
            return []
        answers = []
        for _text, shown in prompts:
            give = self._password is not None and not shown
            answers.append(self._password or "" if give else "")
            self._password = None if give else self._password
        return answers
