"""Host keys as they are pinned. Without paramiko: processes that reach no host show fingerprints too."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from diagnostics.transports.base import HostKeyChanged, HostKeyUnknown
from sites.texts import mark as _

if TYPE_CHECKING:
    import paramiko

# RFC 8332: one RSA key, two ways to sign with it.
SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}

CERTIFICATE = "x509"  # how a pinned line begins that holds the certificate of an FTPS host (DER) instead of an SSH key


def host_key_line(key: paramiko.PKey) -> str:
    """A host key as it is pinned: type and base64."""
    return f"{key.get_name()} {key.get_base64()}"


def fingerprint(host_key: str) -> str:
    """`SHA256:…` of a pinned host key, as `ssh-keygen -l` prints it; of a certificate as `openssl x509 -fingerprint` and browsers do.

    Raises ValueError for what is no key.
    """
    blob = base64.b64decode(host_key.split()[1].encode("ascii"), validate=True) if len(host_key.split()) > 1 else b""
    if not blob:
        raise ValueError("not a host key")
    if host_key.split()[0] == CERTIFICATE:
        return "SHA256:" + hashlib.sha256(blob).digest().hex(":").upper()
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")


def preferred_signatures(host_key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """`known` with those of the pinned key first, so that a host with several keys shows the one that was accepted."""
    kind = host_key.split()[0] if host_key.strip() else ""
    first = tuple(name for name in SIGNATURES.get(kind, (kind,)) if name in known)
    return first + tuple(name for name in known if name not in first)


def check_host_key(pinned: str, shown: paramiko.PKey, name: str) -> None:
    """Raises HostKeyUnknown when nothing is pinned yet, HostKeyChanged when it is another key."""
    line = host_key_line(shown)
    seen = {"host_key": line, "fingerprint": fingerprint(line)}
    if not pinned.strip():
        hint = _("Compare the fingerprint with the one your host publishes, then accept it.")
        text = _("{name} is new here. It shows the host key {fingerprint}.")
        raise _told(HostKeyUnknown, text, hint, name, seen)
    if not hmac.compare_digest(" ".join(pinned.split()[:2]), line):
        hint = _("Nothing was sent. Ask the host whether its key was changed, and accept the new one only then.")
        text = _("The host key of {name} has changed. It now shows {fingerprint}.")
        raise _told(HostKeyChanged, text, hint, name, seen)


def _told(kind: type[HostKeyUnknown], text: str, hint: str, name: str, seen: dict[str, str]) -> HostKeyUnknown:
    error = kind(text.format(name=name, fingerprint=seen["fingerprint"]), hint=hint, **seen)
    error.text, error.params = text, {"name": name, "fingerprint": seen["fingerprint"]}
    return error
