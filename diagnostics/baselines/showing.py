"""What pages show of baselines: how far they go back, what is being read just now, what can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from sites.credentials import SecretUnreadable
from sites.models import Incident, Site

from ..changes.journal import printable
from ..manifests import places
from ..models import Baseline, BaselineWork, Diagnosis, DiagnosisChanges, FileComparison
from . import comparing, keeping, taking, wording

MOST_SHOWN = 120
_LISTED = (
    "pk", "site", "taken_at", "reason", "files", "counted", "unread", "is_cut", "is_whole_look", "beside", "requested_by__username",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """How a site is off for baselines."""

    latest: Baseline | None
    work: BaselineWork | None
    why_not: str
    kept: keeping.Amount

    @property
    def beside(self) -> list[str]:
        """The program's folders beside the docroot that the latest holds, relative to the folder above it."""
        scope = places.from_json(self.latest.beside) if self.latest is not None else ()
        return [printable(places.named(f"{place.base}/{name}")) for place in scope for name in place.folders]

    @property
    def is_busy(self) -> bool:
        return self.work is not None and self.work.state != BaselineWork.State.IDLE

    @property
    def is_cancelled(self) -> bool:
        return self.work is not None and self.work.cancel

    @property
    def trouble(self) -> str:
        """Why the last try brought none; nothing when a newer one did."""
        return self.work.last_error if self.work is not None and not self.is_busy else ""


def standing(site: Site) -> Standing:
    """For one site, without loading a manifest."""
    latest = history(site, 1)
    work = BaselineWork.objects.filter(site=site).first()
    return Standing(latest[0] if latest else None, work, taking.why_not(site), keeping.amount(site))


def history(site: Site, most: int = MOST_SHOWN) -> list[Baseline]:
    """The baselines of a site, newest first, without their manifests."""
    rows = Baseline.objects.filter(site=site).select_related("requested_by").only(*_LISTED)
    return list(rows.order_by("-pk")[:most])


def comparisons(site: Site) -> list[FileComparison]:
    """The last comparisons of a site, newest first."""
    rows = FileComparison.objects.filter(site=site).select_related("older", "newer", "requested_by")
    return list(rows.defer("sealed_result", "older__manifest", "newer__manifest").order_by("-pk")[: comparing.KEPT_PER_SITE])


def result_of(comparison: FileComparison) -> comparing.Result | None:
    """What a finished comparison found; None where this installation's key does not open it."""
    try:
        return comparing.open_result(comparison.sealed_result) if comparison.sealed_result else None
    except SecretUnreadable:
        return None


@dataclass(frozen=True, slots=True)
class Since:
    """What had changed when a failure was looked into."""

    site_id: int
    baseline_id: int | None
    baseline_at: datetime
    headline: str
    groups: list[wording.GroupRow]
    left_out: int
    is_cut: bool
    is_whole_look: bool


def since(diagnosis: Diagnosis | None) -> Since | None:
    """As the diagnosis stored it; None where there was no baseline to compare with."""
    rows = DiagnosisChanges.objects.filter(diagnosis=diagnosis).annotate(whole=F("baseline__is_whole_look"))
    row = rows.first() if diagnosis else None
    if row is None or diagnosis is None:
        return None
    try:
        result = comparing.open_result(row.sealed_result)
    except SecretUnreadable:
        return None
    groups, summary = wording.rows(result), result.summary
    told = (wording.headline(result), groups, summary.left_out, result.is_cut, row.whole is not False)
    return Since(diagnosis.site_id, row.baseline_id, row.baseline_at, *told)


def since_of_incident(incident: Incident) -> Since | None:
    """As the newest diagnosis of the incident that could compare saw it."""
    return since(Diagnosis.objects.filter(incident=incident, file_changes__isnull=False).order_by("-pk").first())
