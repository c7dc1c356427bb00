"""cPanel with suEXEC: as apache-755, and scripts that others may write are refused with a 500."""

from __future__ import annotations

from dataclasses import replace

from diagnostics.htaccess.server import overriding
from diagnostics.profiles.apache_755 import PROFILE as APACHE
from diagnostics.profiles.base import RootPolicy
from sites.texts import mark as _

PROFILE = replace(
    APACHE,
    name="cpanel-suexec",
    title=_("cPanel with suEXEC"),
    source="Apache suEXEC (support/suexec.c), cPanel's usual modes",
    root=RootPolicy(most=0o755, accept=(0o711,)),
    docroot_accept=(0o750, 0o755),
    refuses_writable_by_others=True,
    docroots=("public_html", "www", "htdocs", "httpdocs", "web", "public"),
    server=overriding(APACHE.server, "All"),  # EasyApache 4, ea4_main.default: <Directory "/">
    error_logs=("logs/error_log", "logs/error.log", "error_log", "error.log"),
)
