"""Private keys as people paste them."""

from __future__ import annotations

import io

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from diagnostics.transports.base import KeyUnusable
from diagnostics.transports.failures import explained
from sites.texts import mark as _

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
