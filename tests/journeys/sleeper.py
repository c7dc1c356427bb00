"""Somebody woken at 3 a.m. who has never seen the product: opens the mail's link, presses what each page recommends, and counts."""

from __future__ import annotations

import re
from email.message import EmailMessage

from playwright.sync_api import Locator

from tests.journeys.browsing import Visitor
from tests.journeys.installing import show_mail

WORKS = "The site works again"  # what the page says when a probe after the change found every page well
BUSY_S = 60.0
MOST_PAGES = 12


class Sleeper:
    """Presses the one button of each page that stands out, and types what it asks for. `clicks` counts both, the mail's link included."""

    def __init__(self, visitor: Visitor, *, types: str = "", shoots: bool = False) -> None:
        self.visitor, self.types, self.shoots = visitor, types, shoots
        self.clicks = 0
        self.pressed: list[str] = []
        self.shots = 0

    def mend(self, mail: EmailMessage) -> None:
        """From this mail to the page that says the site works again."""
        self._open(mail)
        self.go_on_until_green()

    def go_on_until_green(self) -> None:
        """From whatever page is open."""
        for _page in range(MOST_PAGES):
            self._settle()
            self._shoot()
            if self.is_green:
                return
            self._go_on()
        raise AssertionError(f"not green after {self.pressed}\n{self.visitor.words}")

    @property
    def is_green(self) -> bool:
        return WORKS in self.visitor.words

    def _open(self, mail: EmailMessage) -> None:
        """The mail as a mail program draws it, and its one button."""
        show_mail(self.visitor, mail)
        self._shoot()
        self._press(self.visitor.page.get_by_role("link", name=re.compile("^(Open the guided repair|See the incident)")))

    def _go_on(self) -> None:
        """One decision on each screen: one button stands out, and only one."""
        primary = self.visitor.page.locator("main .btn.primary:visible")
        assert primary.count() == 1, f"{primary.count()} buttons stand out\n{self.visitor.words}"
        empty = primary.locator("xpath=ancestor::form").locator("input[type=password]:visible")
        if self.types and empty.count() and not empty.input_value():
            empty.fill(self.types)
            self.clicks += 1
            self.pressed.append("(password)")
        self._press(primary)

    def _press(self, what: Locator) -> None:
        self.pressed.append(" ".join(what.inner_text().split()))
        self.clicks += 1
        what.click()
        self.visitor.page.wait_for_load_state()

    def _settle(self) -> None:
        """Until nothing is in work any more: pages follow by themselves."""
        page = self.visitor.page
        self.visitor.until(lambda: page.locator('#repair[hx-trigger="every 2s"], main .working').count() == 0, BUSY_S, "the work ends")

    def _shoot(self) -> None:
        """A careful look; with `shoots` pictures are kept."""
        self.shots += 1
        if self.shoots:
            self.visitor.pictures(str(self.shots))
        elif self.visitor.page.url.startswith(self.visitor.base):
            self.visitor.look()
