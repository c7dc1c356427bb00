"""What is heard from `sites`: a new incident is diagnosed at once, since that only reads; what a repair needs is not removed under it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import ProtectedError, QuerySet
from django.db.models.signals import pre_delete, pre_save
from django.dispatch import receiver
from django.utils.translation import gettext as _

from sites.models import Host, Incident, Site
from sites.pages import finding as finding_pages
from sites.signals import deployment_finished, incident_opened, sites_in_work

from . import diagnosing, steps, visiting
from .baselines import taking as baseline_taking
from .models import Step


def _most_visited(site: Site) -> Iterator[finding_pages.Proposal]:
    for path, reason in visiting.proposed_pages(site):
        yield finding_pages.Proposal(path, reason)


finding_pages.add_source(_most_visited)


@receiver(incident_opened, dispatch_uid="diagnose-new-incident")
def diagnose(sender: Any, incident_id: int, **_rest: Any) -> None:
    """Asks for its cause."""
    incident = Incident.objects.select_related("site").filter(pk=incident_id).first()
    if incident is not None:
        diagnosing.of_incident(incident)


@receiver(deployment_finished, dispatch_uid="baseline-after-deployment")
def take_baseline(sender: Any, site_id: int, result: str, **_rest: Any) -> None:
    """After a deployment that went well its files are what the site is from now on."""
    if result == "well":
        baseline_taking.after_deployment(site_id)


def _steps_in_work() -> QuerySet[Step]:
    return Step.objects.filter(state__in=(Step.State.QUEUED, *steps.UNFINISHED), action__in=("repair", "trial"))


def _in_work(**of: Any) -> bool:
    return _steps_in_work().filter(**of).exists()


def _refuse(step_rows: dict[str, Any], row: Any) -> None:
    if _in_work(**step_rows):
        raise ProtectedError(_("A repair is being made there just now. Nothing was changed. Try again in a minute."), {row})


@receiver(sites_in_work, dispatch_uid="sites-in-work")
def tell_sites_in_work(sender: Any, **_rest: Any) -> set[int]:
    """Those that a repair is changing just now: neither deleted nor moved to another host."""
    return set(_steps_in_work().values_list("case__site_id", flat=True))


@receiver(pre_delete, sender=Site, dispatch_uid="keep-site-in-work")
def keep_site(sender: Any, instance: Site, **_rest: Any) -> None:
    """A site is not deleted under a running repair: its journal is what takes the change back. Raises ProtectedError."""
    _refuse({"case__site": instance}, instance)


@receiver(pre_delete, sender=Host, dispatch_uid="keep-host-in-work")
def keep_host(sender: Any, instance: Host, **_rest: Any) -> None:
    """As `keep_site`, for the host that the worker is writing to."""
    _refuse({"case__site__host": instance}, instance)


@receiver(pre_save, sender=Site, dispatch_uid="keep-host-of-site-in-work")
def keep_connection(sender: Any, instance: Site, update_fields: frozenset[str] | None = None, **_rest: Any) -> None:
    """As `keep_site`: a site does not move to another host while a step writes to the old one."""
    if instance.pk is None or (update_fields is not None and "host" not in update_fields):
        return
    if Site.objects.filter(pk=instance.pk).values_list("host_id", flat=True).first() != instance.host_id:
        _refuse({"case__site": instance}, instance)
