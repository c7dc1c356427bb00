"""What keeps visitors, or attackers, out: a part of WordPress, told by its name, or a line of a program."""

from __future__ import annotations

import re

from diagnostics.installed import Component
from sites.texts import mark as _

QUARANTINE = _("Hosts shut files in which they found harmful code like this. Only a person can say whether this one is clean.")

# Rather too often than not: what is told so stays in its place unless a person says otherwise.
_GUARDS = re.compile(
    r"secur|firewall|wordfence|ithemes|sucuri|cerber|defender|protect|restrict|private|member|login|password|passwd|2fa|two-factor|"
    r"auth|captcha|lock|block|ban|coming-soon|maintenance|under-construction|paid|subscri|access|shield|waf|spam",
    re.IGNORECASE,
)
# What in a program, or in its settings, keeps somebody out: WordPress's own names for it, and PHP's.
IN_PROGRAMS = re.compile(
    rb"DISALLOW_FILE|FORCE_SSL|REMOTE_ADDR|PHP_AUTH|\b40[13]\b|is_user_logged_in|current_user_can|wp_verify_nonce|check_admin_referer"
)


def guards(part: Component) -> bool:
    """Whether, by its name, it keeps somebody out of something."""
    return bool(_GUARDS.search(f"{part.slug} {part.title}"))
