""" "We are deploying": a window for one site, quick probes while it is on, and at its end a result.

The window ends when its time is over or somebody says "done". From that moment failures are told as usual; the result follows as
soon as every page was probed again and is certain.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sites import signals
from sites.judging import Verdict
from sites.models import DeployHook, Deployment, Page, Site
from sites.probing.outcome import Kind
from sites.windows import maintenance
from sites.wording import failure_sentence, some_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

DEFAULT_MINUTES = 15
LEAST_MINUTES, MOST_MINUTES = 1, 240
QUICK_S = 15.0  # between two probes of a page while it is deployed
PER_PAGE_S = 1.5  # a site with many pages is asked more slowly, so that a deployment is not slowed by our looking
MOST_QUICK_S = 60.0
CONCLUDE_WITHIN = timedelta(minutes=3)  # later the result is "not known": probing is behind, or the site answers neither yes nor no

Result = Deployment.Result


def running(site: Site) -> Deployment | None:
    """The deployment that has no result yet."""
    return Deployment.objects.filter(site=site, concluded_at=None).select_related("window").first()


def start(
    site: Site, minutes: int = DEFAULT_MINUTES, *, user: AbstractBaseUser | None = None, by_hook: bool = False, now: datetime | None = None
) -> Deployment:
    """Begins a deployment, or gives the one that is on more time. Quick probes begin at once."""
    now = now or timezone.now()
    ends_at = now + timedelta(minutes=min(max(minutes, LEAST_MINUTES), MOST_MINUTES))
    try:
        with transaction.atomic():
            Site.objects.select_for_update().get(pk=site.pk)
            current = running(site)
            if current is not None and current.finished_at is None:
                return _extend(current, ends_at, now)
            if current is not None:  # its last probes are still being made: the new one says how the site is
                _conclude(current, Result.NOT_KNOWN, _("Another deployment began before the last probes of this one."), now)
            window = maintenance.create_once(site, now, ends_at - now, title=_("Deployment"), user=user)
            found = Deployment.objects.create(site=site, window=window, started_at=now, started_by=user, by_hook=by_hook, ends_at=ends_at)
    except IntegrityError:  # two at once: the first has begun it
        return start(site, minutes, user=user, by_hook=by_hook, now=now)
    _hurry(now, [found])
    return found


def _extend(deployment: Deployment, ends_at: datetime, now: datetime) -> Deployment:
    """More time, never less."""
    deployment.ends_at = max(deployment.ends_at, ends_at)
    deployment.save(update_fields=["ends_at"])
    if deployment.window is not None:
        deployment.window.duration_s = round((deployment.ends_at - deployment.started_at).total_seconds())
        maintenance.save(deployment.window, now)
    return deployment


def finish(site: Site, now: datetime | None = None) -> Deployment | None:
    """ "Done": the window ends and all pages are probed at once; the result follows. None when none is running."""
    now = now or timezone.now()
    with transaction.atomic():
        current = Deployment.objects.select_for_update().filter(site=site, concluded_at=None).first()
        if current is not None and current.finished_at is None:
            _close(current, now)
    return current


def _close(deployment: Deployment, now: datetime) -> None:
    deployment.finished_at = now
    deployment.save(update_fields=["finished_at"])
    if deployment.window is not None:
        maintenance.end_now(deployment.window, now)
    deployment.site.pages.filter(due_at__gt=now).update(due_at=now)


def watch(now: datetime | None = None) -> int:
    """One round: quick probes for what is on, the end of what is over, the result of what is certain. Returns how many had a result."""
    now = now or timezone.now()
    unfinished = list(Deployment.objects.filter(concluded_at=None).select_related("site", "window"))
    concluded = 0
    for deployment in unfinished:
        if deployment.finished_at is None and deployment.ends_at <= now:
            with transaction.atomic():
                # Where somebody has given it more time in this moment, it goes on.
                if Deployment.objects.select_for_update().filter(pk=deployment.pk, finished_at=None, ends_at__lte=now).exists():
                    _close(deployment, now)
        if deployment.finished_at is not None:
            concluded += _try_to_conclude(deployment, now)
    _hurry(now, [deployment for deployment in unfinished if deployment.finished_at is None])
    return concluded


def _hurry(now: datetime, deployments: Iterable[Deployment]) -> None:
    """Makes pages due that have not been probed for some seconds."""
    sites = [deployment.site_id for deployment in deployments]
    if not sites:
        return
    rows = Page.objects.filter(site_id__in=sites).values_list("site_id", "site__interval_s").annotate(n=Count("pk")).order_by()
    for site_id, interval_s, pages in rows:
        quick_s = min(MOST_QUICK_S, max(QUICK_S, pages * PER_PAGE_S))
        if interval_s <= 1.5 * quick_s:  # quick enough by itself
            continue
        pause = timedelta(seconds=quick_s)
        waiting = Page.objects.filter(site_id=site_id, due_at__gt=now).filter(Q(last_at=None) | Q(last_at__lte=now - pause))
        # One that refuses us is not asked more often because of a deployment.
        waiting.exclude(kind=Kind.BLOCKED).update(due_at=now)


def _try_to_conclude(deployment: Deployment, now: datetime) -> int:
    pages = list(deployment.site.pages.all())
    found = verdict(pages, deployment.finished_at or now)
    if found is None and now - (deployment.finished_at or now) < CONCLUDE_WITHIN:
        return 0
    result, summary = found or (Result.NOT_KNOWN, _("Not every page could be judged within three minutes of its end."))
    return int(_conclude(deployment, result, summary, now))


def verdict(pages: list[Page], since: datetime) -> tuple[str, str] | None:
    """(result, summary) from what probes that began at or after `since` saw; None while a page is still to be probed or uncertain."""
    if not pages or any(page.due_at is None for page in pages):
        return Result.NOT_KNOWN, _("The site is paused: nothing was probed.")
    if any(page.last_at is None or page.last_at < since for page in pages):
        return None
    bad = [page for page in pages if page.verdict == Verdict.DOWN]
    if any(page.verdict == Verdict.SUSPECT or page.state.get("goods") for page in pages):
        return None  # the next probes decide
    odd = [page for page in pages if page.verdict == Verdict.UNKNOWN or page.kind == Kind.MAINTENANCE]
    if bad:
        what = failure_sentence(bad[0].kind, bad[0].last_status, detail=bad[0].last_detail)
        return Result.NOT_WELL, _("%(paths)s %(what)s.") % {"paths": some_of([page.path for page in bad]), "what": what}
    if any(page.kind == Kind.MAINTENANCE for page in odd):
        return Result.NOT_WELL, _("%(paths)s still shows a maintenance page.") % {"paths": some_of([page.path for page in odd])}
    if any(page.kind != Kind.BLOCKED for page in odd):
        return Result.NOT_KNOWN, _("Not every page is known: our own connection seems to be down.")
    if odd:
        return Result.NOT_KNOWN, _("%(paths)s refuses our probes.") % {"paths": some_of([page.path for page in odd])}
    return Result.WELL, ngettext("The page answers as expected.", "All %(n)d pages answer as expected.", len(pages)) % {"n": len(pages)}


def _conclude(deployment: Deployment, result: str, summary: str, now: datetime) -> bool:
    """Stores the result once, and tells whoever listens."""
    with transaction.atomic():
        mine = Deployment.objects.filter(pk=deployment.pk, concluded_at=None)
        if not mine.update(result=result, summary=summary[:300], concluded_at=now, finished_at=deployment.finished_at or now):
            return False
        told = {"deployment_id": deployment.pk, "site_id": deployment.site_id, "result": str(result)}
        transaction.on_commit(partial(signals.deployment_finished.send_robust, sender=Deployment, **told))
    return True


def last_ones(site: Site, most: int = 5) -> list[Deployment]:
    """The deployments of a site, the newest first."""
    return list(site.deployments.select_related("started_by").order_by("-started_at", "-pk")[:most])


@dataclass(frozen=True, slots=True)
class NewHook:
    """A hook with its token, which is known at this moment only."""

    hook: DeployHook
    token: str


def make_hook(site: Site, user: AbstractBaseUser | None = None) -> NewHook:
    """A new secret address for this site; the one before stops working."""
    token = secrets.token_urlsafe(32)
    values = {"token_hash": _hash(token), "created_at": timezone.now(), "created_by": user, "last_used_at": None}
    hook, _created = DeployHook.objects.update_or_create(site=site, defaults=values)
    return NewHook(hook, token)


def revoke_hook(site: Site) -> bool:
    """Ends the secret address. False when there was none."""
    return bool(DeployHook.objects.filter(site=site).delete()[0])


def hook_of(token: str) -> DeployHook | None:
    """The hook that this token opens."""
    return DeployHook.objects.select_related("site__team").filter(token_hash=_hash(token), site__deleted_at=None).first()


def note_use(hook: DeployHook) -> None:
    """Keeps when the hook was used."""
    DeployHook.objects.filter(pk=hook.pk).update(last_used_at=timezone.now())


def _hash(token: str) -> str:
    """The token has 256 random bits, so a plain hash cannot be turned back by guessing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
