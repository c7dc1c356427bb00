"""A program that is held in maintenance by a file or a setting of its own."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Proof, Severity
from sites.texts import mark as _

_LONG_S = 3600.0  # what is meant to pass takes no longer


@check(id="held", title=_("Whether the program is held in maintenance"), order=14)
def held(evidence: Evidence) -> Iterator[Finding]:
    """Of a page that announces its maintenance nothing more than a note is made; one that only answers 503 fails for its visitors."""
    pages = [page for page in evidence.site.pages if page.status == 503]
    cause = CAUSES["application-stuck-maintenance"]
    now = evidence.read_at.timestamp() if evidence.read_at else 0.0
    for found in evidence.held if pages else ():
        is_announced = all(page.kind in ("maintenance", "ok") for page in pages)
        hours = int(max(0.0, now - found.written_at) // 3600)
        where = _("{path}, line {line}").format(path=found.path, line=found.line) if found.line else found.path
        said = _("{title}: {where} holds it there. It was written about {n} h ago.") if hours else _("{title}: {where} holds it there.")
        said = said.format(title=cause.title, where=where, n=hours)
        proof = Proof("file", f"{where} ({found.by})" if found.by else where)
        yield Finding(
            "held", cause.code, Severity.NOTE if is_announced else Severity.CRITICAL, 0.93 if now - found.written_at > _LONG_S else 0.85,
            said, cause.explanation, found.path, found.line, evidence=(proof, Proof("probe", f"{pages[0].path}: 503")),
            repairs=cause.repairs,
        )  # fmt: skip
