"""OVHcloud web hosting: root 705, folders 705, files 604 (OVHcloud guide "500 Internal Server Error", 2021-02-05 and 2026-06-08)."""

from __future__ import annotations

from diagnostics.htaccess.server import CLASSES, ServerKnowledge
from diagnostics.profiles.base import ModeRule, Profile, RootPolicy
from diagnostics.profiles.modules import USUAL_MODULES
from sites.texts import mark as _

SECRETS = ("*/.env", "*/wp-config.php", "*/configuration.php", "*.sql")
PRIVATE = ("*/.ssh", "*/.ssh/*")

PROFILE = Profile(
    name="ovh-mutualise",
    title=_("OVHcloud web hosting"),
    source="OVHcloud guide “500 Internal Server Error”, 2021-02-05 and 2026-06-08",
    root=RootPolicy(exact=0o705, most=0o705, disabled=(0o700, 0o000)),
    rules=(
        ModeRule("", 0, 0, None, match=PRIVATE, skip=True),
        ModeRule("file", 0o705, 0o500, 0o705, match=("*/cgi-bin/*", "*.cgi", "*.pl")),
        ModeRule("file", 0o604, 0o400, None, match=SECRETS, accept=(0o600, 0o400, 0o604), advise=0o600),
        ModeRule("folder", 0o705, 0o505, 0o705),
        ModeRule("file", 0o604, 0o404, 0o604),
    ),
    log_lag_s=300,
    mode_lag_s=1200,
    # Its guides on .htaccess use directives of every class; which of the Options may be named they do not say.
    server=ServerKnowledge(loaded=USUAL_MODULES, overrides=CLASSES),
)
