"""What a part of WordPress is there for, told by its name: whether it keeps visitors, or attackers, out."""

from __future__ import annotations

import re

from diagnostics.installed import Component

# Rather too often than not: what is told so stays in its place unless a person says otherwise.
_GUARDS = re.compile(
    r"secur|firewall|wordfence|ithemes|sucuri|cerber|defender|protect|restrict|private|member|login|password|passwd|2fa|two-factor|"
    r"auth|captcha|lock|block|ban|coming-soon|maintenance|under-construction|paid|subscri|access|shield|waf|spam",
    re.IGNORECASE,
)


def guards(part: Component) -> bool:
    """Whether, by its name, it keeps somebody out of something."""
    return bool(_GUARDS.search(f"{part.slug} {part.title}"))
