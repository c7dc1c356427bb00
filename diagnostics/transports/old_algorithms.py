"""Servers that share no way of encrypting with us: what they offer, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from diagnostics.transports.base import OldAlgorithms
from diagnostics.transports.failures import explained, printable
from sites.texts import mark as _

if TYPE_CHECKING:
    from diagnostics.transports.listening import HeardTransport

# The names of sshd_config(5), which is where the host's people look, and the lists of RFC 4253 section 7.1.
_OPTIONS = (
    ("KexAlgorithms", "kex", ("kex_algo_list",)),
    ("HostKeyAlgorithms", "key_types", ("server_key_algo_list",)),
    ("Ciphers", "ciphers", ("client_encrypt_algo_list", "server_encrypt_algo_list")),
    ("MACs", "digests", ("client_mac_algo_list", "server_mac_algo_list")),
)
# SHA-1 and MD5, DSA, RC4, ciphers with small blocks or in CBC mode: RFC 8332, RFC 8758, RFC 9142.
_OLD = re.compile(
    r"ssh-(dss|rsa)(-cert.*)?|.*-sha1(-.*)?|.*-cbc(@.*)?|arcfour.*|(3des|blowfish|cast128|none).*|hmac-(md5|ripemd).*|umac-64.*"
)
_NO_ALGORITHM = re.compile(r"(ext-info|kex-strict)-.*")
_SHOWN = 6  # names per kind
_NAME_LIMIT = 64  # RFC 4251 section 6

_HINT_UPDATE = _(
    "Nothing secret was sent. Ask your host to update its SSH server (OpenSSH 7.2 or newer). "
    "Until then use its SFTP on another port, or FTPS, if it offers one."
)
_HINT_ALLOW = _("Nothing secret was sent. Ask your host to allow one more of the usual algorithms, or use FTPS if it offers that.")


def nothing_in_common(transport: HeardTransport, address: str) -> OldAlgorithms:
    """Names what the host offers where nothing of it is spoken here."""
    spoken = transport.get_security_options()
    missing: list[tuple[str, list[str]]] = []
    for option, ours, lists in _OPTIONS:
        for offered in (_algorithms(transport.offers.get(name, ())) for name in lists):
            if not set(offered) & set(getattr(spoken, ours)):
                missing.append((option, offered))
                break
    shown = transport.secrets.hidden("; ".join(f"{option} {_listed(names)}" for option, names in missing))
    if missing and all(_OLD.fullmatch(name) for _option, names in missing for name in names):
        text = _("{address} offers only old SSH algorithms that are no longer safe: {offered}.")
        return explained(OldAlgorithms, text, _HINT_UPDATE, address=address, offered=shown)
    text = _("{address} and Sitemend share no way of encrypting. It offers only: {offered}.")
    return explained(OldAlgorithms, text, _HINT_ALLOW, address=address, offered=shown or "–")


def speaks_version_1(address: str) -> OldAlgorithms:
    """A server from before RFC 4253."""
    return explained(OldAlgorithms, _("{address} speaks only version 1 of SSH, which is no longer safe."), _HINT_UPDATE, address=address)


def _algorithms(offered: Iterable[str]) -> list[str]:
    return [name for name in offered if name and not _NO_ALGORITHM.fullmatch(name)]


def _listed(names: list[str]) -> str:
    shown = ", ".join(printable(name[:_NAME_LIMIT]) for name in names[:_SHOWN])
    return (shown + ", …" if len(names) > _SHOWN else shown) or "–"
