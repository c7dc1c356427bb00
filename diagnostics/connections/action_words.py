"""Why something on a hosting account did not come to pass, in words: for the stored codes of the errors of connections."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

WORDS = {
    "name-unresolved": _("its name leads to no address"),
    "address-refused": _("its address may not be used from here"),
    "refused": _("nothing answers at this port"),
    "timed-out": _("it did not answer in time"),
    "host-key-unknown": _("nobody has accepted it yet"),
    "host-key-changed": _("it is not the one that was accepted"),
    "login-refused": _("user or secret is not the right one"),
    "second-factor": _("it wants a second factor"),
    "too-many-connections": _("it takes no further connection just now"),
    "jump-host": _("the jump host does not lead there"),
    "old-algorithms": _("it only offers encryption that is too old"),
    "key-unusable": _("the private key cannot be used"),
    "connection-lost": _("the connection broke"),
    "not-found": _("it is not there"),
    "permission-refused": _("this login may not do that"),
    "already-exists": _("the name is taken"),
    "no-space": _("there is no room left"),
    "unsupported": _("this connection cannot do that"),
    "not-noted": _("it could not be noted, so it was not done"),
    "read-only": _("read-only mode is on"),
    "stopped": _("a person must look first"),
    "busy": _("another connection was in use"),
    "paused": _("it is tried later"),
}  # fmt: skip


def reason_of(code: str) -> str:
    """For a person; empty where the code says no more than that it failed."""
    return str(WORDS.get(code, ""))
