"""A usual Apache with PHP-FPM: folders 755, files 644."""

from __future__ import annotations

from diagnostics.htaccess.server import ServerKnowledge
from diagnostics.profiles.base import ModeRule, Profile, RootPolicy
from diagnostics.profiles.modules import USUAL_MODULES
from diagnostics.profiles.ovh_mutualise import PRIVATE
from sites.texts import mark as _

RULES = (
    ModeRule("", 0, 0, None, match=PRIVATE, skip=True),
    ModeRule("file", 0o755, 0o500, 0o755, match=("*/cgi-bin/*", "*.cgi", "*.pl")),
    ModeRule("file", 0o644, 0o400, None, match=("*/.env", "*/wp-config.php"), accept=(0o400, 0o440, 0o600, 0o640, 0o644), advise=0o640),
    ModeRule("folder", 0o755, 0o505, 0o755),
    ModeRule("file", 0o644, 0o404, 0o644),
)

PROFILE = Profile(
    name="apache-755",
    title=_("Apache, folders 755 and files 644"),
    source="Apache HTTP Server, as Debian and most hosts set it up",
    root=RootPolicy(most=0o755),
    rules=RULES,
    server=ServerKnowledge(loaded=USUAL_MODULES),  # AllowOverride is what its host chose: not known
)
