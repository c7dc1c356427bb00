"""The servers of the transports' tests: a manifest is read from each of them."""

from __future__ import annotations

from tests.diagnostics.transports.conftest import bare_server, local_account, local_place, place, sftp_server, ssh_server

__all__ = ["bare_server", "local_account", "local_place", "place", "sftp_server", "ssh_server"]
