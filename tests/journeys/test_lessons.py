"""The practice site's lessons, by pages alone: begun by one click, told by a mail, mended by what each page recommends."""

from __future__ import annotations

import re

import pytest

from tests.journeys.browsing import Visitor
from tests.journeys.conftest import Product
from tests.journeys.sleeper import WORKS, Sleeper
from tests.journeys.test_practice_road import practise

pytestmark = pytest.mark.slow
ALL = ("typing-mistake", "wrong-permissions", "missing-file", "two-at-once", "half-upload")
IN_CI = ("typing-mistake", "half-upload")
NOTICED_S, KEPT_S = 60, 90


def begin(visitor: Visitor, kind: str) -> None:
    """One click, and the lesson's fault is there. Where its files are still being read, a person does as the page says."""
    visitor.go("/practice/")
    button = visitor.page.locator(f"#begin-{kind}")

    def has_begun() -> bool:
        if button.count():
            button.click()
            visitor.page.wait_for_load_state()
        return "The lesson has begun" in visitor.words

    visitor.until(has_begun, KEPT_S, "the lesson begins")
    assert "Broken" in visitor.page.locator(f"#lesson-{kind}").inner_text()
    visitor.until(lambda: "is down. Now mend it." in visitor.headline, NOTICED_S, "its failure is noticed and confirmed")
    visitor.look(f"{kind}-down")


def mend(visitor: Visitor) -> None:
    """From the site's page to green, by the one button that stands out."""
    visitor.press("Open the site")
    visitor.until(lambda: visitor.page.get_by_role("link", name="Repair", exact=True).count() > 0, 30, "the incident is there")
    visitor.until(lambda: visitor.page.locator("article.case .log").count() > 0, 60, "the cause is there")
    visitor.press("Repair")
    sleeper = Sleeper(visitor)
    sleeper.go_on_until_green()
    assert WORKS in visitor.words


@pytest.mark.parametrize(
    "kinds",
    [pytest.param(IN_CI, marks=pytest.mark.timeout(400)), pytest.param(ALL, marks=[pytest.mark.full, pytest.mark.timeout(900)])],
    ids=["some", "all"],
)
def test_lessons_are_begun_mended_and_remembered(start, visit, kinds: tuple[str, ...]) -> None:
    product: Product = start()
    visitor: Visitor = visit(product)
    visitor.begin(product.first_run_link)
    practise(visitor)
    assert visitor.page.locator("#lessons .lesson").count() == len(ALL)
    for kind in kinds:
        begin(visitor, kind)
        mend(visitor)
        visitor.go("/practice/")
        state = visitor.page.locator(f"#lesson-{kind}")
        visitor.until(lambda state=state: "Mended" in state.inner_text(), 60, f"{kind} is mended")
        visitor.look(f"{kind}-mended")
    following = [kind for kind in ALL if kind not in kinds]
    primary = visitor.page.locator("#lessons .btn.primary")
    assert [button.get_attribute("id") for button in primary.all()] == [f"begin-{kind}" for kind in following[:1]]
    if not following:
        assert visitor.headline == "All five lessons are mended"
    visitor.press("Begin the lessons anew")
    assert len(re.findall("Not begun", visitor.words)) == len(ALL)
    visitor.look("anew")
