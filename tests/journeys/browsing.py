"""A person at a real browser: goes through the product, keeps screenshots, and notices what a careful eye would."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Locator, Page, Response

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "a quiet sentence nobody guesses"
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}

# What every page must have, asked of the page itself.
_LOOK = """() => {
    const wrong = [];
    const headings = document.querySelectorAll("h1").length;
    if (headings !== 1) wrong.push(headings + " h1");
    if (!document.title.trim()) wrong.push("no title");
    if (!document.documentElement.lang) wrong.push("no language");
    const fields = "input:not([type=hidden]):not([type=submit]):not([type=button]), select, textarea";
    for (const field of document.querySelectorAll(fields)) {
        const named = (field.labels && field.labels.length) || field.getAttribute("aria-label") || field.getAttribute("aria-labelledby");
        if (!named) wrong.push("no label: " + field.outerHTML.slice(0, 120));
    }
    for (const it of document.querySelectorAll("a[href], button")) {
        const words = (it.textContent || "").trim() || it.getAttribute("aria-label");
        if (!words) wrong.push("no words: " + it.outerHTML.slice(0, 120));
    }
    for (const image of document.querySelectorAll("img:not([alt])")) wrong.push("no alt: " + image.outerHTML.slice(0, 120));
    const seen = new Set();
    for (const it of document.querySelectorAll("[id]")) {
        if (seen.has(it.id)) wrong.push("id twice: " + it.id);
        seen.add(it.id);
    }
    for (const it of document.querySelectorAll("[aria-describedby], label[for]")) {
        for (const id of (it.getAttribute("aria-describedby") || it.htmlFor || "").split(" ")) {
            if (id && !document.getElementById(id)) wrong.push("points to nothing: " + it.outerHTML.slice(0, 120));
        }
    }
    if (document.querySelector("[style]")) wrong.push("inline style: " + document.querySelector("[style]").outerHTML.slice(0, 120));
    return wrong;
}"""
# Only what is really too wide: a part with a scroll bar of its own is not.
_TOO_WIDE = """() => {
    const most = window.innerWidth;
    if (document.scrollingElement.scrollWidth <= most) return [];
    const wide = [...document.querySelectorAll("main *")].filter((it) => it.getBoundingClientRect().right > most + 1);
    return ["wider than " + most + " px: " + document.scrollingElement.scrollWidth,
            ...wide.slice(0, 3).map((it) => it.outerHTML.slice(0, 160))];
}"""


# To take a screenshot the driver puts an empty style element into the page, now and then before its own exemption is in force.
# A style of ours would not be empty: this is the hash of nothing.
_OF_THE_DRIVER = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


class Visitor:
    """One browser window. What is wrong with any page it sees gathers in `wrong`."""

    def __init__(self, browser: Browser, base: str, shots: Path, *, javascript: bool = True, scheme: str = "light") -> None:
        self.base, self.shots, self.javascript = base, shots, javascript
        self.wrong: list[str] = []
        self.seen: list[str] = []
        self.forgiven: tuple[str, ...] = ()
        self.context: BrowserContext = browser.new_context(
            viewport=WIDE, java_script_enabled=javascript, color_scheme=scheme, accept_downloads=True
        )
        self.context.set_default_timeout(20_000)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._note(f"script: {error}"))
        self.page.on("response", self._response)
        self._count = 0

    def _note(self, what: str) -> None:
        if not any(words in what for words in self.forgiven):
            self.wrong.append(f"{self.page.url}: {what}")

    def _console(self, message: ConsoleMessage) -> None:
        if _OF_THE_DRIVER in message.text:
            return
        if message.type in ("error", "warning"):
            self._note(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"{response.status} {response.url}")

    def go(self, path: str) -> Page:
        """Opens an address of the product, or any other in full."""
        self.page.goto(path if path.startswith("http") else self.base + path)
        return self.page

    @property
    def words(self) -> str:
        """What the page says."""
        return self.page.locator("main").inner_text()

    @property
    def headline(self) -> str:
        return self.page.locator("h1").inner_text()

    def press(self, words: str | re.Pattern[str], within: Locator | None = None) -> None:
        """A button or link that a person finds by its words."""
        place = within or self.page
        exact = isinstance(words, str)
        button = place.get_by_role("button", name=words, exact=exact).or_(place.get_by_role("link", name=words, exact=exact))
        button.first.click()
        self.page.wait_for_load_state()

    def fill(self, label: str, value: str) -> None:
        self.page.get_by_label(re.compile(rf"^{re.escape(label)}( \(optional\))?$")).fill(value)

    def until(self, condition: Callable[[], object], seconds: float, what: str) -> float:
        """Waits; the page must follow by itself. Without JavaScript a person reloads it. Answers the seconds."""
        began = time.monotonic()
        while True:
            try:
                if condition():
                    return time.monotonic() - began
            except Error as error:
                if "context was destroyed" not in str(error) and "navigat" not in str(error):
                    raise
            if time.monotonic() - began > seconds:
                self.shot("too-late")
                raise AssertionError(f"not within {seconds:g} s: {what}\n{self.page.url}\n{self.words}")
            self.page.wait_for_timeout(700)
            if not self.javascript:
                self.page.reload()

    def until_says(self, words: str, seconds: float) -> float:
        return self.until(lambda: words in self.words, seconds, words)

    def shot(self, name: str) -> Path:
        """A screenshot of the whole page, kept."""
        self._count += 1
        self.shots.mkdir(parents=True, exist_ok=True)
        path = self.shots / f"{self._count:02}-{name}.png"
        self._picture(path)
        return path

    def _picture(self, path: Path) -> None:
        self.page.screenshot(path=path, full_page=True, caret="initial")  # hiding the caret would style every field in place

    def pictures(self, name: str) -> None:
        """A careful look, and four screenshots: wide and on a phone, light and dark."""
        if self.page.url.startswith(self.base):
            self.look()
        self.shots.mkdir(parents=True, exist_ok=True)
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            self.page.wait_for_timeout(300)  # colours fade over
            for size, words in ((WIDE, "wide"), (PHONE, "phone")):
                self.page.set_viewport_size(size)
                self._picture(self.shots / f"{name}-{words}-{scheme}.png")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(WIDE)

    def look(self, name: str = "") -> None:
        """A careful look at this page, wide and on a phone; with a name, a screenshot is kept."""
        self.seen.append(self.page.url)
        self.wrong += [f"{self.page.url}: {what}" for what in self.page.evaluate(_LOOK)]
        if name:
            self.shot(name)
        self.page.set_viewport_size(PHONE)
        self.page.wait_for_timeout(50)
        self.wrong += [f"{self.page.url}: {what}" for what in self.page.evaluate(_TOO_WIDE)]
        self.page.set_viewport_size(WIDE)

    def begin(self, link: str, *, name: str = "anna", email: str = "anna@example.org") -> None:
        """The first run: makes the administrator with the one-time link."""
        self.go(link)
        self.look("first-run")
        for label, value in (("Username", name), ("E-mail", email), ("Password", PASSWORD), ("Password, once more", PASSWORD)):
            self.fill(label, value)
        self.press("Create the account and begin")

    def close(self) -> None:
        self.context.close()
