"""Private keys as people paste them, and host keys as they are pinned."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from diagnostics.transports.base import HostKeyChanged, HostKeyUnknown, KeyUnusable
from diagnostics.transports.failures import explained
from sites.texts import mark as _

# RFC 8332: one RSA key, two ways to sign with it.
SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
_READERS = (
    (rsa.RSAPrivateKey, paramiko.RSAKey),
    (ec.EllipticCurvePrivateKey, paramiko.ECDSAKey),
    (ed25519.Ed25519PrivateKey, paramiko.Ed25519Key),
)


def load_private_key(text: str, passphrase: str = "") -> paramiko.PKey:
    """An RSA, ECDSA or Ed25519 key from OpenSSH or PEM text. Raises KeyUnusable with the exact reason."""
    data = (text.replace("\r\n", "\n").replace("\r", "\n").strip() + "\n").encode("utf-8", "replace")
    _refuse_what_is_no_private_key(data)
    key = _decode(data, passphrase.encode() if passphrase else None)
    for kind, reader in _READERS:
        if isinstance(key, kind):
            return _as_paramiko(key, reader)
    raise _unsupported()


def _as_paramiko(key: Private, reader: type[paramiko.PKey]) -> paramiko.PKey:
    """In the one form paramiko reads for all kinds (it does not know PKCS#8). The plain text stays in memory."""
    try:
        plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
        return reader.from_private_key(io.StringIO(plain.decode("ascii")))
    except (paramiko.SSHException, ValueError) as error:
        raise _unsupported() from error  # a curve that SSH does not know


def _unsupported() -> KeyUnusable:
    return explained(KeyUnusable, _("This kind of private key is not supported."), _("Use an Ed25519, ECDSA or RSA key."))


def _refuse_what_is_no_private_key(data: bytes) -> None:
    if not data.strip():
        raise explained(KeyUnusable, _("The private key is empty."))
    if data.startswith(b"PuTTY-User-Key-File"):
        hint = _("In PuTTYgen choose Conversions, Export OpenSSH key, and use that file.")
        raise explained(KeyUnusable, _("This is a key in PuTTY's own format."), hint)
    if data.startswith((b"ssh-", b"ecdsa-", b"sk-", b"---- BEGIN SSH2 PUBLIC", b"-----BEGIN PUBLIC KEY")):
        hint = _("The private key is the other file of the pair, the one without .pub.")
        raise explained(KeyUnusable, _("This is the public half of a key."), hint)
    if b"-----BEGIN" not in data:
        hint = _("It begins with a line like -----BEGIN OPENSSH PRIVATE KEY-----. Copy the whole file.")
        raise explained(KeyUnusable, _("This is not a private key."), hint)


def _decode(data: bytes, passphrase: bytes | None) -> object:
    load = serialization.load_ssh_private_key if b"BEGIN OPENSSH" in data else serialization.load_pem_private_key
    try:
        try:
            return load(data, passphrase)
        except TypeError:
            if passphrase is None:
                raise
            return load(data, None)  # a passphrase was given for a key that has none
    except TypeError as error:
        raise explained(KeyUnusable, _("The private key needs its passphrase.")) from error
    except (UnsupportedAlgorithm, NotImplementedError) as error:
        raise _unsupported() from error
    except ValueError as error:
        raise _damaged(data, passphrase, str(error)) from error


def _damaged(data: bytes, passphrase: bytes | None, reason: str) -> KeyUnusable:
    if passphrase is None and "password" in reason.lower():
        return explained(KeyUnusable, _("The private key needs its passphrase."))
    wrong = ("password", "decrypt", "passphrase", "corrupt")
    # A wrong passphrase can also unlock to rubbish, which then looks like a damaged key.
    if passphrase is not None and (b"ENCRYPTED" in data or any(word in reason.lower() for word in wrong)):
        return explained(KeyUnusable, _("The passphrase does not open the private key."))
    if b"-----END" not in data:
        return explained(KeyUnusable, _("The private key is cut off: its last line is missing."), _("Copy the whole file."))
    return explained(KeyUnusable, _("The private key is damaged and cannot be read."), _("Copy the whole file once more."))


def host_key_line(key: paramiko.PKey) -> str:
    """A host key as it is pinned: type and base64."""
    return f"{key.get_name()} {key.get_base64()}"


def fingerprint(host_key: str) -> str:
    """`SHA256:…` of a pinned host key, as `ssh-keygen -l` prints it. Raises ValueError for what is no key."""
    blob = base64.b64decode(host_key.split()[1].encode("ascii"), validate=True) if len(host_key.split()) > 1 else b""
    if not blob:
        raise ValueError("not a host key")
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
