"""What a person does on the page of a guided repair."""

from __future__ import annotations

import re

from tests.journeys.browsing import Visitor

BUSY_S = 60.0


def open_repair(visitor: Visitor) -> None:
    """From the page of an incident to the guided repair."""
    visitor.press("Start the guided repair")
    if visitor.page.locator("#open-guide").count():
        visitor.look("repair-start")
        visitor.page.locator("#open-guide").click()
        visitor.page.wait_for_load_state()


def choose(visitor: Visitor, step: str) -> None:
    """A step of the list."""
    visitor.page.get_by_role("navigation", name="Steps").get_by_role("link", name=re.compile(re.escape(step))).click()
    visitor.page.wait_for_load_state()


def settle(visitor: Visitor, seconds: float = BUSY_S) -> float:
    """Waits until nothing is in work any more."""
    return visitor.until(lambda: not is_busy(visitor), seconds, "the step comes to its end")


def is_busy(visitor: Visitor) -> bool:
    """Whether the page looks for news every two seconds, or says that something is in work."""
    return visitor.page.locator('#repair[hx-trigger="every 2s"], #repair .working').count() > 0


def look_again(visitor: Visitor, words: str) -> float:
    """A step that only looks."""
    visitor.press(words)
    return settle(visitor)


def apply_first_offer(visitor: Visitor) -> float:
    """Agrees to what is recommended."""
    visitor.press(re.compile("and look again$"))
    return settle(visitor)


def undo_newest(visitor: Visitor) -> float:
    """Takes back what stands at the top of the list of changes."""
    visitor.page.get_by_role("button", name=re.compile("^Undo")).first.click()
    visitor.page.wait_for_load_state()
    took = settle(visitor)
    assert visitor.page.get_by_role("button", name=re.compile("^Undo")).count() == 0, visitor.words
    return took
