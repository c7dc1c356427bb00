"""Every page that needs no site, as a careful eye sees it: wide and on a phone, light and dark, with and without JavaScript."""

from __future__ import annotations

import pytest

from tests.journeys.browsing import PASSWORD
from tests.journeys.conftest import Product

PAGES = (
    "/sites/new/",
    "/incidents/",
    "/repairs/",
    "/causes/",
    "/hosts/",
    "/hosts/new/",
    "/mail/",
    "/settings/",
    "/health/",
    "/maintenance/",
    "/maintenance/new/",
    "/account/",
    "/practice/",
)

pytestmark = pytest.mark.timeout(240)


def test_empty_installation_looks_right(start, visit) -> None:
    product: Product = start()
    visitor = visit(product)
    visitor.begin(product.first_run_link)
    assert visitor.headline == "Let's watch your first site"
    for path in ("/", *PAGES):
        visitor.go(path)
        visitor.look(path.strip("/").replace("/", "-") or "welcome")
    visitor.page.locator("details.user summary").click()
    visitor.press("Log out")
    visitor.look("login")

    plain = visit(product, javascript=False, scheme="dark")
    plain.forgiven = ("422", "404")
    plain.go("/incidents/")
    plain.fill("Username", "anna")
    plain.fill("Password", "not this one")
    plain.press("Log in")
    assert plain.page.get_by_role("alert").count() == 1
    plain.look("login-refused")
    plain.fill("Username", "anna")
    plain.fill("Password", PASSWORD)
    plain.press("Log in")
    assert plain.page.url.endswith("/incidents/"), "goes on to where one wanted to go"
    for path in ("/", *PAGES):
        plain.go(path)
        plain.look(f"dark{path.replace('/', '-')}".rstrip("-"))
    plain.go("/no/such/page/")
    plain.look("not-found")
    for _twice in range(2):
        plain.go("/sites/new/")
        plain.fill("Name", "own machine")
        plain.fill("Address", "http://127.0.0.1:22/")
        plain.press("Register and probe it now")
    assert plain.page.get_by_role("alert").count() >= 1
    plain.look("name-taken")
    plain.go("/")
    plain.press("own machine")
    plain.until(lambda: "SITEMEND_ALLOWED_NETWORKS" in plain.words or "private" in plain.words, 30, "why it is not probed")
    plain.look("address-refused")
