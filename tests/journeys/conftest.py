"""The running product, a real browser, and what both leave behind."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import prepared
from tests.config.running import Up
from tests.journeys.browsing import ARGUMENTS, CHROMIUM, ROOT, Visitor

SHOTS = ROOT / "var" / "journey"


class Product(Up):
    """The whole product, ready, with a state folder of its own."""

    def __init__(self, state_folder: Path, **settings: str) -> None:
        chosen = {"DATABASE_URL": "", "REDIS_URL": "", "EMAIL_URL": "", "SITEMEND_ANCHORS": "", "SITEMEND_ENV_FILE": os.devnull}
        super().__init__(state_folder, "--port", "0", **{**chosen, **settings})
        try:
            self.ready()
        except BaseException:  # whoever made it never gets it, so nobody else ends what runs by now
            self.clean()
            raise

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def first_run_link(self) -> str:
        return self.said(r"(http://\S+/first-run/[\w-]{20,}/)")[1]

    def end(self) -> None:
        """Stops it as a person does, and makes sure that nothing is left."""
        began = time.monotonic()
        assert self.stop() == 0, self.text
        took = time.monotonic() - began
        left = self.everything()
        assert not left, f"left after {took:.0f} s: {left}"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Product]]:
    """Starts products; each must end cleanly and leave no process."""
    if sys.platform != "linux":
        pytest.skip("looks at /proc")
    started: list[Product] = []

    def one(**settings: str) -> Product:
        state_folder = tmp_path / f"state{len(started)}"
        prepared.installation(state_folder)
        started.append(Product(state_folder, **settings))
        return started[-1]

    try:
        yield one
        for product in started:
            if product.process.poll() is None:
                product.end()
    finally:
        for product in started:
            product.clean()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the journeys of a file: while it is driven, nothing else in this process may use the database."""
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Visitor]]:
    """Opens browser windows; whatever was wrong with a page fails the test at its end."""
    name = request.node.name.removeprefix("test_").replace("[", "-").rstrip("]")
    shutil.rmtree(SHOTS / name, ignore_errors=True)
    visitors: list[Visitor] = []

    def one(product: Product, *, javascript: bool = True, scheme: str = "light") -> Visitor:
        visitors.append(Visitor(browser, product.base, SHOTS / name, javascript=javascript, scheme=scheme))
        return visitors[-1]

    yield one
    for visitor in visitors:
        visitor.close()
    wrong = [what for visitor in visitors for what in visitor.wrong]
    assert not wrong, "\n".join(dict.fromkeys(wrong))
