"""A site that answers as it should: said in one note, so that nobody repairs what works."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import is_failing
from diagnostics.checks.others_meet import met_by_others
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Proof, Severity
from sites.texts import mark as _


@check(id="nothing-wrong", title=_("Whether anything is wrong at all"), order=90)
def nothing_wrong(evidence: Evidence) -> Iterator[Finding]:
    if evidence.site.verdict != "up" or is_failing(evidence.site):
        return
    seen = tuple(Proof("probe", f"{page.path}: {page.status}") for page in evidence.site.pages[:5])
    confidence = 0.9 if met_by_others(evidence) is None else 0.6
    yield Finding(
        "nothing-wrong", "none", Severity.NOTE, confidence, _("The site answers as it should."), CAUSES["none"].explanation, evidence=seen
    )
