"""Log lines hold the request's id and no secret."""

from __future__ import annotations

import io
import logging

import pytest

from config import logs


@pytest.fixture
def lines() -> io.StringIO:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(logs.RequestIdFilter())
    handler.addFilter(logs.ScrubFilter())
    handler.setFormatter(logs.PlainFormatter("{levelname} [{request_id}] {message}", style="{"))
    logger = logging.getLogger("tests.logs")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    return stream


def test_line_holds_the_request_id(lines: io.StringIO) -> None:
    token = logs.request_id.set("abc123")
    logging.getLogger("tests.logs").info("hello %s", "you")
    logs.request_id.reset(token)
    logging.getLogger("tests.logs").info("outside")
    assert lines.getvalue() == "INFO [abc123] hello you\nINFO [-] outside\n"


def test_line_break_in_a_message_forges_no_second_line(lines: io.StringIO) -> None:
    logging.getLogger("tests.logs").info("path %s", "/x\r\nINFO [-] forged")
    assert lines.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        "connect sftp://me:hidden@host:22/",
        "password=hidden",
        'body {"password": "hidden", "a": 1}',
        "{'secret': 'hidden value'}",
        "SITEMEND_CREDENTIALS_KEY=hidden",
        "Authorization: Basic hidden",
        "GET /first-run/hidden_token-x/",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nhidden\n-----END OPENSSH PRIVATE KEY-----",
        "token gAAAAA" + "hidden" * 10 + "==",
    ],
)
def test_secret_is_scrubbed(text: str, lines: io.StringIO) -> None:
    logging.getLogger("tests.logs").warning("%s", text)
    assert "hidden" not in lines.getvalue().replace("[hidden]", "")
    assert "[hidden]" in lines.getvalue()


def test_traceback_is_scrubbed_too(lines: io.StringIO) -> None:
    try:
        raise ValueError("password=hunter2")
    except ValueError:
        logging.getLogger("tests.logs").exception("failed")
    assert "hunter2" not in lines.getvalue()
    assert "ValueError" in lines.getvalue()


@pytest.mark.parametrize("text", ["https://shop.example:8443/path?x=1", "password changed for anna", "tokens: a, b"])
def test_harmless_text_stays(text: str) -> None:
    assert logs.scrub(text) == text
