"""Logging in over SSH: each secret that was given is offered once, in the order that the host asks for; nothing else is tried."""

from __future__ import annotations

from collections.abc import Sequence

import paramiko

from diagnostics.transports.base import (
    KEY_WANTED,
    ConnectionDetails,
    ConnectionTimedOut,
    LoginCutOff,
    LoginRefused,
    SecondFactorWanted,
    TransportError,
)
from diagnostics.transports.failures import explained
from diagnostics.transports.listening import HeardTransport
from diagnostics.transports.secrecy import Secrets
from sites.texts import mark as _

_ORDER = ("publickey", "password", "keyboard-interactive")
_BY_PASSWORD = frozenset({"password", "keyboard-interactive"})
_EMPTY_ROUNDS = 5  # servers may send rounds that ask nothing (RFC 4256 section 3.2)

_HINT_ONCE = _("It was tried once only, so that nothing is locked. Check the user and the secret at your host.")
_HINT_UNATTENDED = _(
    "Nobody is there to type it at night. Use a private key, or ask your host for a user, or a password for apps, "
    "that needs no second factor."
)


def log_in(transport: HeardTransport, details: ConnectionDetails, key: paramiko.PKey | None) -> None:
    """Some hosts want two proofs, such as key, then password. Raises LoginRefused, SecondFactorWanted, ConnectionTimedOut."""
    offered = _methods(transport, details)
    held = {"publickey"} if key is not None else set()
    held |= _BY_PASSWORD if details.password else frozenset()
    accepted: list[str] = []
    while offered:
        method = next((name for name in _ORDER if name in held and name in offered), "")
        if not method:
            raise _more_wanted(accepted, offered, transport.secrets) if accepted else _no_way_in(offered, details)
        # The host counts a password twice if it is offered in two ways.
        held -= _BY_PASSWORD if method in _BY_PASSWORD else {method}
        offered = _attempt(transport, details, key, method)
        accepted.append(method)


def _attempt(transport: HeardTransport, details: ConnectionDetails, key: paramiko.PKey | None, method: str) -> Sequence[str]:
    """The ways in which the host wants a further proof; empty when it let us in."""
    try:
        if method == "publickey":
            return transport.auth_publickey(details.user, key)
        if method == "password":
            return transport.auth_password(details.user, details.password, fallback=False)
        return transport.auth_interactive(details.user, _Answers(details.password, transport.secrets))
    except _AskedMore as asked:
        text = _("The host asks for more than the password: “{question}”.")
        raise explained(SecondFactorWanted, text, _HINT_UNATTENDED, question=asked.question) from asked
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise _refused(error, transport, details, key if method == "publickey" else None) from error


def _methods(transport: HeardTransport, details: ConnectionDetails) -> Sequence[str]:
    """The ways of logging in that the host offers (RFC 4252 section 5.2); empty when it asks for nothing."""
    try:
        return transport.auth_none(details.user)
    except paramiko.BadAuthenticationType as answer:
        return answer.allowed_types
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise _refused(error, transport, details, None) from error


def _no_way_in(offered: Sequence[str], details: ConnectionDetails) -> LoginRefused:
    """Nothing that was given is taken there: nothing was sent."""
    shown = Secrets(details).shown(", ".join(offered))
    if not details.password and not details.private_key:
        text = _("Neither a password nor a private key was given.")
    elif not details.private_key:
        text = KEY_WANTED if "publickey" in offered else _("The host does not take a password.")
    else:
        text = _("The host does not take a private key.")
    return explained(LoginRefused, text, _("The host takes: {methods}.").format(methods=shown))


def _more_wanted(accepted: Sequence[str], offered: Sequence[str], secrets: Secrets) -> SecondFactorWanted:
    """A proof was accepted, the next one was not given."""
    by_key = "publickey" in accepted
    if by_key and "password" in offered:
        hint = _("It wants the password of the account as well: give both, key and password.")
    elif not by_key and "publickey" in offered:
        hint = _("It wants a private key as well: give both, password and key.")
    else:
        hint = _HINT_UNATTENDED
    text = (
        _("The host accepted the private key, but asks for a second proof besides it ({methods}).")
        if by_key
        else _("The host accepted the password, but asks for a second proof besides it ({methods}).")
    )
    return explained(SecondFactorWanted, text, hint, methods=secrets.shown(", ".join(offered)))


def _refused(error: Exception, transport: HeardTransport, details: ConnectionDetails, key: paramiko.PKey | None) -> TransportError:
    said = str(error).lower()
    if "timeout" in said:
        text = _("The host did not answer the login within {seconds:g} s.")
        return explained(ConnectionTimedOut, text, seconds=details.operation_timeout_s)
    if "pubkey algorithm" in said:
        hint = _("Make an Ed25519 key for this account, or use a password. Your host should update its SSH server.")
        return explained(LoginRefused, _("The host takes RSA keys with old SHA-1 signatures only, which are no longer safe."), hint)
    if transport.farewell:
        return _hung_up(transport.farewell, details)
    if isinstance(error, paramiko.AuthenticationException) and "eof" not in said:
        return _not_accepted(transport, details, key)
    # Cut off while logging in: taken for a refusal, since trying again could lock the account.
    hint = _("Some hosts do this after too many tries. Wait a while before trying again.")
    return explained(LoginCutOff, _("The host closed the connection during the login of {user}."), hint, user=details.user)


def _not_accepted(transport: HeardTransport, details: ConnectionDetails, key: paramiko.PKey | None) -> LoginRefused:
    if key is None:
        return explained(LoginRefused, _("The host refused user {user} with this password."), _HINT_ONCE, user=details.user)
    hint = _HINT_ONCE
    if key.get_name() == "ssh-rsa" and "server-sig-algs" not in transport.server_extensions:
        # RFC 8308 section 3.1: a server that does not tell them is from before the newer signatures of RSA keys, or hides them.
        hint = _("It was tried once only. This host's SSH may be too old for RSA keys as they are used today: try an Ed25519 key.")
    return explained(LoginRefused, _("The host refused the private key of {user}."), hint, user=details.user)


def _hung_up(said: str, details: ConnectionDetails) -> LoginRefused:
    hint = _("Check the user and the secret at your host. Wait a while before trying again.")
    if "too many" in said.lower():
        hint = _(
            "What you gave was offered once only, and nothing else; this host allows very few tries, and may count those of others. "
            "Check the user and the secret, and wait a while before trying again."
        )
    return explained(LoginRefused, _("The host ended the login of {user}: “{said}”."), hint, user=details.user, said=said)


class _AskedMore(paramiko.SSHException):
    """Ends a keyboard-interactive login before anything wrong is answered; paramiko carries it over to the waiting thread."""

    def __init__(self, question: str) -> None:
        super().__init__("more is asked than a password")
        self.question = question


class _Answers:
    """Gives the password to one hidden question of a keyboard-interactive login (RFC 4256), once. Raises _AskedMore for all else."""

    def __init__(self, password: str, secrets: Secrets) -> None:
        self._password: str | None = password
        self._secrets = secrets
        self._rounds = 0

    def __call__(self, title: str, instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
        self._rounds += 1
        if not prompts and self._rounds <= _EMPTY_ROUNDS:
            return []
        if len(prompts) != 1 or prompts[0][1] or self._password is None:
            asked = " ".join(text for text, _shown in prompts[-2:]) or instructions or title
            raise _AskedMore(self._secrets.shown(asked) or "?")
        password, self._password = self._password, None
        return [password]
