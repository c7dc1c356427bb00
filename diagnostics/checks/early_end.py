"""A file that ends every page before it has begun: an `exit` that was left behind makes an empty page, and no log says a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

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
_COMMENT = re.compile(rb"(?://|#).*")
_MOST_READ = 64 * 1024  # bytes: what stands further behind ends no page before it has begun
_MOST_ENDS = 16  # that are looked at, since all before each of them is read anew


@check(id="early-end", title=_("Whether a file ends every page"), needs=("tree",), order=57)
def early_end(evidence: Evidence) -> Iterator[Finding]:
    """Only of what others load: a page's own script may end where it likes."""
    empty = [page for page in failing_pages(evidence.site) if not page.body.strip() and page.status in (200, 500)]
    if not empty or not is_failing(evidence.site) or any(is_telling(line.text) for line in lines_of_failure(evidence)):
        return
    for script in sorted(evidence.php.scripts, key=lambda script: not _is_loaded(script, evidence)):
        if script.role != "entry" and (line := _left_behind(script)):
            yield _finding(script, line, empty[0].path, evidence)
            return


def _is_loaded(script: Script, evidence: Evidence) -> bool:
    """Whether others load it: another may be a page's own script that was only changed lately."""
    return script.role == "included" or component_of(script.absolute, evidence) is not None


def _left_behind(script: Script) -> int | None:
    content = script.content[:_MOST_READ]
    for match in islice(_ENDS.finditer(content), _MOST_ENDS):
        before = _code_before(content[: match.start(1)])
        state = ending(before) if before.endswith(_AFTER_WHOLE) else None
        if state is not None and not state.inside and not state.open_brackets:
            return line_at(content, match.start(1))
    return None


def _code_before(before: bytes) -> bytes:
    """Without the comments and blanks at its end; nothing where a comment has begun in its last line."""
    lines = before.split(b"\n")
    if _COMMENT.search(lines[-1]):
        return b""
    while lines and not (last := _COMMENT.sub(b"", lines[-1]).rstrip()):
        lines.pop()
    return b"\n".join([*lines[:-1], last]) if lines else b""


def _finding(script: Script, line: int, page: str, evidence: Evidence) -> Finding:
    part = component_of(script.absolute, evidence)
    cause = CAUSES[KINDS[part.kind] if part else "application-answers-500"]
    said = _("Line {line} of {path} ends every page that loads it before anything of that page was made.")
    said = said.format(line=line, path=script.path)
    data = (("slug", part.slug), ("component", part.path), ("kind", part.kind), ("name", part.named)) if part else ()
    proofs = (Proof("probe", _("{page}: an empty answer").format(page=page), paired=True), Proof("file", f"{script.path}:{line}"))
    sure = 0.85 if _is_loaded(script, evidence) else 0.5
    return Finding(
        "early-end", cause.code, Severity.CRITICAL, sure, said, cause.explanation, script.path, line,
        also=("php-fatal-hidden",), evidence=proofs, repairs=cause.repairs, data=data,
    )  # fmt: skip
