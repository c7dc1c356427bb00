"""An FTP connection, from the vetted address to an accepted login: certificate first, one try with the password."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from diagnostics.transports import ftp_tls
from diagnostics.transports.base import (
    ConnectionDetails,
    ConnectionLost,
    ConnectionTimedOut,
    LoginCutOff,
    LoginRefused,
    TooManyConnections,
    TransportError,
    Unsupported,
)
from diagnostics.transports.failures import explained
from diagnostics.transports.ftp_lines import parse_features
from diagnostics.transports.ftp_replies import FtpRefused, Reply
from diagnostics.transports.ftp_wire import FtpWire
from diagnostics.transports.secrecy import Secrets
from diagnostics.transports.sockets import connect
from sites.texts import mark as _

if TYPE_CHECKING:
    from sites.probing.guard import Guard

IMPLICIT_PORTS = frozenset({990})  # where TLS begins with the first byte (IANA: ftps); everywhere else it is asked for

_BUSY = ("too many", "maximum number", "max. number", "connection limit", "maximum login", "already connected", "try again later")
_WRONG = ("incorrect", "invalid", "fail", "denied", "attempt", "wrong", "bad ", "authentication")  # said of the password, busy or not
_TLS_ONLY = ("tls", "ssl", "encrypt", "cleartext", "clear text", "secure connection")
_FACTS = ("type", "size", "modify", "unix.mode", "unix.uid", "unix.gid")


@contextmanager
def ftp_session(details: ConnectionDetails, guard: Guard) -> Iterator[FtpWire]:
    """A logged-in FTP connection, closed at the end. Raises TransportError; nothing secret is sent before the certificate is accepted."""
    _check_typed(details)
    with closing(_plain(details, guard) if details.protocol == "ftp" else _secure(details, guard)) as wire:
        _log_in(wire, details)
        wire.is_in = True
        try:
            _prepare(wire)
        except FtpRefused as refused:
            text = _("The login worked, but the host did not go on: “{said}”.")
            raise explained(TransportError, text, said=refused.reply.said) from refused
        yield wire


def _check_typed(details: ConnectionDetails) -> None:
    if not details.password:
        raise explained(LoginRefused, _("FTP takes a password, and none was given."), _("Type the password of this user."))
    if any(char in details.user + details.password for char in "\r\n\0"):
        raise explained(LoginRefused, _("The user or password holds a line break, which FTP cannot carry."))


# --- the line -----------------------------------------------------------------------------------
def _plain(details: ConnectionDetails, guard: Guard) -> FtpWire:
    wire = FtpWire(connect(details, guard), details.operation_timeout_s, details.reading_timeout_s, secrets=Secrets(details))
    try:
        _greet(wire, details)
    except BaseException:
        wire.sock.close()
        raise
    return wire


def _secure(details: ConnectionDetails, guard: Guard) -> FtpWire:
    """A line whose certificate is the pinned one or one that an authority vouches for. Raises HostKeyUnknown, HostKeyChanged."""
    if details.host_key.startswith(f"{ftp_tls.CERTIFICATE} "):
        wire = _over_tls(details, guard, ftp_tls.looking())
        if ftp_tls.is_pinned(ftp_tls.certificate_line(wire.sock), details.host_key):
            return wire
        wire.close()
    try:
        return _over_tls(details, guard, ftp_tls.verifying())
    except ssl.SSLCertVerificationError as error:
        with closing(_over_tls(details, guard, ftp_tls.looking())) as wire:
            shown = ftp_tls.certificate_line(wire.sock)
        raise ftp_tls.not_trusted(shown, details.host_key, details, error) from error


def _over_tls(details: ConnectionDetails, guard: Guard, context: ssl.SSLContext) -> FtpWire:
    wire = FtpWire(connect(details, guard), details.operation_timeout_s, details.reading_timeout_s, secure=True, secrets=Secrets(details))
    implicit = details.port in IMPLICIT_PORTS
    try:
        if not implicit:
            _greet(wire, details)
            _ask_for_tls(wire, details)
        wire.sock = control = ftp_tls.wrapped(wire.sock, context, details)
        wire.protection = ftp_tls.protection(control, details)
        if implicit:
            _greet(wire, details)
    except BaseException:
        wire.sock.close()
        raise
    return wire


def _greet(wire: FtpWire, details: ConnectionDetails) -> None:
    where = {"address": details.address, "port": details.port}
    try:
        reply = wire.answer(details.connect_timeout_s)
        if reply.code == 120:  # "ready in some minutes" (RFC 959); who says so again and again would hold us for ever
            reply = wire.answer(details.connect_timeout_s)
    except ConnectionTimedOut as error:
        hint = _("Check that this port is the one for FTP. Port 990 is for FTPS only.")
        text = _("{address} accepted the connection on port {port} but did not say it speaks FTP within {seconds:g} s.")
        raise explained(ConnectionTimedOut, text, hint, seconds=details.connect_timeout_s, **where) from error
    except ConnectionLost as error:
        text = _("What answers at {address} port {port} does not speak FTP. {why}")
        raise explained(ConnectionLost, text, _("Check that this port is the one for FTP."), why=error.message, **where) from error
    if reply.code != 220:
        raise _turned_away(reply, details)
    wire.greeting = reply.text


def _ask_for_tls(wire: FtpWire, details: ConnectionDetails) -> None:
    reply = wire.ask("AUTH", "TLS")
    if reply.code != 234:
        hint = _("Nothing secret was sent. Ask the host for SFTP. Plain FTP would send the password readable by anyone on the way.")
        raise explained(Unsupported, _("{address} does not offer TLS for FTP: “{said}”."), hint, address=details.address, said=reply.said)
    if wire.has_more:  # somebody on the way put words into its mouth before TLS began
        raise wire.break_off(explained(ConnectionLost, _("The host went on talking before encryption began."), _("Nothing was sent.")))


def _turned_away(reply: Reply, details: ConnectionDetails) -> TransportError:
    """Refused before anything secret was said."""
    if reply.mentions(*_TLS_ONLY) and details.protocol == "ftp":
        hint = _("Nothing secret was sent. Choose FTPS for this hosting account.")
        return explained(Unsupported, _("The host takes this login over TLS only: “{said}”."), hint, said=reply.said)
    if reply.code == 421 or reply.mentions(*_BUSY):
        hint = _("It says nothing about the password. Close other FTP programs, wait some minutes, then try again.")
        return explained(TooManyConnections, _("The host takes no further connection now: “{said}”."), hint, said=reply.said)
    if reply.code == 530:
        hint = _("It was tried once only, so that nothing is locked. Check the user and the secret at your host.")
        return explained(LoginRefused, _("The host refused user {user}: “{said}”."), hint, user=details.user, said=reply.said)
    return explained(TransportError, _("The host turned the connection away: “{said}”."), _("Try again in a minute."), said=reply.said)


# --- the login ----------------------------------------------------------------------------------
def _log_in(wire: FtpWire, details: ConnectionDetails) -> None:
    """One try with the one password that was given: hosts lock out whoever tries more often."""
    reply = wire.ask("USER", details.user)
    if reply.code == 230:
        return
    if reply.code != 331:
        raise _turned_away(reply, details)
    try:
        reply = wire.ask("PASS", details.password)
    except ConnectionTimedOut:
        raise
    except ConnectionLost as error:
        # Cut off while logging in: taken for a refusal, since trying again could lock the account.
        hint = _("Some hosts do this after too many tries. Wait a while before trying again.")
        raise explained(LoginCutOff, _("The host closed the connection during the login of {user}."), hint, user=details.user) from error
    if reply.code in (230, 202):
        return
    if reply.mentions(*_BUSY) and not reply.mentions(*_WRONG):
        raise _turned_away(reply, details)
    if reply.code == 500 and reply.is_last:
        said = _("The host's own server failed during the login of {user}: “{said}”.")
        raise explained(LoginCutOff, said, _("Try again in a minute. If it stays so, ask your host."), user=details.user, said=reply.said)
    hint = _("It was tried once only, so that nothing is locked. Check the user and the secret at your host.")
    if reply.code == 332:
        hint = _("It asks for a further account name, which is not offered here. Use another user.")
    text = _("The host refused user {user} with this password.")
    raise explained(LoginRefused, text, hint, user=details.user)


def _prepare(wire: FtpWire) -> None:
    """Asks what the host can do and sets what everything else builds on: bytes as they are, names as they are, data encrypted."""
    reply = wire.ask("FEAT")
    wire.features = parse_features(reply.lines) if reply.code == 211 else {}
    if "UTF8" in wire.features:
        wire.ask("OPTS", "UTF8 ON")
    if wire.protection is not None:
        wire.ask("PBSZ", "0")
        if wire.ask("PROT", "P").code != 200:
            hint = _("No file was read. Ask the host for SFTP.")
            raise explained(Unsupported, _("The host encrypts the login but not the files."), hint)
    wire.need("TYPE", "I")
    facts = wire.features.get("MLST", "").lower().replace("*", "").split(";")
    wanted = [fact for fact in _FACTS if fact in facts]
    if wanted:
        wire.ask("OPTS", f"MLST {';'.join(wanted)};")
    wire.home = wire.where()
