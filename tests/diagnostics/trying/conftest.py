"""The lab's servers, for trials on a real WordPress."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.diagnostics.trying.blogs import Blog, blog_on
from tests.lab.stack import Stack, started, why_missing


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    if why := why_missing():
        pytest.skip(why)
    with started() as made:
        yield made


@pytest.fixture
def blog(stack: Stack) -> Iterator[Blog]:
    with blog_on(stack) as made:
        yield made
