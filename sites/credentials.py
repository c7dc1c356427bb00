"""The only module that sees plaintext secrets at rest: seals them into the database and opens them again.

The key lives in the environment or the state folder, never in the database, so a stolen database opens nothing.
"""

from __future__ import annotations

import base64
import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from .models import Host, Site


class SecretUnreadable(Exception):
    """A sealed secret does not open with the keys of this installation."""


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.SITEMEND_CREDENTIALS_KEYS])


def seal(text: str) -> str:
    """The sealed form of a secret; an empty one stays empty."""
    return _box().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """The secret itself. Raises SecretUnreadable when the key is another one."""
    return unseal_bytes(sealed.encode()).decode() if sealed else ""


def seal_bytes(content: bytes) -> bytes:
    """The sealed form of file content kept in the journal."""
    return _box().encrypt(content)


def unseal_bytes(sealed: bytes) -> bytes:
    """The content itself. Raises SecretUnreadable when the key is another one."""
    try:
        return _box().decrypt(bytes(sealed))
    except InvalidToken as error:
        raise SecretUnreadable(
            "The stored secret does not open with this installation's key. Restore secret.key or type it again."
        ) from error


def is_sealed(value: object) -> bool:
    """Whether this is a sealed text or content: every token begins alike (the specification of Fernet: version 0x80, then the time)."""
    start = value[:5] if isinstance(value, str) else bytes(value[:5]).decode("latin-1") if isinstance(value, bytes | memoryview) else ""
    return start == "gAAAA"


def opens_with_newest(sealed: str | bytes | memoryview) -> bool:
    """Whether the newest key alone opens it."""
    try:
        Fernet(settings.SITEMEND_CREDENTIALS_KEYS[0]).decrypt(_token(sealed))
    except InvalidToken:
        return False
    return True


def resealed(sealed: str | bytes | memoryview) -> str | bytes | None:
    """The same, sealed with the newest key; None when it is already. Raises SecretUnreadable."""
    if opens_with_newest(sealed):
        return None
    try:
        renewed = _box().rotate(_token(sealed))
    except InvalidToken as error:
        raise SecretUnreadable("The stored secret does not open with any key of this installation.") from error
    return renewed.decode() if isinstance(sealed, str) else renewed


def new_key() -> str:
    """A key as the key file holds it."""
    return Fernet.generate_key().decode()


def _token(sealed: str | bytes | memoryview) -> bytes:
    return sealed.encode() if isinstance(sealed, str) else bytes(sealed)


def set_host_secrets(host: Host, *, password: str = "", private_key: str = "", passphrase: str = "") -> None:
    """Seals a host's secrets into the unsaved row."""
    host.sealed_password, host.sealed_private_key, host.sealed_passphrase = seal(password), seal(private_key), seal(passphrase)


def host_secrets(host: Host) -> tuple[str, str, str]:
    """Password, private key and passphrase in the open: for `ConnectionDetails` only."""
    return unseal(host.sealed_password), unseal(host.sealed_private_key), unseal(host.sealed_passphrase)


def set_host_next_key(host: Host, private_key: str) -> None:
    """Seals a key that waits to be installed into the unsaved row; empty: none waits."""
    host.sealed_next_key = seal(private_key)


def host_next_key(host: Host) -> str:
    """The key that waits to be installed, in the open: for `ConnectionDetails` only."""
    return unseal(host.sealed_next_key)


def set_site_secrets(site: Site, *, basic_password: str, headers: list[tuple[str, str]]) -> None:
    """Seals a site's basic password and own request headers into the unsaved row."""
    site.sealed_basic_password = seal(basic_password)
    site.sealed_headers = seal(json.dumps(headers)) if headers else ""


def basic_password(site: Site) -> str:
    """The password of HTTP basic authentication, in the open."""
    return unseal(site.sealed_basic_password)


def sent_login(site: Site) -> tuple[str, str] | None:
    """The user name and password that a site's probes send by HTTP basic authentication, in the open; None where they send none."""
    if site.basic_user and site.sealed_basic_password:
        return site.basic_user, basic_password(site)
    sent = next((value for name, value in request_headers(site) if name.lower() == "authorization"), "") if site.sealed_headers else ""
    kind, _space, coded = sent.partition(" ")
    try:
        user, _mark, password = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if kind.lower() == "basic" and user and password else None


def request_headers(site: Site) -> tuple[tuple[str, str], ...]:
    """The site's own request headers, in the open."""
    return tuple((name, value) for name, value in json.loads(unseal(site.sealed_headers) or "[]"))
