"""PHP files that are not as they were while the site was well, wherever they lie: a baseline tells what no time of a file does."""

from __future__ import annotations

import time
from dataclasses import replace

from diagnostics.evidence import Evidence
from diagnostics.facts.changes import failing_since, is_just_before
from diagnostics.facts.php_files import MOST_CHANGED, PHP_ENDS, PhpFiles
from diagnostics.facts.small_files import SmallFiles
from diagnostics.installed import Change
from diagnostics.transports.base import Reader, TransportError

TIME_LIMIT_S = 4.0


def read(reader: Reader, evidence: Evidence) -> Evidence:
    """With what was changed and not read yet, those just before the failure first; only where the files had to be asked. Never raises."""
    if not any(script.role == "entry" for script in evidence.php.scripts):
        return evidence  # a log told
    began = failing_since(evidence)
    known = {script.path for script in evidence.php.scripts}
    compared = [each for each in evidence.changes if each.source == "baseline" and each.how in ("changed", "added")]
    compared.sort(key=lambda each: began is None or not is_just_before(each, began))
    wanted = [path for each in compared for path in _scripts_of(each) if path not in known][:MOST_CHANGED]
    if not wanted:
        return evidence
    found = PhpFiles(SmallFiles(reader), replace(evidence, beside=(*evidence.beside, *evidence.program)), time.monotonic() + TIME_LIMIT_S)
    try:
        scripts = found.changed(wanted)
        lints, version = found.lint(scripts, evidence.php.version)
    except TransportError:
        return evidence
    php = evidence.php
    return replace(
        evidence,
        php=replace(php, scripts=(*php.scripts, *scripts), lints=(*php.lints, *lints), lint_version=php.lint_version or version),
    )


def _scripts_of(change: Change) -> list[str]:
    return [path for path in change.paths if path.lower().endswith(PHP_ENDS)]
