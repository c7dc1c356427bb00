"""Checked rows become sites with their pages: all or nothing per row, a few statements for a thousand of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sites.bulk import insert_rows
from sites.importing.rows import CheckedRow, NewHost, Place
from sites.models import Host, Page, Site, SiteImport
from sites.scheduling import first_due

AT_ONCE = 500  # rows of one transaction: others may write in between
_A_SECOND = 100  # first probes that begin in one second

# Stores planned hosting accounts, each once, and tells which row of the database each became.
MakeHosts = Callable[[Sequence[NewHost], SiteImport], dict[Place, Host]]
# Stores what else belongs to rows whose sites stand now, in the same transaction. What that is, is not this app's business.
Complete = Callable[[Sequence[CheckedRow]], None]


def make(checked: Sequence[CheckedRow], made_by: SiteImport, make_hosts: MakeHosts, complete: Complete) -> int:
    """Stores the rows that were not refused and returns how many; one that failed meanwhile gets its `why`."""
    wanted = [row for row in checked if not row.why]
    spread_s = len(wanted) / _A_SECOND
    made = 0
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        try:
            with transaction.atomic():
                _store(part, made_by, make_hosts, complete, spread_s)
            made += len(part)
        except IntegrityError:  # somebody took one of the names meanwhile: find out which
            made += sum(_stored_alone(row, made_by, make_hosts, complete, spread_s) for row in part)
    return made


def _stored_alone(row: CheckedRow, made_by: SiteImport, make_hosts: MakeHosts, complete: Complete, spread_s: float) -> bool:
    try:
        with transaction.atomic():
            _store([row], made_by, make_hosts, complete, spread_s)
    except IntegrityError:
        row.why = _("There is already a site of this name.")
        return False
    return True


def _store(rows: Sequence[CheckedRow], made_by: SiteImport, make_hosts: MakeHosts, complete: Complete, spread_s: float) -> None:
    new = list({row.host.place: row.host for row in rows if isinstance(row.host, NewHost)}.values())
    hosts = make_hosts(new, made_by) if new else {}
    now = timezone.now()
    sites = []
    for row in rows:
        site = row.site
        site.pk, site._state.adding = None, True  # a first attempt may have been taken back
        site.imported_in = made_by
        site.host = hosts[row.host.place] if isinstance(row.host, NewHost) else row.host
        site.profile = _own_profile(row, site.host)
        sites.append(site)
    Site.objects.bulk_create(sites)
    insert_rows(Page, _PAGE_COLUMNS, [page for row in rows for page in _pages(row, now, spread_s)])
    complete(rows)


def _own_profile(row: CheckedRow, host: Host | None) -> str:
    """Empty where the host's is the same: the site then follows its host."""
    wanted = row.row.get("profile")
    return "" if host is not None and host.profile == wanted else wanted


# Every column of a page: what is left out has no default in the database.
_PAGE_COLUMNS = tuple(column.name for column in Page._meta.concrete_fields if not column.primary_key)
_PAGE_DEFAULTS: dict[str, Any] = {column.name: column.get_default() for column in Page._meta.concrete_fields if column.name != "id"}


def _pages(row: CheckedRow, now: datetime, spread_s: float) -> list[list[Any]]:
    site = row.site
    due, anchor = first_due(site.interval_s, now)
    due += timedelta(seconds=random.random() * min(spread_s, site.interval_s))
    due_or_paused = None if site.paused_at else due
    common = _PAGE_DEFAULTS | {"site": site.pk, "due_at": due_or_paused, "anchor_at": anchor}
    made = [common | {"path": path, "position": n} for n, path in enumerate(row.paths)]
    made[0] |= row.expectations
    return [[page[name] for name in _PAGE_COLUMNS] for page in made]
