"""Keys that Sitemend makes for a hosting account: the private half is sealed at once, the public line is installed by a person.

An account without any secret uses its new key from the start. Where a secret stands, the new key waits beside it and takes its
place when the host has let us in with it: until then, nothing that works is given up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from diagnostics.transports.base import LoginRefused, SecondFactorWanted
from diagnostics.transports.made_keys import make_key
from sites.credentials import SecretUnreadable, host_next_key, set_host_next_key, set_host_secrets
from sites.models import Host

from . import connecting
from .connecting import ConnectionTest

PROTOCOLS = (Host.Protocol.SSH, Host.Protocol.SFTP)


class KeyNotPossible(ValueError):
    """No key can be made for this account; the message says why."""


def possible(host: Host) -> bool:
    """Whether a key can be made: logins by key belong to SSH, and the practice site has its own."""
    return host.protocol in PROTOCOLS and not host.practice


def make_for(host: Host, kind: str) -> str:
    """Makes a key and stores the account. Returns the public line. Raises KeyNotPossible."""
    if not possible(host):
        raise KeyNotPossible(_("Keys belong to SSH and SFTP. This account is reached in another way."))
    made = make_key(kind, f"sitemend-{host.user}@{host.address}")
    if host.sealed_password or host.sealed_private_key:
        set_host_next_key(host, made.private)
        host.next_public_key = made.public
    else:
        set_host_secrets(host, private_key=made.private)
        host.public_key = made.public
        host.state, host.state_detail = Host.State.UNTESTED, ""
    host.save()
    return made.public


def forget_next(host: Host) -> None:
    """Drops a key that waits to be installed; the secret in use stays."""
    set_host_next_key(host, "")
    host.next_public_key = ""
    host.save(update_fields=["sealed_next_key", "next_public_key"])


def test_next(host: Host) -> ConnectionTest:
    """Tries the key that waits, once; when the host lets us in with it, it takes the place of the secret in use."""
    try:
        stored = connecting.details_for(host)
        details = replace(stored, password="", private_key=host_next_key(host), passphrase="")
    except SecretUnreadable as error:
        return ConnectionTest(False, "secret-unreadable", str(error), state=host.state)
    result, password = connecting.test_details(details, host=host), ""
    if result.code == SecondFactorWanted.code and stored.password:
        result, password = connecting.test_details(replace(details, password=stored.password), host=host), stored.password
    if not result.ok:
        return not_installed(result) if result.code == LoginRefused.code else result
    set_host_secrets(host, password=password, private_key=details.private_key)
    host.public_key, host.next_public_key = host.next_public_key, ""
    set_host_next_key(host, "")
    host.save()
    connecting.note(host, result)
    return replace(result, message=_("The host let us in with the new key. It is in use from now on, and the old secret is forgotten."))


def not_installed(result: ConnectionTest) -> ConnectionTest:
    """A refusal of a key that was made here and never worked yet."""
    hint = _("Add the public line to the account as described below, then test again. It was tried once, so that nothing is locked.")
    return replace(result, message=_("The host does not know the new key yet."), hint=hint)


def in_words(host: Host, result: ConnectionTest) -> ConnectionTest:
    """A test's result; a refused key that was made here and has never worked is not installed yet."""
    fresh = host.public_key and not host.capabilities and not host.sealed_password
    return not_installed(result) if fresh and result.code == LoginRefused.code else result


def test(host: Host) -> ConnectionTest:
    """Tests a stored connection, in the words that fit a new key, and stores what came of it."""
    result = connecting.test_host(host)
    said = in_words(host, result)
    if said is not result:
        connecting.note(host, said)
    return said


def context_of(host: Host, may_write: bool) -> dict[str, Any]:
    """What the account's page shows of its keys."""
    waits = bool(host.next_public_key)
    return {
        "key_line": host.next_public_key or host.public_key,
        "key_waits": waits,
        "key_to_install": waits or (bool(host.public_key) and not host.capabilities),
        "may_make_key": may_write and possible(host) and not waits,
    }
