"""Files of the program that are not as its own release has them, and libraries that are not as Composer left them."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, is_failing
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.installed import Differing
from sites.texts import mark as _

_STATUS_OF_PROGRAMS = (None, 200, 500)


@check(id="program-files", title=_("Whether the program's own files and libraries are whole"), needs=("tree",), order=15)
def program_files(evidence: Evidence) -> Iterator[Finding]:
    pages = failing_pages(evidence.site)
    if not is_failing(evidence.site) or not any(page.status in _STATUS_OF_PROGRAMS for page in pages):
        return
    for differing in evidence.differing:
        yield _of_core(differing) if differing.kind == "core" else _of_library(differing)


def _of_core(found: Differing) -> Finding:
    cause = CAUSES["wordpress-core-file"]
    general = "php-missing-file" if found.is_missing else "php-truncated-file"
    confidence = 0.88 if found.is_missing else 0.85 if found.is_named else 0.72
    return Finding(
        "program-files", cause.code, Severity.CRITICAL, confidence, f"{cause.title}: {found.path}, {found.why}.", cause.explanation,
        found.path, found.line, also=(general,), evidence=(Proof("files", f"{found.path}: {found.why}"),), repairs=cause.repairs,
        data=(("general", general), ("version", found.name)),
    )  # fmt: skip


def _of_library(found: Differing) -> Finding:
    """One that is missing stops a page that loads it; one of another version often works: it is told, and no more."""
    cause = CAUSES["php-missing-file"]
    confidence = 0.93 if found.is_missing and found.is_named else 0.8 if found.is_missing else 0.45
    text = _("The library {name} is not as it should be: {path}, {why}.").format(name=found.name, path=found.path, why=found.why)
    hint = _("Upload the folder “vendor” again as a whole, from where the site was put together, or run “composer install” there.")
    severity = Severity.CRITICAL if found.is_missing else Severity.WARNING
    return Finding(
        "program-files", cause.code, severity, confidence, text, hint, found.path, found.line, also=("php-class-not-found",),
        evidence=(Proof("files", f"{found.path}: {found.why}"),), repairs=cause.repairs, data=(("slug", found.name), ("kind", "library")),
    )  # fmt: skip
