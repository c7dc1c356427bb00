"""Removes secrets from text that came from a host, before it is stored, shown or handed on."""

from __future__ import annotations

import re

HIDDEN = "[removed]"

_PATTERNS = (
    # name = value, "name" => 'value', define('NAME', 'value'), name: value
    re.compile(
        r"""(?ix)([\w-]*(?:passw(?:or)?d|passwd|pwd|secret|token|api[_-]?key|auth[_-]?key|salt|nonce)[\w-]*["']?\s*(?:=>|[=:,])\s*)("[^"]*"|'[^']*'|[^\s&;,)]+)"""
    ),
    re.compile(r"(?i)(\bauthorization:\s*\w+\s+)(\S+)"),
    re.compile(r"(?i)(\b(?:set-)?cookie:\s*)(.+)"),
    re.compile(r"([a-z][a-z0-9+.-]*://[^\s:/@]+:)([^\s@/]+)(?=@)"),
    re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(?=-----END|$)", re.DOTALL),
)


def redact(text: str) -> str:
    """The text with what looks like a secret replaced; everything else stays as it is."""
    for pattern in _PATTERNS:
        text = pattern.sub(lambda found: found[1] + HIDDEN, text)
    return text
