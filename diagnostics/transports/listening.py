"""paramiko's transport, which also keeps what the server said: what it offers, and its last words."""

from __future__ import annotations

from typing import Any

import paramiko

from diagnostics.transports.secrecy import Secrets

# RFC 4253 section 6.1 asks for 35,000 bytes; OpenSSH sends up to 256 KB, and a login banner of 1 MB in one packet.
PACKET_LIMIT = 2 * 1_048_576


class HeardTransport(paramiko.Transport):
    """Keeps the algorithms that the server offers and the reason it gives when it hangs up (RFC 4253 sections 7.1 and 11.1)."""

    def __init__(self, sock: Any, secrets: Secrets) -> None:
        super().__init__(sock)
        self.secrets = secrets
        self.offers: dict[str, tuple[str, ...]] = {}
        self.farewell = ""
        self._limit_packets()

    def _limit_packets(self) -> None:
        """paramiko believes any packet length up to 4 GB and collects until it has all of it."""
        read_all = self.packetizer.read_all

        def bounded(size: int, check_rekey: bool = False) -> bytes:
            if size > PACKET_LIMIT:
                raise paramiko.SSHException("packet too large")
            return read_all(size, check_rekey)

        self.packetizer.read_all = bounded

    def _really_parse_kex_init(self, m: paramiko.Message, ignore_first_byte: bool = False) -> dict[str, Any]:
        parsed = super()._really_parse_kex_init(m, ignore_first_byte)
        self.offers = self.offers or {name: tuple(value) for name, value in parsed.items() if isinstance(value, list)}
        return parsed

    def _parse_disconnect(self, m: paramiko.Message) -> None:
        m.get_int()
        self.farewell = self.secrets.shown(m.get_binary().decode("utf-8", "replace"))
