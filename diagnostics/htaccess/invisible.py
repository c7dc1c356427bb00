"""Characters that look like a space, or like nothing, and that Apache takes for letters: copied from a web page or a word processor.

Apache parts words by the white space of ASCII alone (`ap_getword_conf` of server/util.c).
"""

from __future__ import annotations

import re

# Those with a width stand where a space was meant; \udca0 is the bare byte of Latin-1, as `decode` hands it on.
_WIDE = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\udca0"
_NARROW = "\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff"
_ANY = re.compile(f"[{_WIDE}{_NARROW}]")
_A_SPACE = re.compile(f"[{_WIDE}]")
# A word in quotes may hold them: it is shown to people.
_QUOTED = re.compile(rf"(?:(?<=[ \t{_WIDE}])|\A)(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')(?=[\s>]|\Z)")


def has_invisible(text: str) -> bool:
    """Whether such a character stands outside of quotes."""
    return _ANY.search(text) is not None and _ANY.search(_QUOTED.sub("", text)) is not None


def made_plain(text: str) -> str:
    """The same with plain spaces, or nothing, in their place; what stands in quotes is kept."""
    parts = _QUOTED.split(text)
    return "".join(part if number % 2 else _ANY.sub("", _A_SPACE.sub(" ", part)) for number, part in enumerate(parts))
