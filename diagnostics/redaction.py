"""Takes secrets out of what a host said; the rules are those that apply to what visitors and servers said too."""

from __future__ import annotations

from sites.redaction import GONE, redact

__all__ = ["GONE", "redact"]
