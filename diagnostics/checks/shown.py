"""Errors that PHP shows on the failing page itself: as sure as a line of the log that belongs to our own request."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, proof_of
from diagnostics.checks.php_errors import of_refused
from diagnostics.checks.php_messages import read_php_message
from diagnostics.checks.php_sharpening import sharpened
from diagnostics.checks.registry import check
from diagnostics.checks.wording import placed, quoted
from diagnostics.evidence import Evidence, LogLine, PageSeen, SiteSeen
from diagnostics.facts.log_messages import FATAL_WORDS
from diagnostics.facts.logged_paths import shown_path
from diagnostics.findings import Finding, Severity
from sites.probing.outcome import Kind
from sites.texts import mark as _

_TAG = re.compile(rb"<[^<>]{0,2000}>")
_BREAK = re.compile(rb"<(?:br|p|/p|/tr|/div|/li|/h\d)\b[^<>]{0,200}>", re.IGNORECASE)
# "Unclosed '{' on line 14 does not match ')' in FILE on line 15", "Unclosed '{' on line 3 in FILE on line 9": the place is the last one.
_MESSAGE = re.compile(rf"(?:PHP )?{FATAL_WORDS} error: .{{1,8000}}? on line \d++(?! does not match '| in (?:/|[A-Za-z]:))", re.DOTALL)
# The web servers' own pages for an error.
_OF_SERVER = re.compile(
    rb"<title>\s*500 Internal Server Error|The server encountered an internal error or|<center>(?:nginx|openresty)|LiteSpeed Web Server|"
    rb"Additionally, a 500 Internal Server Error"
)
# The same for a request that they refuse: Apache's, whose headlines are the words of the protocol, nginx's and LiteSpeed's.
_REFUSED_BY_SERVER = re.compile(
    rb"<title>\s*4\d\d (?:Forbidden|Unauthorized|Not Found|Gone|Method Not Allowed)\b|<center>(?:nginx|openresty)"
    rb"|LiteSpeed Web Server"
)
_CLOSED = frozenset({401, 403})
_WARNING = re.compile(r"Warning: [^\n]{1,2000}? on line \d+")


def lines_shown(site: SiteSeen) -> list[LogLine]:
    """The messages that failing pages show, as lines of a log would be, with the warnings that stand above."""
    found: list[LogLine] = []
    for page in failing_pages(site):
        text = text_of(page.body) if b"error" in page.body else ""
        match = _MESSAGE.search(text)
        if match and match[0] not in [line.text for line in found]:
            warned = "\n".join(f"PHP {each[0]}" for each in _WARNING.finditer(text, 0, match.start()))
            found.append(LogLine("probe", "", page.at, match[0], paired=True, before=warned))
    return found


def is_of_server(page: PageSeen) -> bool:
    """Whether the web server made this answer to an error itself: a program that fails sends its own words, or nothing."""
    return bool(_OF_SERVER.search(page.body[:4000]))


def is_refused_alone(site: SiteSeen) -> bool:
    """Whether nothing fails but requests that the web server refuses by itself: what a program lacks makes it fail otherwise.

    A host's or a site's own page may stand in place of the server's; a folder is shut then where the rest of the site answers.
    """
    failing = failing_pages(site)
    answers = any(page.kind == Kind.OK.value for page in site.pages)
    return bool(failing) and all(
        page.kind == Kind.CLIENT_ERROR.value and (_REFUSED_BY_SERVER.search(page.body[:4000]) or (answers and page.status in _CLOSED))
        for page in failing
    )


def text_of(body: bytes) -> str:
    """What a page says, tags removed."""
    plain = _TAG.sub(b"", _BREAK.sub(b"\n", body[:65_536]))
    return re.sub(r"[ \t\xa0]+", " ", html.unescape(plain.decode("utf-8", "replace")))


@check(id="errors-shown", title=_("Errors that the page shows"), order=11)
def errors_shown(evidence: Evidence) -> Iterator[Finding]:
    for line in lines_shown(evidence.site):
        message = read_php_message(line.text, line.before)
        if message is None:
            continue
        sharp = of_refused(sharpened(message, shown_path(message.path, evidence), evidence), message, evidence)
        cause, sure = CAUSES[sharp.cause], min(0.96, sharp.sure)
        said = f"{placed(sharp.title or cause.title, sharp.path, sharp.line, quoted(message))} {sharp.more}".strip()
        yield Finding(
            "errors-shown", sharp.cause, Severity.CRITICAL, sure, said, sharp.hint or cause.explanation, sharp.path, sharp.line,
            also=sharp.also, evidence=(proof_of(line),), repairs=cause.repairs,
            data=(("message", message.message), ("slug", message.slug)),
        )  # fmt: skip
