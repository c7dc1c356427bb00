"""What one look at a site amounts to, as people and scripts get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sites import judging
from sites.judging import Verdict
from sites.models import Look, Page, Site
from sites.probing.outcome import Outcome


@dataclass(frozen=True, slots=True)
class SiteReport:
    """The verdict of a site after it was probed, with the last outcome of each page."""

    site: Site
    pages: tuple[Page, ...]
    outcomes: Mapping[int, Outcome]
    looks: tuple[Look, ...] = ()  # made at the same time

    @property
    def verdict(self) -> str:
        """As stored, but `suspect` for a site that was down and answers well, as long as that is not certain."""
        down = [page for page in self.pages if page.verdict == Verdict.DOWN]
        well = [page for page in down if page.pk in self.outcomes and not self.outcomes[page.pk].is_failure]
        if down and len(well) == len(down) and judging.state_from_json(down[0].state).goods:
            return str(Verdict.SUSPECT)
        return str(self.site.verdict)

    def as_json(self) -> dict[str, Any]:
        """The document of `probe --json`."""
        return {
            "site": self.site.name,
            "url": self.site.url,
            "verdict": self.verdict,
            "kind": self.site.kind,
            "scope": self.site.scope,
            "pattern": self.site.pattern,
            "pages": [_page_json(page, self.outcomes.get(page.pk)) for page in self.pages],
            "looks": [_look_json(look) for look in self.looks],
        }


def report(site: Site, outcomes: Sequence[Outcome], looks: Sequence[Look] = ()) -> SiteReport:
    """Reads the stored state of a site that was just probed."""
    site.refresh_from_db()
    latest = {outcome.key: outcome for outcome in sorted(outcomes, key=lambda outcome: outcome.at)}
    return SiteReport(site, tuple(site.pages.order_by("position", "pk")), latest, tuple(looks))


def _look_json(look: Look) -> dict[str, Any]:
    ms = None if look.last_ms is None else round(look.last_ms, 1)
    found = {"path": look.page.path, "look": look.what, "verdict": look.verdict, "status": look.last_status, "kind": look.kind, "ms": ms}
    return found | ({"message": look.last_message} if look.last_message else {})


def _page_json(page: Page, outcome: Outcome | None) -> dict[str, Any]:
    if outcome is None:
        return {"path": page.path, "status": page.last_status, "kind": page.kind, "ms": page.last_ms}
    ms = None if outcome.ms is None else round(outcome.ms, 1)
    found: dict[str, Any] = {"path": page.path, "status": outcome.status, "kind": str(outcome.kind), "ms": ms}
    if outcome.is_failure:
        more = {"detail": outcome.detail, "message": outcome.message, "request_id": outcome.request_id, "excerpt": outcome.excerpt}
        found |= {name: value for name, value in more.items() if value}
    return found
