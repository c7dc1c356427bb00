"""One answer as it is looked at: each view of it is made when it is first asked for, since a page that is well needs hardly any."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from sites.recognition.page_text import TITLE, decode, heading, title, visible, without_quotes, without_warnings

Headers = tuple[tuple[str, str], ...]
SHORT_TEXT = 700  # characters of a page that says one thing only, PHP's warnings not counted
SPARSE_TEXT = 16 * 1024  # characters of markup
SPARSE_LINKS = 8
OWN_LINKS = 2  # a page of a site leads to more of its other pages than that
_OWN_LINK = re.compile(r"<a\b[^<>]{0,300}?\bhref=[\"']?(?:/(?!/)|\./|\?)[^\"'\s<>]{1,300}", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of a final answer; `url` is where it came from."""

    status: int
    headers: Headers
    body: bytes
    url: str = ""

    @cached_property
    def named(self) -> dict[str, str]:
        """The headers by their names in lower case; of several the first."""
        return {name.lower(): value for name, value in reversed(self.headers)}

    @cached_property
    def content_type(self) -> str:
        return self.named.get("content-type", "").lower()

    @cached_property
    def is_html(self) -> bool:
        return "html" in self.content_type or not self.content_type

    @cached_property
    def text(self) -> str:
        """The body decoded; empty for pictures and the like."""
        textual = not self.content_type or any(word in self.content_type for word in ("text/", "xml", "json", "html"))
        return decode(self.body, self.content_type) if textual else ""

    @cached_property
    def _lowered(self) -> str:
        return self.text.lower()

    def mentions(self, *words: str) -> bool:
        """Whether one of the words (in lower case) is anywhere in the text: a quick look before a thorough one."""
        return any(word in self._lowered for word in words)

    @cached_property
    def bare(self) -> str:
        """The markup without what the page quotes. What is JSON has none; what PHP put in its place when it stopped has."""
        if "json" in self.content_type and self.text.lstrip()[:1] in ("{", "[", '"'):
            return ""
        return without_quotes(self.text)

    @cached_property
    def words(self) -> str:
        """What a reader sees."""
        return visible(self.text)

    @cached_property
    def opening(self) -> str:
        """The first words of the page itself, after its title and what PHP warns of."""
        return visible(TITLE.sub(" ", without_warnings(self.bare), count=1))[:SHORT_TEXT]

    @cached_property
    def title(self) -> str:
        return title(self.text)

    @cached_property
    def heading(self) -> str:
        return heading(self.text)

    @cached_property
    def says_one_thing(self) -> bool:
        return len(self.words) <= SHORT_TEXT or len(visible(without_warnings(self.text))) <= SHORT_TEXT

    @cached_property
    def is_sparse(self) -> bool:
        """Small with hardly a link: what a page that stands alone looks like at first sight, found out without reading it."""
        return len(self.text) <= SPARSE_TEXT and self.text.count("<a ") <= SPARSE_LINKS

    @cached_property
    def stands_alone(self) -> bool:
        """Whether it says one thing and leads to next to no other page of the site: error pages do, articles have a menu."""
        return self.says_one_thing and sum(1 for _link in islice(_OWN_LINK.finditer(self.bare), OWN_LINKS + 1)) <= OWN_LINKS
