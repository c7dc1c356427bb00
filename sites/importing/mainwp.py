"""MainWP's "Export Child Sites": comment lines, then `site name,url,admin name,admin password,tag,…`, each line ended by a carriage return
(MainWP_Settings::export_sites, pages/page-mainwp-settings.php). What would log in to WordPress is not read.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from sites.importing import mapping
from sites.importing.rows import Row

NAME = "mainwp"
HEADER = {"site name", "url"}


def row(number: int, values: dict[str, str]) -> Row:
    """One child site. A site without a name is called by its address, as MainWP does."""
    url = values.get("url", "").strip()
    name = mapping.one_line(values.get("site name")) or url.partition("://")[2].rstrip("/")
    tags = " ".join(mapping.tag(label) for label in values.get("tag", "").split(",") if label.strip())
    login = {"basic_user": values.get("http username", ""), "basic_password": values.get("http password", "")}
    return Row(number, {"name": name, "url": url, "tags": tags, **login})


def notes(header: list[str]) -> list[str]:
    return [_("WordPress logins and security ids in the file are neither read nor kept.")]
