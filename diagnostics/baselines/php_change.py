"""Whether another PHP version runs the site than when its last baseline was taken, and since when."""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.installed import Change
from diagnostics.manifests.comparing import Group, Named
from diagnostics.models import Baseline
from diagnostics.php.seen import ToldVersion
from sites import recording
from sites.models import Site
from sites.probing.outcome import Purpose

_ORDER = ("ovhconfig", "handler", "answer")  # what a person set, and then what the server answers


def powered_by(site: Site) -> str:
    """What the site's first page says of its PHP; "" where it does not. One plain request, of which nothing is stored."""
    outcomes = recording.probe_pages(list(site.pages.select_related("site")[:1]), Purpose.ROUTINE)
    headers = (pair for outcome in outcomes for pair in outcome.headers)
    return next((value for name, value in headers if name.lower() == "x-powered-by" and "php/" in value.lower()), "")[:200]


def between(baseline: Baseline, evidence: Evidence) -> Change | None:
    """Like is compared with like. A file tells since when, if it was written after the baseline; an answer alone does not."""
    for source in _ORDER:
        now = next((told for told in evidence.php.told if told.source == source), None)
        before = str(baseline.php.get(source) or (baseline.php.get("answer", "") if source != "answer" else ""))
        if now is None or not before:
            continue
        if before != now.shown:
            return _change(before, now, baseline)
        if source in baseline.php:
            return None  # the file that decides is as it was
    return None


def _change(before: str, now: ToldVersion, baseline: Baseline) -> Change:
    at = now.changed_at if now.changed_at >= baseline.taken_at.timestamp() - 1 else 0.0
    paths = (now.path,) if now.path else ()
    return Change("php", "", at, at, 1, paths, "changed", "baseline", f"{before} → {now.shown}")


def as_group(change: Change) -> Group:
    """For the page that lists what changed. It counts no file: one that changed besides is counted where it belongs."""
    before, _arrow, after = change.versions.partition(" → ")
    at = int(change.last) or None
    named = [Named("changed", path, times=(None, at)) for path in change.paths]
    return Group("php", "", first=at, last=at, before=f"\t{before}", after=f"\t{after}", named=named)
