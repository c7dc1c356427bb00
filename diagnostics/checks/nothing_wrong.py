"""A site that answers as it should: said in one note, so that nobody repairs what works."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import is_failing
from diagnostics.checks.others_meet import met_by_others
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Proof, Severity
from sites.probing.outcome import Kind
from sites.texts import mark as _


@check(id="nothing-wrong", title=_("Whether anything is wrong at all"), order=90)
def nothing_wrong(evidence: Evidence) -> Iterator[Finding]:
    if evidence.site.verdict != "up" or is_failing(evidence.site):
        return
    seen = tuple(Proof("probe", f"{page.path}: {page.status}") for page in evidence.site.pages[:5])
    if any(page.kind == Kind.MAINTENANCE.value for page in evidence.site.pages):
        # What holds it there, where that is known, is told first: it may have been forgotten.
        said, hint = (
            _("The site announces maintenance."),
            _("Its visitors read that until somebody ends it. If nobody works on it, it was forgotten."),
        )
        confidence = 0.4
    else:
        said, hint = _("The site answers as it should."), CAUSES["none"].explanation
        confidence = 0.9 if met_by_others(evidence) is None else 0.6
    yield Finding("nothing-wrong", "none", Severity.NOTE, confidence, said, hint, evidence=seen)
