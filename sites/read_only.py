"""Read-only mode: by an owner's choice nothing is ever written to a site's files, or to a whole hosting account. Reading goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sites.many.changes import in_work
from sites.models import Host, Site
from sites.wording import exact_words, moment_words


class NotNow(Exception):
    """It cannot be switched at this moment; the message says why. Nothing was changed."""


def is_on(site: Site) -> bool:
    """Whether nothing may be written to this site, by its own choice or by that of its account."""
    return site.read_only_since is not None or (site.host is not None and site.host.read_only_since is not None)


def words(site: Site, when: Callable[[datetime], str] = moment_words) -> str:
    """Why nothing is written, as a sentence; empty where writing is allowed. `when`: how its time is told."""
    if site.host is not None and site.host.read_only_since is not None:
        said = _("The hosting account %(name)s is in read-only mode, chosen by %(who)s (%(time)s): nothing is written to it.")
        return said % {"name": site.host.name, **_chosen(site.host, when)}
    if site.read_only_since is not None:
        said = _("This site is in read-only mode, chosen by %(who)s (%(time)s): nothing is written to its files.")
        return said % _chosen(site, when)
    return ""


def host_words(host: Host, when: Callable[[datetime], str] = moment_words) -> str:
    """The same for a hosting account by itself."""
    if host.read_only_since is None:
        return ""
    return _("Read-only mode, chosen by %(who)s (%(time)s): nothing is written to this account.") % _chosen(host, when)


def _chosen(row: Site | Host, when: Callable[[datetime], str]) -> dict[str, str]:
    who = str(row.read_only_by) if row.read_only_by else _("somebody who has left")
    return {"who": who, "time": when(row.read_only_since)}


def refusal(host_id: int, site_id: int | None, *paths: str) -> str:
    """Why nothing may be written to these paths for this site, as it is stored at this moment; empty where it may.

    A path belongs to the site whose docroot lies nearest above it, so that no site is changed in the name of its neighbour.
    """
    host = Host.objects.filter(pk=host_id).first()
    if host is None:
        return _("The hosting account was removed.")
    if host.read_only_since is not None:
        return host_words(host, exact_words)  # kept with what was done on the host: it has to be clear later, too
    there = list(Site.with_deleted.filter(host=host).select_related("host", "read_only_by"))
    if all(site.read_only_since is None for site in there):
        return ""
    touched = [site for site in there if site.pk == site_id]
    for path in paths:
        touched += _owners(there, path)
    for site in touched or there:
        if site.read_only_since is not None:
            return words(site, exact_words)
    return ""


def _owners(sites: list[Site], path: str) -> list[Site]:
    above = [site for site in sites if site.docroot and f"{path}/".startswith(site.docroot.rstrip("/") + "/")]
    nearest = max((len(site.docroot.rstrip("/")) for site in above), default=0)
    return [site for site in above if len(site.docroot.rstrip("/")) == nearest]


def switch_site(site: Site, user: AbstractBaseUser, *, on: bool) -> None:
    """Switches the mode of one site. Raises NotNow while a repair works on it: what is half done must be finished or taken back."""
    with transaction.atomic():
        Site.objects.select_for_update().get(pk=site.pk)
        if on and in_work([site.pk]):
            raise NotNow(_("A repair is being made there just now. Nothing was changed. Try again in a minute."))
        _store(site, user, on=on)


def switch_host(host: Host, user: AbstractBaseUser, *, on: bool) -> None:
    """The same for a hosting account with all its sites."""
    with transaction.atomic():
        Host.objects.select_for_update().get(pk=host.pk)
        if on and in_work(Site.with_deleted.filter(host=host).values_list("pk", flat=True)):
            raise NotNow(_("A repair is being made there just now. Nothing was changed. Try again in a minute."))
        _store(host, user, on=on)


def _store(row: Site | Host, user: AbstractBaseUser, *, on: bool) -> None:
    row.read_only_since, row.read_only_by = (timezone.now(), user) if on else (None, None)
    row.save(update_fields=["read_only_since", "read_only_by"])
