"""What is done about many blind sites at once: their connections tested, or an account given to them. Each row with what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from diagnostics.connections import host_tests
from diagnostics.coverage import searching
from sites.many import changes as bulk_changes
from sites.models import Host, Site

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one site. `done`: it is as it was wanted."""

    site: Site
    done: bool
    words: str


def test(ids: Sequence[int]) -> tuple[int, int]:
    """Asks for a test of the connections of these sites, each host once. Returns how many, and how many sites have no connection."""
    hosts = Host.objects.filter(sites__in=list(ids), practice=False).distinct()
    without = Site.objects.filter(pk__in=list(ids), host=None).count()
    return host_tests.want_again(hosts), without


def connect(user: AbstractBaseUser, ids: Sequence[int], host: Host) -> list[Result]:
    """Gives these sites this account; where a folder is missing it is looked for. What is in work, or another team's, stays as it is."""
    sites = list(Site.objects.filter(pk__in=list(ids)).order_by("name"))
    fitting = [site.pk for site in sites if site.team_id == host.team_id]
    before = {site.pk: site.host_id for site in sites}
    if fitting:
        bulk_changes.set_host(user, fitting, host)
    after = dict(Site.objects.filter(pk__in=fitting).values_list("pk", "host_id"))
    results = [_result(site, host, before[site.pk], after.get(site.pk)) for site in sites]
    searching.request([result.site.pk for result in results if result.done])
    return results


def _result(site: Site, host: Host, before: int | None, after: int | None) -> Result:
    if site.team_id != host.team_id:
        return Result(site, False, _("Belongs to another team than this account: left as it was."))
    if after != host.pk:
        return Result(site, False, _("A repair is being made on it just now: left as it was. Try again in a minute."))
    if before == host.pk:
        return Result(site, True, _("Was connected to it already. Its folder and logs are looked for."))
    return Result(site, True, _("Connected. Its folder and logs are looked for."))
