"""What is read out of pages, among them such as were made to keep the reader busy."""

from __future__ import annotations

import time

import pytest

from sites.probing.outcome import Kind
from sites.recognition import page_text
from sites.signatures import classify

SIZE = 256 * 1024


def test_heading_is_the_first_one() -> None:
    assert page_text.heading("<p>x</p><H1 class='a'>Not <b>found</b>\n here</H1><h1>two</h1>") == "Not found here"
    assert page_text.heading("<h2>x</h2>") == ""
    assert page_text.heading("<h1>never ends") == ""


@pytest.mark.parametrize("part", ["<h1>", "<h1 ", "<title>", "<title ", "<script>", "<pre ", "<!--", "<a", "&#1", "\n"])
def test_reading_takes_a_moment_whatever_is_repeated(part: str) -> None:
    text, begun = part * (SIZE // len(part)), time.process_time()
    for read in (page_text.heading, page_text.title, page_text.visible, page_text.without_quotes, page_text.excerpt):
        read(text)
    assert time.process_time() - begun < 0.7


@pytest.mark.parametrize("part", ["x", "webhosting", "a.", "anbiete"])
def test_page_that_says_suspended_is_looked_through_in_a_moment(part: str) -> None:
    page = "<title>Account suspended</title>" + part * (SIZE // len(part))
    begun = time.process_time()
    classify(200, (("Content-Type", "text/html"),), page.encode())
    assert time.process_time() - begun < 1


def test_suspension_is_told_by_the_word_for_a_host() -> None:
    page = b"<title>Seite gesperrt</title><h1>Account suspended</h1><p>Bitte wenden Sie sich an Ihren Webspace-Anbieter.</p>"
    assert classify(200, (("Content-Type", "text/html"),), page).kind == Kind.SUSPENDED
