"""A quick look whether a page may hold any of many words: one pass over its bytes for all of them (Aho and Corasick, 1975).

Nearly every page that is looked at is well and holds none of them, and looking for each word by itself costs more than the probe.
"""

from __future__ import annotations

import re
import threading

from ahocorasick_rs import BytesAhoCorasick, MatchKind

_GROUP = 48  # up to about 60 words at a time the search compares many bytes at once
_ASCII_RUN = re.compile(r"[\x00-\x7f]+")
# Their small letters are ASCII letters (Unicode's SpecialCasing and UnicodeData): bytes alone cannot tell.
_UNUSUAL = ("\u212a", "\u0130")


class Vocabulary:
    """Words (in small letters) as they become known. `version` changes when there are more of them. Safe between threads."""

    def __init__(self) -> None:
        self.version = 0
        self._lock = threading.Lock()
        self._words: frozenset[str] = frozenset()
        self._searches: list[BytesAhoCorasick] = []
        self._blind = False  # a word without any ASCII letter was asked for

    def learn(self, words: tuple[str, ...]) -> None:
        """Look for these too from now on."""
        if self._words.issuperset(words):
            return
        with self._lock:
            known = self._words | frozenset(words)
            parts = {max(_ASCII_RUN.findall(word), key=len, default="") for word in known}
            self._blind = "" in parts
            listed = sorted(part.encode() for part in parts if part)
            self._searches = [
                BytesAhoCorasick(listed[start : start + _GROUP], matchkind=MatchKind.LeftmostFirst)
                for start in range(0, len(listed), _GROUP)
            ]
            self.version += 1
            self._words = known

    def may_be_in(self, text: str) -> bool:
        """False only when no word that was learnt is anywhere in the text, in capital or small letters."""
        if self._blind or (not text.isascii() and any(char in text for char in _UNUSUAL)):
            return True
        lowered = text.encode("utf-8", "replace").lower()
        return any(search.find_matches_as_indexes(lowered) for search in self._searches)
