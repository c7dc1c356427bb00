"""Programs that answer 200 with one sentence, as one of their own files is not there."""

from __future__ import annotations

import pytest

from sites.probing.outcome import Kind
from sites.signatures import classify

_SENTENCES = ("No configuration file found and no installation code available. Exiting...", "Please run: <i>bin/grav install</i>",
              "Composer autoloader not found, unable to continue. Check the folder \"3rdparty\".")  # fmt: skip


@pytest.mark.parametrize("said", _SENTENCES)
def test_sentence_that_stands_for_the_page_is_a_failure(said: str) -> None:
    assert classify(200, [("Content-Type", "text/html")], said.encode()).kind is Kind.FATAL_IN_BODY


@pytest.mark.parametrize("said", _SENTENCES)
def test_article_that_quotes_it_is_none(said: str) -> None:
    head = "<html><head><title>Help</title></head><body><h1>What to do</h1>"
    page = f"{head}<p>Some see this: {said}</p>{'<p>Open every day.</p>' * 60}</body></html>"
    assert classify(200, [("Content-Type", "text/html")], page.encode()).kind is Kind.OK
