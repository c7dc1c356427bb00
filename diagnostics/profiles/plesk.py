"""Plesk: as apache-755, with a docroot of 750 that belongs to the web server's group."""

from __future__ import annotations

from dataclasses import replace

from diagnostics.htaccess.server import CLASSES
from diagnostics.profiles.apache_755 import PROFILE as APACHE
from sites.texts import mark as _

# A domain "restricted to follow symbolic links" gets AllowOverride AuthConfig FileInfo Indexes Limit
# Options=Indexes,SymLinksIfOwnerMatch,MultiViews,ExecCGI,Includes,IncludesNOEXEC in its vhost, another one All.
LEFT_OUT_WHEN_RESTRICTED = frozenset({"followsymlinks", "all"})

PROFILE = replace(
    APACHE,
    name="plesk",
    title=_("Plesk"),
    source="Plesk's usual modes (`plesk repair fs`)",
    docroot_accept=(0o750, 0o755),
    docroots=("httpdocs", "htdocs", "public_html", "www", "web", "public"),
    server=replace(APACHE.server, overrides=CLASSES, doubtful_options=LEFT_OUT_WHEN_RESTRICTED),
    error_logs=("logs/error_log", "logs/proxy_error_log", "logs/error.log", "error_log"),
)
