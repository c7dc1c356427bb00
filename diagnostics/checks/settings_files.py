"""Settings files of programs other than WordPress that the program itself cannot read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, lines_of_failure, proof_of
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Proof, Severity
from sites.texts import mark as _

# vlucas/phpdotenv src/Parser, Laravel LoadEnvironmentVariables, symfony/dotenv Dotenv.php.
_SAID = re.compile(r"Failed to parse dotenv file|environment file is invalid|value containing spaces must be surrounded by quotes")


@check(id="settings-files", title=_("Settings files of the installed program"), needs=("tree",), order=14)
def settings_files(evidence: Evidence) -> Iterator[Finding]:
    failing = {page.path for page in failing_pages(evidence.site)}
    said = next((line for line in (*lines_of_failure(evidence), *evidence.application_log) if _SAID.search(line.text)), None)
    for application in evidence.applications:
        if application.name == "wordpress" or not failing & set(application.serves):
            continue
        for damage in application.trouble:
            is_php = damage.path.endswith(".php")
            cause = CAUSES["php-parse-error" if is_php else "php-uncaught-exception"]
            place = _("{path}, line {line}: {why}.").format(path=damage.path, line=damage.line, why=damage.why)
            proofs = (proof_of(said),) if said and not is_php else ()
            yield Finding(
                "settings-files", cause.code, Severity.CRITICAL, 0.98 if proofs else 0.88,
                _("{program} cannot read its settings. {place}").format(program=application.title, place=place), cause.explanation,
                damage.path, damage.line, evidence=(*proofs, Proof("file", place)),
            )  # fmt: skip
