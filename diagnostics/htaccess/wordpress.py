"""WordPress's own block in a `.htaccess`: whether it is as WordPress writes it, and how it is written."""

from __future__ import annotations

import re

from diagnostics.htaccess.parser import LineKind, parse

BEGIN, END = b"# BEGIN WordPress", b"# END WordPress"
_WANTED = (
    ("rewriteengine", r"on$"),
    ("rewritebase", r"/"),
    ("rewriterule", r"\^index\\\.php\$ - \[L\]$"),
    ("rewritecond", r"%\{REQUEST_FILENAME\} !-f$"),
    ("rewritecond", r"%\{REQUEST_FILENAME\} !-d$"),
    ("rewriterule", r"\. /(\S+/)?index\.php \[L\]$"),
)


def standard_block(base: str = "/", ending: bytes = b"\n") -> bytes:
    """The block for a WordPress that answers under `base`, a path that begins and ends with a slash."""
    lines = [
        BEGIN.decode(),
        "<IfModule mod_rewrite.c>",
        "RewriteEngine On",
        "RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]",
        f"RewriteBase {base}",
        r"RewriteRule ^index\.php$ - [L]",
        "RewriteCond %{REQUEST_FILENAME} !-f",
        "RewriteCond %{REQUEST_FILENAME} !-d",
        f"RewriteRule . {base}index.php [L]",
        "</IfModule>",
        END.decode(),
    ]
    return b"".join(line.encode() + ending for line in lines)


def span(content: bytes) -> tuple[int, int] | None:
    """Where the block begins and ends in the bytes, whole lines; None when its marks are not there once and in order."""
    begins = [match.start() for match in re.finditer(rb"(?m)^[ \t]*# BEGIN WordPress[ \t]*\r?$", content)]
    ends = [match.end() for match in re.finditer(rb"(?m)^[ \t]*# END WordPress[ \t]*\r?(?:\n|\Z)", content)]
    if len(begins) == 1 and len(ends) == 1 and begins[0] < ends[0]:
        return begins[0], ends[0]
    return None


def block_state(content: bytes) -> str:
    """ "sound", "damaged" or "missing". A block of a network of sites, which looks different, counts as sound."""
    where = span(content)
    if where is None:
        return "damaged" if BEGIN in content or END in content else "missing"
    block = content[where[0] : where[1]]
    if b"ms-files" in block or b"(wp-(content|admin|includes)" in block:
        return "sound"
    lines = [(line.key, line.args) for line in parse(block).lines if line.kind is LineKind.DIRECTIVE]
    position = 0
    for key, args in lines:
        if position < len(_WANTED) and key == _WANTED[position][0] and re.match(_WANTED[position][1], args, re.IGNORECASE):
            position += 1
    return "sound" if position == len(_WANTED) and len(lines) <= len(_WANTED) + 1 else "damaged"


def base_of(content: bytes) -> str:
    """The RewriteBase that the block, or the file, names; "/" otherwise."""
    for line in parse(content).lines:
        if line.key == "rewritebase" and line.words and re.fullmatch(r"/(?:[\w.~-]+/)*", line.words[0]):
            return line.words[0]
    return "/"
