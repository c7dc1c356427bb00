"""Key pairs made here: the private half for sealing at once, the public half as the line that hosts want."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

ED25519, RSA = "ed25519", "rsa"
_RSA_BITS = 3072  # NIST SP 800-57: until 2030 and beyond


@dataclass(frozen=True, slots=True)
class MadeKey:
    """`public` is one line as authorized_keys takes it (sshd(8))."""

    public: str
    private: str = field(repr=False)


def make_key(kind: str, comment: str) -> MadeKey:
    """A new pair of this kind; the comment says whose it is. Raises ValueError for another kind."""
    if kind == ED25519:
        key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey = ed25519.Ed25519PrivateKey.generate()
    elif kind == RSA:
        key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    else:
        raise ValueError(f"no kind of key: {kind}")
    openssh = serialization.PrivateFormat.OpenSSH
    private = key.private_bytes(serialization.Encoding.PEM, openssh, serialization.NoEncryption()).decode("ascii")
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode("ascii")
    return MadeKey(f"{line} {_plain(comment)}".strip(), private)


def _plain(comment: str) -> str:
    """What ends up in a file on the host: letters, digits and a few signs."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_.@") else "-" for char in comment)[:60]
