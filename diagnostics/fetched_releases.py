"""A release that did not come while a diagnosis was made: a worker fetches it, and the failure that needs it is looked at again."""

from __future__ import annotations

from collections.abc import Sequence

from sites.models import Site

from . import diagnosing
from .models import Diagnosis
from .releases import fetching
from .releases.published import NotPublished, Release


def fetch(values: Sequence[str], site_id: int) -> Diagnosis | None:
    """Fetches it where it is not here yet. The diagnosis that was asked for then, where the site still fails."""
    try:
        release = Release(*values)
    except (NotPublished, TypeError):
        return None
    package = fetching.opened(release, fetching.IN_BACKGROUND_S)
    if package is None:
        return None
    package.close()
    site = Site.objects.filter(pk=site_id).first()
    incident = site.incidents.filter(resolved_at=None).first() if site else None
    return diagnosing.request(site, incident) if site and incident else None
