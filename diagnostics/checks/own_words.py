"""Which file of the site holds the words of a page with which a program ends by its own will."""

from __future__ import annotations

import re
from typing import NamedTuple

from diagnostics.checks.shown import text_of
from diagnostics.checks.wordpress import is_of_core
from diagnostics.evidence import Evidence, PageSeen
from diagnostics.php.scanning import line_at
from diagnostics.php.seen import Script

_ENDS = re.compile(rb"\b(?:wp_die|die|exit|abort|http_response_code|status_header|header)\b", re.IGNORECASE)
# One that does not end in its line is passed over as a whole: looked into again at each letter, it would take for ever.
_LITERAL = re.compile(rb"'((?:[^'\\\n]|\\.)*+)'?|\"((?:[^\"\\\n]|\\.)*+)\"?")
_SHORTEST, _LONGEST = 8, 400  # bytes
_PARTS = re.compile(r"%(?:\d\$)?[sd]|\{?\$[\w>\[\]'-]{1,60}\}?|\\n")
_LEAST = 12  # letters: what is shorter stands on many pages


class Said(NamedTuple):
    """`path` from the folder above the docroot."""

    path: str
    line: int
    words: str


def said_by(page: PageSeen, evidence: Evidence) -> Said | None:
    """The place whose words the page shows, the longest of them, among the files that were read."""
    text = " ".join(text_of(page.body).split())
    if not text:
        return None
    scripts = [each for each in evidence.php.scripts if _ENDS.search(each.content) and not is_of_core(each.path, evidence)]
    found = [said for script in scripts for said in _in(script, text)]
    return max(found, key=lambda said: len(said.words), default=None)


def _in(script: Script, text: str) -> list[Said]:
    found = []
    for match in _LITERAL.finditer(script.content[:262_144]):
        inside = match[1] or match[2] or b""
        if not _SHORTEST <= len(inside) <= _LONGEST:
            continue
        literal = text_of(inside.replace(b"\\'", b"'").replace(b'\\"', b'"'))
        words = max((" ".join(part.split()) for part in _PARTS.split(literal)), key=len)
        if sum(letter.isalpha() for letter in words) >= _LEAST and words in text:
            found.append(Said(script.path, line_at(script.content, match.start()), words))
    return found
