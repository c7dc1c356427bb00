"""Files of data that a failing page reads and that read well no longer, where no log tells what the page fails over."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import answers_500, failing_pages, is_failing, lines_of_failure
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence
from diagnostics.facts.error_log import is_telling
from diagnostics.findings import Finding, Proof, Severity
from sites.texts import mark as _


@check(id="broken-data", title=_("Files of data that a page reads and that read well no longer"), order=17)
def broken_data(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site) or any(is_telling(line.text) for line in (*lines_of_failure(evidence), *evidence.application_log)):
        return
    if not answers_500(evidence.site) and not any(page.hides_an_error for page in failing_pages(evidence.site)):
        return
    cause = CAUSES["php-uncaught-exception"]
    for found in evidence.php.broken[:2]:
        place = _("{path}, line {line}").format(path=found.path, line=found.line) if found.line else found.path
        said = _("{script}, line {number}, reads {place}, which cannot be read any more: {why}.")
        said = said.format(script=found.by, number=found.by_line, place=place, why=found.why)
        yield Finding(
            "broken-data", cause.code, Severity.CRITICAL, 0.8, said, cause.explanation, found.path, found.line,
            also=("php-parse-error", "php-fatal-hidden"), evidence=(Proof("file", f"{place}: {found.why}"),), data=(("paths", found.path),),
        )  # fmt: skip
