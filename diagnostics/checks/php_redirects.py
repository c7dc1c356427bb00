"""Which line of the site's own programs sends a visitor on to the address that he came from."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from diagnostics.evidence import Evidence
from diagnostics.php.scanning import line_at

_SENDS_ON = re.compile(
    rb"\bheader\s*\(\s*(?:sprintf\s*\(\s*)?['\"]\s*Location\s*:[^;]{0,300}|\bwp_(?:safe_)?redirect\s*\([^;]{0,300}", re.IGNORECASE
)
_OWN_ADDRESS = re.compile(rb"\$_SERVER|HTTP_HOST|REQUEST_URI|SERVER_NAME|PHP_SELF|home_url|site_url|https://['\"]", re.IGNORECASE)
_TO_ITSELF = re.compile(
    rb"(?:\bheader\s*\(\s*(?:sprintf\s*\(\s*)?['\"]\s*Location\s*:|\bwp_(?:safe_)?redirect\s*\()[^;]{0,200}?\$_SERVER\s*\[\s*['\"]"
    rb"REQUEST_URI['\"]\s*\]",
    re.IGNORECASE,
)
_ASKS_HOW = re.compile(rb"\bis_ssl\s*\(|['\"](?:HTTPS|SERVER_PORT|HTTP_HOST|SERVER_NAME|REQUEST_SCHEME|HTTP_X_FORWARDED_PROTO)['\"]")


class SentOn(NamedTuple):
    """`path` from the folder above the docroot; `text` is the line as it stands there."""

    path: str
    line: int
    text: str


def sending_on(evidence: Evidence) -> SentOn | None:
    """The first such line of the scripts that answer the failing pages, that of an own address before any other; else of a changed one.

    Plugins and themes answer every page of their program, and send visitors on for many reasons: of those that were not changed shortly
    before the failure only one is named that sends each to the address that he asked for, as another scheme or host.
    """
    return _first(evidence, ("entry", "included")) or _first(evidence, ("changed",)) or _only_one_to_itself(evidence)


def _only_one_to_itself(evidence: Evidence) -> SentOn | None:
    found = []
    for script in evidence.php.scripts:
        for match in _TO_ITSELF.finditer(script.content) if script.role == "part" and _ASKS_HOW.search(script.content) else ():
            number = line_at(script.content, match.start())
            found.append(SentOn(script.path, number, script.content.split(b"\n")[number - 1].strip()[:300].decode("utf-8", "replace")))
    return found[0] if len(found) == 1 else None


def _first(evidence: Evidence, roles: tuple[str, ...]) -> SentOn | None:
    host = urlsplit(evidence.site.url).netloc.encode()
    others: list[SentOn] = []
    for script in evidence.php.scripts:
        for match in _SENDS_ON.finditer(script.content) if script.role in roles else ():
            number = line_at(script.content, match.start())
            line = script.content.split(b"\n")[number - 1].strip()
            found = SentOn(script.path, number, line[:300].decode("utf-8", "replace"))
            if _OWN_ADDRESS.search(match.group()) or (host and host in match.group()):
                return found
            others.append(found)
    return others[0] if len(others) == 1 else None
