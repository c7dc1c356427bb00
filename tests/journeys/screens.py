"""Screenshots of the running product: two for the README, and every page wide and on a phone, light and dark, for looking at.

    python -m tests.journeys.screens

Writes docs/dashboard.png and docs/repair.png, and the rest below var/screens/.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.journeys import repairing
from tests.journeys.browsing import ARGUMENTS, CHROMIUM, PASSWORD, PHONE, ROOT, WIDE, Visitor
from tests.journeys.conftest import Product
from tests.journeys.test_practice_road import break_by_typing_mistake, practise
from tests.lab.hosting import Shell

SCREENS = ROOT / "var" / "screens"
DOCS = ROOT / "docs"
HIGHEST = 900
LISTS = ("/incidents/", "/repairs/", "/mail/", "/causes/", "/hosts/", "/imports/", "/tags/", "/bin/")
OF_A_SITE = (
    "edit/", "delete/", "pages/", "visitors/", "visitors/server/", "let-through/", "deploy/hook/", "read-only/", "places/", "connect/",
    "?span=90d",
)  # fmt: skip
FULL_ACCOUNT = "OVH, cluster 30"  # of which there is most to see
OF_AN_ACCOUNT = ("edit/", "found/", "done/", "read-only/", "delete/")
OTHERS = (
    "/sites/new/",
    "/settings/",
    "/health/",
    "/maintenance/",
    "/maintenance/new/",
    "/account/",
    "/practice/",
    "/hosts/new/",
    "/coverage/",
    "/coverage/?only=no-connection",
    "/connections/",
    "/no/such/page/",
)


def main() -> int:
    """Makes them all; exit status 1 when a page was not as it should be."""
    if not CHROMIUM.exists():
        print("chromium is missing. On Debian or Ubuntu: apt-get install chromium", file=sys.stderr)
        return 2
    shutil.rmtree(SCREENS, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="sitemend-") as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        product = Product(Path(folder) / "demo")
        try:
            wrong = take(product, chromium)
            product.end()
        finally:
            product.clean()
            chromium.close()
    print("\n".join(dict.fromkeys(wrong)) or "Every page is as it should be.")
    return 1 if wrong else 0


def take(product: Product, chromium: Browser) -> list[str]:
    """The whole tour. Answers what was wrong with pages."""
    visitor = Visitor(chromium, product.base, SCREENS / "road")
    visitor.forgiven = ("404",)
    visitor.begin(product.first_run_link)
    practise(visitor)
    take_baseline(visitor)
    shell = Shell(product.state_folder)
    filled = shell.run("shell", "--verbosity", "0", "-c", "from tests.journeys import demo; demo.fill()")
    if filled.status:
        raise RuntimeError(filled.err)
    visitor.go("/practice/")
    break_by_typing_mistake(visitor)
    what_changed(visitor)
    visitor.go("/")
    visitor.until(lambda: visitor.page.locator("article.case .log").count() > 0, 60, "the cause is on the dashboard")
    crop(visitor, DOCS / "dashboard.png")
    visitor.press("Details", visitor.page.locator("article.case").first)
    repairing.open_repair(visitor)
    repairing.choose(visitor, "Confirm the error")
    repairing.look_again(visitor, "Look again now")
    repairing.choose(visitor, "Test the .htaccess")
    crop(visitor, DOCS / "repair.png")
    wrong = list(visitor.wrong)
    for round_ in ("down", "well"):
        if round_ == "well":
            repairing.choose(visitor, "Test the .htaccess")
            repairing.apply_first_offer(visitor)
        addresses = list(dict.fromkeys(pages(visitor)))
        for scheme in ("light", "dark"):
            wrong += tour(chromium, product, addresses, scheme, SCREENS / round_)
        visitor.go("/repairs/")
        visitor.page.locator("td a.name").first.click()
        visitor.page.wait_for_load_state()
    visitor.close()
    return wrong


def files_of_practice(visitor: Visitor) -> None:
    """The page of the practice site's files."""
    visitor.go("/practice/")
    address = visitor.page.locator("main a[href^='/sites/']").first.get_attribute("href") or ""
    visitor.go("/".join(address.split("/")[:3]) + "/files/")


