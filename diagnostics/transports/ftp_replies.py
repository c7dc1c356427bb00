"""What an FTP host answers, and what is said when it is no answer (RFC 959 section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass, field

from diagnostics.transports.base import ConnectionLost, ConnectionTimedOut, TransportError
from diagnostics.transports.failures import explained
from diagnostics.transports.secrecy import Secrets
from sites.texts import mark as _

REPLY_LIMIT = 65_536  # bytes of one answer; the longest real ones are greetings and lists of commands, of a few kilobytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its code and the words of all its lines."""

    code: int
    lines: tuple[str, ...]
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def text(self) -> str:
        return " ".join(line.strip() for line in self.lines)

    @property
    def is_last(self) -> bool:
        """Whether the host ends the conversation with it (RFC 959 section 4.2.2; vsftpd's utility.c: what `die` says)."""
        return self.code == 421 or (self.code == 500 and self.text.startswith("OOPS: "))

    @property
    def said(self) -> str:
        """For a message: one line, bounded, nothing that could be anything but text."""
        return self.secrets.shown(self.text)

    def mentions(self, *words: str) -> bool:
        said = self.text.lower()
        return any(word in said for word in words)


class FtpRefused(Exception):
    """The host answered with an error. `in_transfer`: after it had begun to send or take bytes."""

    def __init__(self, reply: Reply, *, in_transfer: bool = False, line_failed: bool = False) -> None:
        super().__init__(reply.said)
        self.reply = reply
        self.in_transfer = in_transfer
        self.line_failed = line_failed  # the data connection itself broke


def positive(reply: Reply) -> Reply:
    """The same. Raises FtpRefused for anything but a positive answer."""
    if not 200 <= reply.code < 400:
        raise FtpRefused(reply)
    return reply


def garbled() -> ConnectionLost:
    """What came is no answer."""
    hint = _("Check that this port is the one for FTP.")
    return explained(ConnectionLost, _("The host sent something that is not FTP."), hint)


def too_long() -> ConnectionLost:
    """An answer without an end."""
    text = _("The host sent an answer of more than {limit} bytes, which is no FTP answer.")
    return explained(ConnectionLost, text, _("Check that this port is the one for FTP."), limit=REPLY_LIMIT)


def no_data_connection(address: str, port: int, error: OSError, limit_s: float) -> TransportError:
    """The login works, and nothing more."""
    hint = _("A firewall at the host may close its passive ports. SFTP needs none: ask your host for it.")
    if isinstance(error, TimeoutError):
        text = _("The login works, but the host's data connection at {address} port {port} did not answer within {seconds:g} s.")
        return explained(ConnectionTimedOut, text, hint, address=address, port=port, seconds=limit_s)
    text = _("The login works, but the host's data connection at {address} port {port} cannot be made.")
    return explained(ConnectionLost, text, hint, address=address, port=port)
