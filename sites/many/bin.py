"""Deleted sites are kept for a week: not probed, not shown, their names free. Out of the bin they come back as they were."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import ProtectedError, QuerySet
from django.utils import timezone

from sites import registration
from sites.many import changes as bulk_changes
from sites.models import BulkChange, Host, ProbeResult, Site, SiteImport

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=7)
CHANGES_FOR = timedelta(days=7)
PREVIEWS_FOR = timedelta(hours=1)
_AT_ONCE = 2000  # rows of one deletion: the database is free for others in between


def deleted_sites(user: AbstractBaseUser) -> QuerySet[Site]:
    """What is in the bin of a person's teams, the newest first."""
    return Site.with_deleted.filter(team__memberships__user=user, deleted_at__isnull=False).order_by("-deleted_at", "name")


def restore(ids: Iterable[int]) -> int:
    """Takes sites out of the bin. They are paused if they were before; one whose name was taken gets a number. Returns how many."""
    kept, columns = sorted(set(ids)), ("deleted_at", "paused_at", "paused_until")
    with transaction.atomic():
        rows = Site.with_deleted.select_for_update().filter(pk__in=kept, deleted_at__isnull=False).order_by("pk")
        # What the bin itself paused was paused at the moment of the deletion.
        back = {
            pk: (None, None, None) if paused_at == deleted_at else (None, paused_at, until)
            for pk, deleted_at, paused_at, until in rows.values_list("pk", *columns)
        }
        bulk_changes.free_names(list(back))
        bulk_changes.write(columns, back)
        bulk_changes.stand_again(list(back))
    return len(back)


def remove_for_good(ids: Iterable[int]) -> int:
    """Deletes sites that are in the bin with all that was recorded of them. One that a repair works on stays. Returns how many."""
    removed = 0
    for site in Site.with_deleted.filter(pk__in=list(ids), deleted_at__isnull=False):
        try:
            _remove(site)
        except ProtectedError as error:
            log.warning("site %s stays in the bin: %s", site.pk, error.args[0])
            continue
        removed += 1
    return removed


def _remove(site: Site) -> None:
    """Single results first, a part at a time: a busy site has a hundred thousand, and nobody shall wait for them."""
    for page in site.pages.all():
        while ids := list(ProbeResult.objects.filter(page=page).order_by().values_list("pk", flat=True)[:_AT_ONCE]):
            ProbeResult.objects.filter(pk__in=ids).delete()
    registration.delete_site(site)


def prune(now: datetime | None = None) -> dict[str, int]:
    """What has lain long enough: sites in the bin, what could be undone, previews, hosting accounts that only an undone import used."""
    now = now or timezone.now()
    old = Site.with_deleted.filter(deleted_at__lt=now - KEPT_FOR).values_list("pk", flat=True)
    removed = remove_for_good(list(old))
    unused = Host.objects.filter(imported_in__state=SiteImport.State.UNDONE, practice=False)
    unused = unused.exclude(pk__in=Site.with_deleted.filter(host__isnull=False).values("host_id"))
    unused = unused.filter(reached_through_it=None)  # another account lies behind it
    unused = unused.exclude(host_key_accepted_at__isnull=False)  # somebody has looked at it and means to use it
    hosts = unused.delete()[0]
    changes = BulkChange.objects.filter(at__lt=now - CHANGES_FOR).delete()[0]
    return {"deleted_sites": removed, "hosts_of_undone_imports": hosts, "bulk_changes": changes, "previews": remove_old_previews(now)}


def remove_old_previews(now: datetime | None = None) -> int:
    """Imports that nobody confirmed within the hour: what they hold may be secret."""
    limit = (now or timezone.now()) - PREVIEWS_FOR
    return SiteImport.objects.filter(state=SiteImport.State.PREVIEW, at__lt=limit).delete()[0]
