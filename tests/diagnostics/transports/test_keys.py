"""Private keys as people paste them: made by the real ssh-keygen and by OpenSSL's formats."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from diagnostics.transports.base import KeyUnusable
from diagnostics.transports.host_keys import fingerprint, preferred_signatures
from diagnostics.transports.private_keys import load_private_key


def made(folder: Path, *options: str, passphrase: str = "") -> str:
    subprocess.run(["ssh-keygen", "-q", "-N", passphrase, "-f", folder / "key", *options], check=True)
    return (folder / "key").read_text()


def public(folder: Path) -> str:
    return (folder / "key.pub").read_text().split()[1]


@pytest.mark.parametrize("passphrase", ["", "four words"])
@pytest.mark.parametrize(
    "options",
    [
        ("-t", "ed25519"),
        ("-t", "rsa", "-b", "2048"),
        ("-t", "ecdsa"),
        ("-t", "ecdsa", "-b", "521"),
        ("-t", "rsa", "-b", "2048", "-m", "PEM"),
        ("-t", "rsa", "-b", "2048", "-m", "PKCS8"),
        ("-t", "ecdsa", "-m", "PEM"),
    ],
)
def test_keys_of_ssh_keygen_are_read(tmp_path: Path, options: tuple[str, ...], passphrase: str) -> None:
    text = made(tmp_path, *options, passphrase=passphrase)
    assert load_private_key(text, passphrase).get_base64() == public(tmp_path)
    assert load_private_key("\n " + text.replace("\n", "\r\n"), passphrase).get_base64() == public(tmp_path)
    if passphrase:
        with pytest.raises(KeyUnusable, match="needs its passphrase"):
            load_private_key(text)
        with pytest.raises(KeyUnusable, match="does not open"):
            load_private_key(text, "wrong")
    else:
        assert load_private_key(text, "not needed").get_base64() == public(tmp_path)


def test_what_is_no_private_key_is_named(tmp_path: Path) -> None:
    text = made(tmp_path, "-t", "ed25519")
    said = {
        "": "empty",
        "hello": "not a private key",
        (tmp_path / "key.pub").read_text(): "public half",
        "PuTTY-User-Key-File-3: ssh-ed25519": "PuTTY",
        text[:200]: "cut off",
        text[:-130] + text[-126:]: "damaged",
    }
    for given, words in said.items():
        with pytest.raises(KeyUnusable, match=words):
            load_private_key(given)


def test_kinds_that_are_not_supported() -> None:
    for key in (dsa.generate_private_key(2048), ec.generate_private_key(ec.SECP256K1())):
        text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
        with pytest.raises(KeyUnusable, match="not supported"):
            load_private_key(text)


def test_fingerprint_is_that_of_ssh_keygen(tmp_path: Path) -> None:
    made(tmp_path, "-t", "ed25519")
    shown = subprocess.run(["ssh-keygen", "-lf", tmp_path / "key.pub"], capture_output=True, text=True, check=True).stdout.split()[1]
    assert fingerprint((tmp_path / "key.pub").read_text()) == shown
    with pytest.raises(ValueError, match="not a host key"):
        fingerprint("nonsense")


def test_pinned_rsa_key_asks_for_its_signatures_first() -> None:
    known = ("ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")
    assert preferred_signatures("ssh-rsa AAAA", known) == ("rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519")
    assert preferred_signatures("unheard-of AAAA", known) == known


def test_weak_rsa_key_is_not_a_crash() -> None:
    key = rsa.generate_private_key(65537, 1024)
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    assert load_private_key(text).get_name() == "ssh-rsa"