def take_baseline(visitor: Visitor) -> None:
    """Of the practice site, while it is well; unless one is being taken by itself."""
    visitor.go("/hosts/")
    visitor.press("Practice hosting")
    visitor.press("Test connection")
    files_of_practice(visitor)
    button = visitor.page.get_by_role("button", name="Take a baseline now")
    visitor.until(lambda: button.count() or "Baseline of" in visitor.words, 60, "a baseline can be taken")
    if button.count():
        button.first.click()
    visitor.until_says("Baseline of", 60)


def what_changed(visitor: Visitor) -> None:
    """Since that baseline."""
    files_of_practice(visitor)
    visitor.press("What changed since?")
    visitor.until(lambda: "differ" in visitor.headline, 60, "what changed is known")


def crop(visitor: Visitor, path: Path) -> None:
    """A picture for the README: as wide as the window, not higher than a screen."""
    path.parent.mkdir(exist_ok=True)
    visitor.page.wait_for_timeout(300)
    high = min(HIGHEST, visitor.page.evaluate("document.scrollingElement.scrollHeight"))
    visitor.page.screenshot(path=path, clip={"x": 0, "y": 0, "width": WIDE["width"], "height": high}, full_page=True)


def pages(visitor: Visitor) -> Iterator[str]:
    """Addresses of every kind of page: the lists, and one or two of what stands in each."""
    yield from ("/", *OTHERS)
    yield "/diagnoses/1/"
    for path in ("/", *LISTS):
        yield path
        visitor.go(path)
        links = [(link.get_attribute("href") or "", link.inner_text()) for link in visitor.page.locator("main a.name").all()]
        for address, words in links if path == "/hosts/" else links[:2]:
            yield address
            if path != "/hosts/" or words == FULL_ACCOUNT:
                yield from _beyond(visitor, address)


def _beyond(visitor: Visitor, address: str) -> Iterator[str]:
    if re.fullmatch(r"/sites/\d+/", address):
        yield from (address + part for part in OF_A_SITE)
        yield f"/bulk/?verb=read-only&site={address.split('/')[2]}"
        yield address + "files/"
        visitor.go(address + "files/")
        yield from (link.get_attribute("href") or "" for link in visitor.page.locator("main a[href^='/comparisons/']").all()[:1])
    if re.fullmatch(r"/hosts/\d+/", address):
        yield from (address + part for part in OF_AN_ACCOUNT)
    if re.fullmatch(r"/repairs/\d+/", address):
        visitor.go(address)
        for link in visitor.page.get_by_role("navigation", name="Steps").get_by_role("link").all():
            yield address + (link.get_attribute("href") or "").removeprefix(address)
        yield f"{address}report/"


def tour(chromium: Browser, product: Product, addresses: list[str], scheme: str, folder: Path) -> list[str]:
    """Each address, wide and on a phone."""
    visitor = Visitor(chromium, product.base, folder, scheme=scheme)
    visitor.forgiven = ("404",)
    visitor.go("/login/")
    visitor.fill("Username", "anna")
    visitor.fill("Password", PASSWORD)
    visitor.press("Log in")
    for address in addresses:
        visitor.page.set_viewport_size(WIDE)
        visitor.go(address)
        visitor.look()
        name = re.sub(r"\W+", "-", address).strip("-") or "dashboard"
        folder.mkdir(parents=True, exist_ok=True)
        for size, words in ((WIDE, "wide"), (PHONE, "phone")):
            visitor.page.set_viewport_size(size)
            visitor.page.screenshot(path=folder / f"{name}-{words}-{scheme}.png", full_page=True)
    visitor.close()
    return visitor.wrong


if __name__ == "__main__":
    sys.exit(main())
