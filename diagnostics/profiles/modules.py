"""Modules that practically every shared hosting on Apache 2.4 has loaded."""

from __future__ import annotations

USUAL_MODULES = frozenset(
    [
        "mod_alias",
        "mod_auth_basic",
        "mod_authn_core",
        "mod_authn_file",
        "mod_authz_core",
        "mod_authz_host",
        "mod_authz_user",
        "mod_autoindex",
        "mod_deflate",
        "mod_dir",
        "mod_env",
        "mod_expires",
        "mod_filter",
        "mod_headers",
        "mod_mime",
        "mod_negotiation",
        "mod_rewrite",
        "mod_setenvif",
        "mod_version",
    ]
)
