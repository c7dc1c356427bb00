"""Looks as the incidents of a site see them: they hold an incident as its pages do, and say for whom it fails.

A failing look counts only where the plain probe of its page is well: a page that fails for everybody has its own incident.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sites import judging
from sites.bulk import update_rows
from sites.judging import PageState, Pattern, Scope, Verdict
from sites.models import Look, Page, Site
from sites.storing.samples import Sample

_UNDECIDED = timedelta(seconds=40)  # a look that is being confirmed is waited for so long: all it concerns are told in one mail


def sample_of(look: Look) -> Sample:
    """The look as a sample of its page (which must be loaded)."""
    extra = {"fp": look.state["fp"]} if "fp" in look.state else {}
    return Sample(look.page, judging.state_from_json(look.state), extra, look.verdict, look=look.what)


def failing(site_ids: Iterable[int]) -> dict[int, list[Sample]]:
    """The looks of these sites that are not well, in one query."""
    rows = Look.objects.filter(page__site_id__in=list(site_ids), last_at__isnull=False).exclude(verdict=Verdict.UP)
    found: dict[int, list[Sample]] = defaultdict(list)
    for look in rows.select_related("page").order_by("page__position", "page_id", "pk"):
        found[look.page.site_id].append(sample_of(look))
    return found


def may_open(sample: Sample, samples: Sequence[Sample]) -> bool:
    """Whether a failing sample opens an incident. A look does when the plain probe, made since, is well and its siblings are decided."""
    if not sample.look:
        return True
    page, since = sample.page, sample.state.failing_since
    if page.verdict != Verdict.UP or page.last_at is None or since is None or page.last_at < since:
        return False
    newest = max((other.outcome.at for other in samples if other.outcome), default=since)
    return not any(
        other.look
        and other.page.pk == page.pk
        and other.state.verdict == Verdict.SUSPECT
        and other.state.failing_since is not None
        and newest - other.state.failing_since < _UNDECIDED
        for other in samples
    )


def shape(samples: Sequence[Sample], held: Sequence[Sample]) -> tuple[str, str, str]:
    """Scope, pattern and kinds of look of an incident: `held` are the samples that fail with it, `samples` all of its site.

    The kinds are empty when the plain probe fails too.
    """
    pages = [sample for sample in samples if not sample.look]
    if not held or any(not sample.look for sample in held):
        states = [sample.state for sample in pages]
        return str(judging.scope(states)), str(judging.site_pattern(states)), ""
    concerned = {sample.page.pk for sample in held}
    scope = Scope.ALL if concerned == {sample.page.pk for sample in pages} else Scope.SOME
    whats = {sample.look for sample in held}
    if Look.What.CACHE_PROOF in whats:
        pattern = judging.site_pattern([sample.state for sample in held])
    else:
        pattern = Pattern.SOME_DEVICES
    return str(scope), str(pattern), " ".join(what for what in Look.What.values if what in whats)


def summary(samples: Sequence[Sample]) -> str:
    """What failing looks add to their site, for `Site.looks`: kind, scope and pattern, separated by spaces; empty when none fails."""
    held = [sample for sample in samples if sample.look and sample.state.verdict == Verdict.DOWN]
    if not held:
        return ""
    scope, pattern, _whats = shape(samples, held)
    return " ".join((judging.site_kind([sample.state for sample in held]), scope, pattern))


def browser_of(site: Site) -> str:
    """The kind of browser that meets the failure of a site: the first for which alone it fails, else that of a desktop."""
    if judging.Pattern.SOME_DEVICES not in site.looks.split():
        return "desktop"
    down = set(Look.objects.filter(page__site=site, verdict=Verdict.DOWN).values_list("what", flat=True))
    return next((what for what in ("desktop", "phone", "bot") if what in down), "desktop")


def sum_up(site: Site, pages: Sequence[PageState]) -> str:
    """Writes kind, scope and pattern into the unsaved row; returns the verdict: of its pages, or of failing looks where they are up."""
    verdict = judging.site_verdict(pages)
    if verdict == Verdict.UP and site.looks:
        site.kind, site.scope, site.pattern = site.looks.split()
        return str(Verdict.DOWN)
    site.kind, site.scope = judging.site_kind(pages), str(judging.scope(pages))
    site.pattern = str(judging.site_pattern(pages))
    return str(verdict)


def pages_of(sites: Mapping[int, Site]) -> dict[int, list[Sample]]:
    """The pages of these locked sites as they are stored, in their order, in one query."""
    found: dict[int, list[Sample]] = defaultdict(list)
    for page in Page.objects.filter(site_id__in=list(sites)).order_by("position", "pk"):
        page.site = sites[page.site_id]
        found[page.site_id].append(Sample.of(page))
    return found


def store_summaries(sites: Mapping[int, Site], samples: Mapping[int, Sequence[Sample]], now: datetime) -> list[Site]:
    """Sums up locked sites from the samples of all their pages and failing looks; returns those that were down and are up."""
    rows: dict[int, tuple[str | datetime | None, ...]] = {}
    recovered: list[Site] = []
    for pk, site in sites.items():
        before, site.looks = site.verdict, summary(samples[pk])
        site.verdict = sum_up(site, [sample.state for sample in samples[pk] if not sample.look])
        if site.verdict != before:
            site.verdict_since = now
            if (before, site.verdict) == (Verdict.DOWN, Verdict.UP):
                recovered.append(site)
        rows[pk] = tuple(getattr(site, name) for name in _SITE_COLUMNS)
    update_rows(Site, rows, _SITE_COLUMNS)
    return recovered


_SITE_COLUMNS = ("looks", "verdict", "verdict_since", "kind", "scope", "pattern")
