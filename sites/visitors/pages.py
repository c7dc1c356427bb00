"""Pages that are probed because visitors met errors there."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from sites.models import Page, Site, VisitorPage
from sites.registration import MOST_PAGES
from sites.scheduling import first_due
from sites.visitors.visits import may_be_probed

MOST_ADDED = 5
# Somebody who is not logged in may be asked to: that is no failure of such a page. Only a server error, or no answer, is.
EXPECTED = "200 204 206 301 302 303 307 308 400 401 403 404 405 410 422 429"


def watch(site: Site, state: VisitorPage, path: str, *, by_get: bool, now: datetime) -> Page | None:
    """The page of this path, probed from now on; None where it is not: asked for by POST, harmful to repeat, or enough are watched.

    One that a person took out again does not come back.
    """
    page = site.pages.filter(path=path).first()
    if page is not None:
        if page.due_at is not None and page.due_at > now:
            Page.objects.filter(pk=page.pk).update(due_at=now)
        return page
    added = VisitorPage.objects.filter(site=site).exclude(page=None).count()
    if state.added_at or not by_get or not may_be_probed(path) or added >= MOST_ADDED or site.pages.count() >= MOST_PAGES:
        return None
    due, anchor = first_due(site.interval_s, now)
    position = (site.pages.aggregate(last=Max("position"))["last"] or 0) + 1
    paused = site.paused_at is not None
    page = Page.objects.create(
        site=site, path=path, position=position, expected_statuses=EXPECTED, due_at=None if paused else due, anchor_at=anchor
    )
    state.page, state.added_at = page, now
    state.save(update_fields=["page", "added_at"])
    return page


def added(site: Site) -> list[VisitorPage]:
    """What is probed because visitors met errors there."""
    return list(VisitorPage.objects.filter(site=site).exclude(page=None).select_related("page").order_by("added_at"))


@transaction.atomic
def take_out(site: Site, page_id: int) -> str:
    """Stops probing such a page; returns its path, empty when it is none of these."""
    state = VisitorPage.objects.filter(site=site, page_id=page_id).select_related("page").first()
    if state is None or state.page is None:
        return ""
    path = state.page.path
    state.page.delete()
    VisitorPage.objects.filter(pk=state.pk).update(added_at=state.added_at or timezone.now())
    return path
