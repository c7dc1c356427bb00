"""What stands before the first letter of a PHP file: an invisible mark, empty lines, or a tag that this PHP does not know."""

from __future__ import annotations

import re

from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

_BEFORE = re.compile(rb"\A(?:\xef\xbb\xbf|\s)+(?=<\?(?:php|=))")
# What PHP says of a file whose first statement does not stand first (Zend/zend_compile.c).
_TOO_LATE = re.compile(r"strict_types declaration must be|Namespace declaration statement has to be", re.IGNORECASE)
_SHORT = re.compile(rb"(?m)(?:\A|(?<=\n))(\s*)<\?(?=\s)")
_UTF_16 = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@repair(
    id="remove-php-mark",
    title=_("Remove what stands before the first letter of a PHP file"),
    causes=("php-byte-order-mark", "wordpress-plugin", "wordpress-theme"),
)
def remove_mark(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """The mark of UTF-8, and empty lines; a file in UTF-16 is written as UTF-8."""
    file = evidence.file(finding.path)
    if file is None:
        return CannotPlan(_("The file could not be read, or is too large."))
    if finding.cause != "php-byte-order-mark" and not _TOO_LATE.search(finding.datum("message")):
        return None
    after = as_utf_8(file.content)
    title = _("Write {path} as UTF-8") if after is not None else _("Remove what stands before the first letter of {path}")
    after = after if after is not None else _BEFORE.sub(b"", file.content)
    why = _("PHP takes nothing before a namespace, and sends to visitors what stands before its first tag.")
    return _written("remove-php-mark", finding, file, after, title, why)


def as_utf_8(content: bytes) -> bytes | None:
    """The same text as UTF-8; None where it is no UTF-16, or not a sound one."""
    for mark, encoding in _UTF_16:
        if content.startswith(mark):
            try:
                return content[2:].decode(encoding).encode("utf-8")
            except UnicodeDecodeError:
                return None
    return None


@repair(id="write-php-tag", title=_("Write <?php where a file begins with <?"), causes=("php-undefined-function",))
def write_tag(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """PHP's manual, `short_open_tag`: without it <? begins nothing, and the file is sent as text."""
    file = evidence.file(finding.path)
    if file is None or finding.check != "php-as-text" or not _SHORT.match(file.content):
        return None
    after = _SHORT.sub(rb"\1<?php", file.content)
    title = _("Write <?php for <? in {path}")
    return _written("write-php-tag", finding, file, after, title, _("PHP takes only <?php for a beginning here; nothing else is changed."))


def _written(id_: str, finding: Finding, file: TextFile, after: bytes, title: str, why: str) -> Plan | None:
    if after == file.content:
        return None
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    return Plan(id_, finding.cause, title.format(path=file.path), why, (change,), affects=_("Every page that uses this file"))
