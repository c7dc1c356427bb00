"""The words of a page: decoded, without its markup, and without the parts that quote rather than say."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

EXCERPT_LENGTH = 300

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style|noscript|template|svg)(?![\w-]).*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r"<(pre|code|textarea|xmp|samp|kbd|blockquote|script|style)(?![\w-]).*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<[!/?a-zA-Z][^<>]*>")
TITLE = re.compile(r"<title\b[^<>]*>([^<]{0,1000})", re.IGNORECASE)
# What PHP shows of a warning where `display_errors` is on (main/main.c, `php_error_cb`): the page itself goes on behind it.
_WARNING = re.compile(
    r"<br ?/?>\s{0,3}<b>(?:Warning|Notice|Deprecated|Strict Standards)</b>:\s{1,3}(?:(?!<br).){1,3000}? on line <b>\d+</b><br ?/?>",
    re.DOTALL,
)
_HEADING = re.compile(r"<h1\b[^<>]*>", re.IGNORECASE)
_HEADING_ENDS = re.compile(r"(.{0,1000}?)</h1", re.IGNORECASE | re.DOTALL)
_SPACE = re.compile(r"\s+")


def header(headers: Iterable[tuple[str, str]], name: str) -> str:
    """The value of the first header of that name (any case); empty when it is missing."""
    name = name.lower()
    return next((value for found, value in headers if found.lower() == name), "")


_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decode(body: bytes, content_type: str = "") -> str:
    """The body as text by its byte order mark (which counts most: WHATWG Encoding, "BOM sniff"), its declared character set, else UTF-8.

    Never raises.
    """
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return body.decode(charset, "replace").lstrip("\ufeff")
    named = _CHARSET.search(content_type) or _CHARSET.search(body[:1024].decode("latin-1"))
    for charset in (named.group(1) if named else "utf-8", "utf-8"):
        try:
            return body.decode(charset, "replace").lstrip("\ufeff")
        except (LookupError, ValueError):  # unknown names, and codecs that do not make text of bytes
            continue
    return body.decode("latin-1")


def without_quotes(text: str) -> str:
    """The markup without comments, scripts and the elements in which a page shows code or another's words."""
    return _QUOTED.sub(" ", _COMMENT.sub(" ", text))


def without_warnings(text: str) -> str:
    """The markup without the warnings that PHP put into it."""
    return _WARNING.sub(" ", text) if " on line <b>" in text else text


def visible(text: str) -> str:
    """What a reader sees, in one line."""
    plain = _TAG.sub(" ", _UNSEEN.sub(" ", _COMMENT.sub(" ", text)))
    return _SPACE.sub(" ", html.unescape(plain)).strip()


def title(text: str) -> str:
    """The document's title in one line; empty when there is none."""
    found = TITLE.search(text)
    return _SPACE.sub(" ", html.unescape(found.group(1))).strip() if found else ""


def heading(text: str) -> str:
    """The first main heading in one line; empty when there is none."""
    begins = _HEADING.search(text)  # only the first: a page of nothing but headings would cost a second
    found = _HEADING_ENDS.match(text, begins.end()) if begins else None
    return visible(found.group(1)) if found else ""


def excerpt(text: str) -> str:
    """The title and the beginning of the text, at most 300 characters."""
    name = title(text)
    words = visible(TITLE.sub(" ", text, count=1))
    if name and not words.startswith(name):
        words = f"{name}: {words}" if words else name
    words = "".join(char for char in words if char.isprintable())
    return words if len(words) <= EXCERPT_LENGTH else words[: EXCERPT_LENGTH - 1].rstrip() + "…"
