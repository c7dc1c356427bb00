"""Handles that are kept from one batch to the next."""

from __future__ import annotations

import certifi

from sites.probing import wire


def test_handle_remembers_whose_identity_it_carries_when_it_is_used_again():
    kept = wire.Wire(certifi.where())
    handle = kept.handle()
    assert handle.identity == ""
    handle.identity = "Sitemend/1"
    kept.put_back(handle)
    assert kept.handle().identity == "Sitemend/1"
    kept.close()
