"""What WordPress says of its database to whoever opens its installer: more than on its pages. One GET, which changes nothing.

The words are translated, so what stands in them counts: the name of the database or of its server (wpdb::select, wpdb::db_connect), the
link to the repair page (is_blog_installed).
"""

from __future__ import annotations

import re
from dataclasses import replace

from django.conf import settings

from sites.models import Page, Site
from sites.probing.engine import probe_many
from sites.probing.outcome import Kind, Purpose
from sites.recording import guard_from_settings, requests_for

from .evidence import Evidence, Unreadable
from .installed import Application, DatabaseTrial

_PATH = "wp-admin/install.php"
_PATIENCE_S = 4.0  # a diagnosis has little time left by then
_CODE = re.compile(r"<code>([^<>]{1,200})</code>")


def with_installer_page(site: Site, evidence: Evidence) -> Evidence:
    """Asked only where a page shows a database error and the database itself could not be asked."""
    failing = [page.path for page in evidence.site.pages if page.kind == Kind.DATABASE_ERROR.value]
    application = next((each for each in evidence.applications if each.name == "wordpress" and set(each.serves) & set(failing)), None)
    if application is None or not isinstance(evidence.database, Unreadable):
        return evidence
    folder = application.core.removeprefix(evidence.docroot.rstrip("/")).strip("/")
    page = Page(pk=0, site=site, path=f"/{folder}/{_PATH}".replace("//", "/"))
    requests = [replace(each, time_limit_s=min(each.time_limit_s, _PATIENCE_S)) for each in requests_for([page], Purpose.CONFIRMATION)]
    outcome = next(iter(probe_many(requests, guard=guard_from_settings(), contact_url=settings.SITEMEND_BASE_URL)), None)
    trial = understood(outcome.body.decode("utf-8", "replace"), application) if outcome and outcome.body else None
    return replace(evidence, database=trial) if trial else evidence


def understood(body: str, application: Application) -> DatabaseTrial | None:
    """None for a page that says no more than that there is an error."""
    named = [code.strip() for code in _CODE.findall(body)]
    name, host = application.setting("DB_NAME"), application.setting("DB_HOST")
    given = ("page", host, name, application.setting("table_prefix"), application.settings_path)
    if "repair.php?referrer=is_blog_installed" in body:
        return DatabaseTrial(*given, stage="read", code=1146, message=_said(body), tables=1)
    if name and name in named and "wp-config.php" not in named:
        return DatabaseTrial(*given, stage="select", code=1049, message=_said(body))
    return None


def _said(body: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^<>]{0,2000}>", " ", body, flags=re.DOTALL)).strip()[:300]
