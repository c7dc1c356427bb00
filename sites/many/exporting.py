"""The sites that are filtered now as CSV or JSON, in the columns of an import. Secrets do not leave."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from sites.importing.rows import COLUMNS, guarded
from sites.models import Host, Site

_AT_ONCE = 500


class Echo:
    """A file that hands back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(sites: QuerySet[Site]) -> Iterator[str]:
    """A CSV as Excel opens it. What a spreadsheet would run as a formula is marked with an apostrophe, which an import takes off."""
    table = csv.writer(Echo())
    yield "\ufeff" + table.writerow(COLUMNS)
    for site in _each(sites):
        yield table.writerow([guarded(value) for value in row_of(site).values()])


def json_lines(sites: QuerySet[Site]) -> Iterator[str]:
    """One JSON document, which an import reads as well."""
    yield '{"sites": ['
    for number, site in enumerate(_each(sites)):
        yield (",\n" if number else "\n") + json.dumps({name: value for name, value in row_of(site).items() if value}, ensure_ascii=False)
    yield "\n]}\n"


def _each(sites: QuerySet[Site]) -> Iterator[Site]:
    return sites.select_related("team", "host__via", "log_server").prefetch_related("pages").order_by("name").iterator(chunk_size=_AT_ONCE)


def row_of(site: Site) -> dict[str, Any]:
    """A site under the names of the columns, all as text."""
    pages = list(site.pages.all())
    first = next((page for page in pages if page.path == "/"), None)
    values = {
        "name": site.name,
        "url": site.url,
        "pages": " ".join(page.path for page in pages if page.path != "/"),
        "interval": str(site.interval_s),
        "tags": site.tags,
        "team": site.team.name,
        "host": site.host.name if site.host else "",
        "connect": connect_url(site.host) if site.host else "",
        "docroot": site.docroot,
        "error_log": site.error_log,
        "access_log": site.access_log,
        "profile": site.profile,
        "paused": "yes" if site.paused_at else "",
        "expected_status": first.expected_statuses if first else "",
        "must_contain": first.must_contain if first else "",
        "must_not_contain": first.must_not_contain if first else "",
        "time_limit": str(site.time_limit_s),
        "via": site.host.via.name if site.host and site.host.via else "",
        **_logs_of(site),
        "trials": site.trials,
        "set_aside": "yes" if site.sets_aside else "",
    }
    return {name: values[name] for name in COLUMNS}


def _logs_of(site: Site) -> dict[str, str]:
    """Where its host shows the logs by HTTPS: another app's row, so it may not be there."""
    server = getattr(site, "log_server", None)
    return {"log_server": server.url, "log_user": server.user} if server else {"log_server": "", "log_user": ""}


def connect_url(host: Host) -> str:
    """A connection without its secret: `sftp://user@host:port`."""
    if host.protocol == Host.Protocol.LOCAL:
        return "local:"
    address = f"[{host.address}]" if ":" in host.address else host.address
    return f"{host.protocol}://{host.user}@{address}:{host.port}"
