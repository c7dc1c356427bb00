"""A file that ends every page before it has begun: an `exit` that was left behind makes an empty page, and no log says a word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, is_failing, lines_of_failure
from diagnostics.checks.registry import check
from diagnostics.checks.wordpress import KINDS, component_of
from diagnostics.evidence import Evidence
from diagnostics.facts.error_log import is_telling
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.php.scanning import ending, line_at
from diagnostics.php.seen import Script
from sites.texts import mark as _

_ENDS = re.compile(rb"(?:^|[;}\s])(exit|die)\s*(?:\(\s*(?:0\s*)?\))?\s*;", re.IGNORECASE)
_AFTER_WHOLE = (b";", b"}", b"*/", b"php")  # what a statement of its own follows; not a condition, nor `or` and `||`
_COMMENT = re.compile(rb"(?://|#)[^\n]*\s*\Z")


@check(id="early-end", title=_("Whether a file ends every page"), needs=("tree",), order=57)
def early_end(evidence: Evidence) -> Iterator[Finding]:
    """Only of what others load: a page's own script may end where it likes."""
    empty = [page for page in failing_pages(evidence.site) if not page.body.strip() and page.status in (200, 500)]
    if not empty or not is_failing(evidence.site) or any(is_telling(line.text) for line in lines_of_failure(evidence)):
        return
    for script in evidence.php.scripts:
        if script.role != "entry" and (line := _left_behind(script)):
            yield _finding(script, line, empty[0].path, evidence)
            return


def _left_behind(script: Script) -> int | None:
    for match in _ENDS.finditer(script.content):
        before = script.content[: match.start(1)]
        if _COMMENT.search(before.rpartition(b"\n")[2]):
            continue
        while found := _COMMENT.search(before):
            before = before[: found.start()]
        state = ending(before)
        if before.rstrip().endswith(_AFTER_WHOLE) and state is not None and not state.inside and not state.open_brackets:
            return line_at(script.content, match.start(1))
    return None


def _finding(script: Script, line: int, page: str, evidence: Evidence) -> Finding:
    part = component_of(script.absolute, evidence)
    cause = CAUSES[KINDS[part.kind] if part else "application-answers-500"]
    said = _("Line {line} of {path} ends every page before anything of it was made.").format(line=line, path=script.path)
    data = (("slug", part.slug), ("component", part.path), ("kind", part.kind), ("name", part.named)) if part else ()
    proofs = (Proof("probe", _("{page}: an empty answer").format(page=page), paired=True), Proof("file", f"{script.path}:{line}"))
    return Finding(
        "early-end", cause.code, Severity.CRITICAL, 0.85, said, cause.explanation, script.path, line, also=("php-fatal-hidden",),
        evidence=proofs, repairs=cause.repairs, data=data,
    )  # fmt: skip
