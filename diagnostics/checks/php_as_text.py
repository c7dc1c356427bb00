"""A program that PHP does not take for one: its text is sent to everybody, and what it would define is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, lines_of_failure, proof_of
from diagnostics.checks.php_messages import by_place
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence, PageSeen
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.php.scanning import encoding_mark
from diagnostics.php.seen import Script
from sites.recognition.php import begins_as_code
from sites.texts import mark as _

_SHORT = re.compile(rb"\A\s*<\?(?=\s)")
_NOT_THERE = re.compile(r"PHP Fatal error: .*(?:undefined function|not found)")


class _Kind(NamedTuple):
    """`detail` is what the probe calls such a page."""

    detail: str
    cause: str
    fits: Callable[[bytes], bool]
    said: str


_KINDS = (
    _Kind("php-utf-16", "php-byte-order-mark", lambda content: encoding_mark(content) == "utf-16",
          _("{path} was saved as UTF-16 (“Unicode”), which PHP cannot read: save it as UTF-8 without a mark.")),
    _Kind("php-short-tag", "php-undefined-function", lambda content: _SHORT.match(content) is not None,
          _("{path} begins with <? where PHP here takes only <?php for a beginning: its text is sent to everybody, and its functions "
            "are not there. Write <?php in its first line.")),
    _Kind("php-no-tag", "php-undefined-function", lambda content: not content.lstrip().startswith(b"<?") and begins_as_code(content),
          _("{path} lacks <?php at its beginning: its text is sent to everybody, and its functions are not there. Somebody took its first "
            "line away, or a part of it.")),
)  # fmt: skip


@check(id="php-as-text", title=_("Whether a program is sent as text"), needs=("tree",), order=11)
def php_as_text(evidence: Evidence) -> Iterator[Finding]:
    """PHP's manual: `short_open_tag` in the language's core settings, `zend.multibyte` for other encodings than those like ASCII."""
    for kind in _KINDS:
        page = next((page for page in failing_pages(evidence.site) if page.detail == kind.detail), None)
        script = next((each for each in evidence.php.scripts if kind.fits(each.content)), None) if page else None
        if page is None or script is None:
            if page is not None and kind.detail == "php-no-tag":
                yield _unplaced(page)
            continue
        line = next((line for line in lines_of_failure(evidence) if line.paired and _NOT_THERE.search(line.text)), None)
        shown = (Proof("probe", f"{page.path}: {page.detail}", paired=True), Proof("file", _first_of(script)))
        part = by_place(f"/{script.path}", kind.cause)[0] if kind.detail == "php-no-tag" else ""
        cause = CAUSES[part or kind.cause]
        yield Finding(
            "php-as-text", cause.code, Severity.CRITICAL, 0.98 if line else 0.93, kind.said.format(path=script.path),
            cause.explanation, script.path, 1, evidence=(*((proof_of(line),) if line else ()), *shown),
            repairs=cause.repairs if kind.cause != "php-byte-order-mark" else (),
        )  # fmt: skip


def _unplaced(page: PageSeen) -> Finding:
    """The text is there to be read, but not which file it is of: WordPress's own say so in their first lines."""
    cause = CAUSES["wordpress-core-file" if b"@package WordPress" in page.body[:4000] else "php-undefined-function"]
    said = _("A PHP file lacks <?php at its beginning: its text is sent to everybody. Look for the file that begins as the page does.")
    begins = " ".join(page.body[:300].decode("utf-8", "replace").split())
    return Finding(
        "php-as-text", cause.code, Severity.CRITICAL, 0.7, said, cause.explanation,
        evidence=(Proof("probe", f"{page.path}: {begins}", paired=True),), repairs=cause.repairs,
    )  # fmt: skip


def _first_of(script: Script) -> str:
    return f"{script.path}:1: {script.content[:40].decode('ascii', 'backslashreplace')}"
