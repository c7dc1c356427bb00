"""Gives a `.htaccess` back as the text that it was before a program made something else of it on its way here.

An editor of a panel writes it as UTF-16 or as HTML (`&lt;IfModule …&gt;`, `<br>` at each end, `<pre>` around it), a backup leaves it
compressed (RFC 1952). The web server reads bytes, and knows none of these.
"""

from __future__ import annotations

import html
import re
import zlib

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.repairs.editing import file_of, write_plan
from diagnostics.repairs.php_beginnings import as_utf_8
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "make-htaccess-plain"
_MOST = 256 * 1024  # bytes: no .htaccess is larger, and what is compressed may be made to grow without end
_GZIP = b"\x1f\x8b\x08"
_ESCAPED = re.compile(rb"&(?:lt|gt|quot|amp|#0*(?:34|38|39|60|62)|#x0*(?:22|26|27|3c|3e));", re.IGNORECASE)
_BREAK = re.compile(rb"[ \t]*<br[ \t]*/?>[ \t]*(?=\r?$)", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(
    rb"^[ \t]*</?(?:!doctype html|html|body|pre|code|p|div|span)(?:[ \t][^<>\n]*)?>[ \t]*\r?\n?", re.IGNORECASE | re.MULTILINE
)


@repair(
    id=ID, title=_("Make plain text of .htaccess again"),
    causes=("htaccess-invalid-directive", "htaccess-bad-argument", "htaccess-unclosed-section", "htaccess-byte-order-mark"),
)  # fmt: skip
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = file_of(evidence, finding)
    if file is None:
        return None
    after, what = _plain(file.content)
    if not what or b"\0" in after:
        return None
    title = _("Make plain text of {path} again").format(path=file.path)
    why = _("{what} The web server reads plain lines only. Every line stays, and holds again what was written in it.").format(what=what)
    return write_plan(evidence, finding, file, after, Plan(ID, finding.cause, title, why, (), removes=1))


def _plain(content: bytes) -> tuple[bytes, str]:
    """The text, and what it had become; the same bytes and no words where it is one."""
    if content.startswith(_GZIP):
        return _unpacked(content), _("The file is compressed.")
    if (text := as_utf_8(content)) is not None:
        return text, _("The file is written with two bytes for each letter (UTF-16).")
    after = _TAG.sub(b"", _BREAK.sub(b"", content))
    if _ESCAPED.search(after) and b"<" not in after:  # a rule may hold such a mark, and so may sections of a sound file
        after = _ESCAPED.sub(lambda found: html.unescape(found[0].decode()).encode(), after)  # "&section=$1" is no sign of HTML
    return after, _("The file was written as a part of a web page.") if after != content else ""


def _unpacked(content: bytes) -> bytes:
    """What was compressed; bytes that no plan is made of where it cannot be read, or is too much."""
    reader = zlib.decompressobj(31)
    try:
        found = reader.decompress(content, _MOST)
    except zlib.error:
        return b"\0"
    return found if reader.eof else b"\0"
