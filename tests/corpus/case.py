"""One answer of the corpus, and what it should be recognised as."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from sites.probing.outcome import Expectation, Kind
from sites.signatures import classify

Headers = tuple[tuple[str, str], ...]
SET_ASIDE = 5  # one of so many is not looked at while rules are written


@dataclass(frozen=True)
class Case:
    """`observed` is what the probing engine itself made of it where there is no answer to look at again (a redirect loop)."""

    name: str  # "wordpress/de/database-down"
    kind: Kind
    status: int | None = 200
    headers: Headers = (("Content-Type", "text/html; charset=utf-8"),)
    body: bytes = b""
    language: str = "en"
    software: bool = False  # made by upstream software that was really run
    lookalike: bool = False  # well, but with the words or the looks of a failure
    complete: bool = True
    url: str = ""
    expectation: Expectation = Expectation()
    observed: Kind | None = None

    @property
    def unseen(self) -> bool:
        """Whether it is set aside: by its name alone, so that nobody chooses."""
        return hashlib.sha256(self.name.encode()).digest()[0] % SET_ASIDE == 0

    def found(self) -> Kind:
        """What it is recognised as."""
        if self.observed is not None:
            return self.observed
        assert self.status is not None
        said = classify(self.status, self.headers, self.body, expectation=self.expectation, complete=self.complete, url=self.url)
        return said.kind

    @property
    def is_right(self) -> bool:
        return self.found() is self.kind and self.observed in (None, self.kind)

    @property
    def is_false_alarm(self) -> bool:
        """A look-alike taken for a failure."""
        return self.lookalike and self.found() is not Kind.OK

    def to_json(self) -> dict[str, Any]:
        """For a recording that lasts as long as somebody works on the rules."""
        return {
            "name": self.name, "kind": str(self.kind), "status": self.status, "headers": [list(pair) for pair in self.headers],
            "body": base64.b64encode(self.body).decode(), "language": self.language, "lookalike": self.lookalike,
            "complete": self.complete, "url": self.url, "observed": str(self.observed or ""),
            "statuses": sorted(self.expectation.statuses), "must": list(self.expectation.must_contain),
        }  # fmt: skip

    @classmethod
    def from_json(cls, known: dict[str, Any]) -> Case:
        """What `to_json` wrote, of software that was run."""
        return cls(
            known["name"], Kind(known["kind"]), known["status"], tuple((name, value) for name, value in known["headers"]),
            base64.b64decode(known["body"]), known["language"], software=True, lookalike=known["lookalike"], complete=known["complete"],
            url=known["url"], observed=Kind(known["observed"]) if known["observed"] else None,
            expectation=Expectation(frozenset(known["statuses"]), tuple(known["must"])),
        )  # fmt: skip
