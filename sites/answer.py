"""One answer as it is looked at: each view of it is made when it is first asked for, since a page that is well needs hardly any."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sites.page_text import TITLE, decode, header, heading, title, visible, without_quotes
from sites.word_search import Vocabulary

Headers = tuple[tuple[str, str], ...]
SHORT_TEXT = 700  # characters of a page that says one thing only

_asked_for = Vocabulary()


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of a final answer; `url` is where it came from."""

    status: int
    headers: Headers
    body: bytes
    url: str = ""

    @cached_property
    def content_type(self) -> str:
        return header(self.headers, "content-type").lower()

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
        _asked_for.learn(words)
        return self._may_mention(_asked_for.version) and any(word in self._lowered for word in words)

    def _may_mention(self, version: int) -> bool:
        """False when the text holds none of all words that are ever asked for."""
        looked = self._looked
        if version not in looked:
            looked[version] = _asked_for.may_be_in(self.text)
        return looked[version]

    @cached_property
    def _looked(self) -> dict[int, bool]:
        return {}

    @cached_property
    def bare(self) -> str:
        """The markup without what the page quotes."""
        return without_quotes(self.text) if "json" not in self.content_type else ""

    @cached_property
    def words(self) -> str:
        """What a reader sees."""
        return visible(self.text)

    @cached_property
    def opening(self) -> str:
        """The first words of the page itself, after its title."""
        return visible(TITLE.sub(" ", self.bare, count=1))[:SHORT_TEXT]

    @cached_property
    def title(self) -> str:
        return title(self.text)

    @cached_property
    def heading(self) -> str:
        return heading(self.text)

    @cached_property
    def says_one_thing(self) -> bool:
        return len(self.words) <= SHORT_TEXT
