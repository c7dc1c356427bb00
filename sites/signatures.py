"""What an answer amounts to: by its structure (status, headers, how a page is built) first, by words only where nothing else tells.

A page that writes *about* errors must never be taken for one: what a page quotes is not looked at, PHP's message counts only where
PHP would have stopped, and words count only where they are all that a short page says (`sites.recognition`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sites.probing.outcome import Expectation, Kind
from sites.recognition import Found, applications, fronts, hosts, maintenance, page_ends, php
from sites.recognition.answer import Answer, Headers
from sites.recognition.page_text import excerpt
from sites.recognition.request_ids import find_request_id
from sites.texts import mark as _


@dataclass(frozen=True, slots=True)
class Classified:
    """The judgement on one answer. `detail` is a stable code, `message` a sentence for people."""

    kind: Kind
    detail: str = ""
    message: str = ""
    request_id: str = ""
    excerpt: str = ""


_PLAIN = Expectation()
_WELL = Classified(Kind.OK)


def classify(
    status: int,
    headers: Headers,
    body: bytes,
    *,
    expectation: Expectation | None = None,
    complete: bool = True,
    url: str = "",
) -> Classified:
    """Judge a final answer. `complete` is False when the connection ended before the body did; `url` is the final one."""
    answer = Answer(status, headers, body, url)
    kind, detail, message = _judge(answer, expectation or _PLAIN, complete=complete)
    if kind is Kind.OK:
        return _WELL
    said = php.fatal_text(answer) if detail == "php-fatal" else ""
    return Classified(
        kind=kind,
        detail=detail,
        message=message,
        request_id=find_request_id(headers, answer.words),
        excerpt=said or excerpt(answer.text) if answer.text else "",
    )


def _judge(answer: Answer, expectation: Expectation, *, complete: bool) -> Found:
    expected = answer.status in expectation.statuses if expectation.statuses else 200 <= answer.status <= 299
    for test in _OF_EXPECTED if expected else _OF_UNEXPECTED:
        if (found := test(answer)) is not None:
            return found
    if not expected:
        return Kind.UNEXPECTED, "status", _("The page answered, but not with the status expected of it.")
    if not complete:
        return Kind.TRUNCATED, "cut-off", _("The answer was cut off before its end.")
    return _white_page(answer) or page_ends.ends_early(answer, ended=expectation.ends) or _words(answer, expectation) or (Kind.OK, "", "")


def _server_error(answer: Answer) -> Found | None:
    status = answer.status
    if status < 500:
        return None
    if status in fronts.GATEWAY_STATUSES:
        return fronts.gateway(status)
    if 520 <= status <= 527 or status == 530:
        return Kind.GATEWAY_ERROR, f"cdn-{status}", f"The network in front of the site answered {status}: it got no proper answer from it."
    return Kind.SERVER_ERROR, f"http-{status}", f"The site answered {fronts.named(status)}."


def _client_error(answer: Answer) -> Found | None:
    if 400 <= answer.status <= 499:
        return Kind.CLIENT_ERROR, f"http-{answer.status}", f"The page answered {fronts.named(answer.status)}."
    return None


# In this order: who stands further in front is asked first, since what he says hides what is behind him.
_OF_EXPECTED: tuple[Callable[[Answer], Found | None], ...] = (
    fronts.challenged,
    hosts.in_place_of_the_site,
    php.fatal,
    php.no_decoder,
    php.source,
    applications.database_error,
    applications.error_page,
    applications.installer,
)
_OF_UNEXPECTED: tuple[Callable[[Answer], Found | None], ...] = (
    fronts.blocked,
    fronts.gateway_page,
    hosts.in_place_of_the_site,
    php.fatal,
    php.no_decoder,
    maintenance.announced,
    applications.database_error,
    applications.error_page,
    _server_error,
    _client_error,
)

_EMPTY_FRAME_LIMIT = 4096
_EMPTY_FRAME = re.compile(r"<!doctype[^<>]*>|</?(?:html|head|body)\b[^<>]*>|<!--.*?-->|[\s\ufeff]+", re.IGNORECASE | re.DOTALL)


def _white_page(answer: Answer) -> Found | None:
    if answer.status != 200 or len(answer.text) > _EMPTY_FRAME_LIMIT or not answer.is_html or _EMPTY_FRAME.sub("", answer.text):
        return None
    return Kind.WHITE_PAGE, "empty", _("The page answered 200 (OK) with nothing in it.")


def _words(answer: Answer, expectation: Expectation) -> Found | None:
    for wanted in expectation.must_contain:
        if wanted not in answer.text and wanted not in answer.words:
            return Kind.UNEXPECTED, "words-missing", _("Words that must be on the page are not there.")
    for unwanted in expectation.must_not_contain:
        if unwanted in answer.text or unwanted in answer.words:
            return Kind.UNEXPECTED, "words-forbidden", _("Words that must not be on the page are there.")
    return None
