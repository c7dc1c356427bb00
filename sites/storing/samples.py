"""One page in a batch of outcomes: what it was before, what it is after."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sites import judging
from sites.judging import PageState, Verdict
from sites.models import Page
from sites.probing.outcome import Outcome

# What has a column of its own is not stored a second time in `Page.state`: the column counts.
_IN_COLUMNS = ("verdict", "kind", "since", "last_at", "failing_since")


def load_state(page: Page) -> PageState:
    """What `judging` made of the page so far, the good probes that were only counted (`sites.storing.calm`) included."""
    state = replace(judging.state_from_json(page.state), **{name: getattr(page, name) for name in _IN_COLUMNS})
    return judging.with_goods(state, page.goods_since) if page.goods_since else state


def stored_state(state: PageState) -> dict[str, Any]:
    """What `Page.state` must hold beside the columns. Of a page that is well nothing: its good outcomes go the way of `calm`."""
    return {name: value for name, value in judging.state_to_json(state).items() if name not in _IN_COLUMNS}


@dataclass(slots=True)
class Sample:
    """One page with its state before and after the batch, and the outcome that counted last."""

    page: Page
    state: PageState
    extra: dict[str, Any]  # beside the state: "fp" of the failure, "fp_next" seen once, "confirming" before the regular time
    old_verdict: str
    outcome: Outcome | None = None
    transitions: list[judging.Transition] = field(default_factory=list)
    changed: bool = False
    look: str = ""  # which slower look at the page this is; empty: the page's own probes

    @classmethod
    def of(cls, page: Page) -> Sample:
        extra = {name: page.state[name] for name in ("fp", "fp_next", "confirming") if name in page.state}
        return cls(page, load_state(page), extra, page.verdict)

    @property
    def path(self) -> str:
        return self.page.path

    @property
    def verdict(self) -> str:
        return str(self.state.verdict)

    @property
    def kind(self) -> str:
        """Of the failure while it is down or suspect, else of the last outcome."""
        return str(self.state.kind)

    @property
    def fingerprint(self) -> str:
        """Of the failure that this page is held for; empty when it is up."""
        return str(self.extra.get("fp", ""))

    @property
    def is_failing_now(self) -> bool:
        """Whether it is down and the last probe showed that."""
        return self.state.verdict == Verdict.DOWN and self.outcome is not None and self.state.goods == 0
