"""PHP's own message, where PHP stopped (main/main.c, `php_error_cb`; Xdebug's table in src/develop/stack.c)."""

from __future__ import annotations

import re
from itertools import islice

from sites.probing.outcome import Kind
from sites.recognition import Found
from sites.recognition.answer import Answer
from sites.recognition.page_text import EXCERPT_LENGTH, visible
from sites.texts import mark as _

WINDOW = 16 * 1024  # characters at either end of a page in which PHP's message is looked for
TAIL_LIMIT = 2000  # characters that handlers may still print after PHP stopped

_PHP_HTML = re.compile(
    r"<b>(?:Fatal error|Parse error|Recoverable fatal error|Catchable fatal error)</b>:\s{1,3}(?P<said>.{1,6000}?)"
    r" in <b>[^<>\n]{1,500}</b> on line <b>\d+</b>",
    re.DOTALL,
)
_PHP_PLAIN = re.compile(
    r"^(?:PHP )?(?:Fatal error|Parse error|Recoverable fatal error):\s{1,3}(?P<said>[^<]{1,6000}?)"
    r" in [^\s<>][^<>\n]{0,500} on line \d+[ \t]*$",
    re.MULTILINE,
)
_XDEBUG = re.compile(r"<table\b[^<>]{0,80}\bclass=['\"]xdebug-error xe-(?:fatal|parse|uncaught)", re.IGNORECASE)
_WIDE = re.compile(rb"\A(?:\xff\xfe)?<\0\?\0(?:p\0h\0p\0|=\0)|\A(?:\xfe\xff)?\0<\0\?\0(?:p\0h\0p|=)")  # UTF-16, either byte first
_SHORT_TAG = re.compile(rb"\A<\?\s")  # no processing instruction of XML: those have their name at once
# PHP amid a page's markup, as no browser shows it and no author quotes it: the mark, a word of the language or a variable, and an end.
_INSIDE = re.compile(
    r"<\?(?:php\s|=\s?\$)\s*(?:(?:include|require)(?:_once)?|echo|if|foreach|function|use|\$\w+|[a-z_]+)\b[^<>]{0,2000}?\?>"
)
_TYPES_OF_SOURCE = ("application/x-httpd-", "application/x-php", "text/x-php")
_NO_DECODER = re.compile(
    r"requires the ioncube (?:php )?loader|ioncube (?:php )?loader (?:\S+ )?(?:needs? to|must) be (?:installed|updated)|"
    r"(?:protected|encoded) (?:by|with) sourceguardian|requires (?:the|a) sourceguardian",
    re.IGNORECASE,
)
_NOTICES = re.compile(r"(?:\s|<br ?/?>|<hr ?/?>|</?b>|(?:PHP )?(?:Warning|Notice|Deprecated|Strict Standards)(?:</b>)?:[^\n]{0,1000}\n)*")
_HANDLER_PAGE = re.compile(r"id=[\"']error-page[\"']|wp-die-message", re.IGNORECASE)


def fatal(answer: Answer) -> Found | None:
    """A fatal error that PHP shows on the page, whatever the status."""
    text = answer.text
    if "error" not in text or ("atal error" not in text and "Parse error" not in text):  # most pages hold not even the first
        return None
    if _XDEBUG.search(answer.bare) or _match(answer) is not None:
        return Kind.FATAL_IN_BODY, "php-fatal", _("The page shows a fatal PHP error.")
    return None


def no_decoder(answer: Answer) -> Found | None:
    """A program that was bought encoded, and a PHP without what decodes it: the file says so itself, at any status.

    The words are those that the encoders of ionCube and SourceGuardian put into each file, for a PHP without their loader.
    """
    if answer.mentions("ioncube", "sourceguardian") and answer.stands_alone and _NO_DECODER.search(answer.words):
        return Kind.FATAL_IN_BODY, "php-no-decoder", _("The page says that PHP lacks what decodes a file of its program.")
    return None


_FIRST_OF_CODE = re.compile(
    rb"/\*|//|#\s|(?:namespace|use) [\w\\]+;|(?:abstract |final )?class \w|function \w+\s*\("
    rb"|(?:if|require|include|require_once|include_once|defined|define|declare)\s*\(|\$\w+\s*="
)
_CODE = re.compile(
    rb"\$\w+\s*+->|\bfunction\s++&?\w+\s*+\([^)]{0,200}\$\w|\$\w+\s*+\.?=[^=]|\b(?:public|private|protected) (?:static )?(?:function|\$)"
)
_CODE_READ, _CODE_SEEN = 16_384, 3  # bytes that are looked at, and what is peculiar to PHP among them


def _holds_source(answer: Answer) -> bool:
    """PHP amid a page: in its markup, or sent under the type that stands for PHP inside of a server and that no browser shows."""
    if b"<?" not in answer.body:
        return False
    if answer.content_type.startswith(_TYPES_OF_SOURCE):
        return b"<?php" in answer.body or b"<?=" in answer.body
    return answer.is_html and _INSIDE.search(answer.bare) is not None


def begins_as_code(content: bytes) -> bool:
    """Whether this is PHP without the mark that opens it, as where somebody took away the first line: PHP then sends it as it is."""
    head = content[:_CODE_READ].removeprefix(b"\xef\xbb\xbf").lstrip()
    return _FIRST_OF_CODE.match(head) is not None and sum(1 for _each in islice(_CODE.finditer(head), _CODE_SEEN)) >= _CODE_SEEN


def source(answer: Answer) -> Found | None:
    """A program sent as it is written instead of being run: a page never begins with PHP's own opening mark."""
    beginning = answer.body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if answer.url.partition("?")[0].endswith((".txt", ".phps")):
        return None
    if _WIDE.match(beginning):
        return Kind.UNEXPECTED, "php-utf-16", _("The page begins with the text of a program that was saved in an encoding PHP cannot read.")
    if _SHORT_TAG.match(beginning):
        return Kind.UNEXPECTED, "php-short-tag", _("The page begins with the text of a program that PHP here does not take for one.")
    if answer.is_html and begins_as_code(answer.body):
        return Kind.UNEXPECTED, "php-no-tag", _("The page begins with the text of a program that lacks the mark with which PHP begins.")
    if not beginning.startswith((b"<?php", b"<?=")) and not _holds_source(answer):
        return None
    return Kind.UNEXPECTED, "php-source", _("The page shows the text of its program instead of what the program makes.")


def fatal_text(answer: Answer) -> str:
    """The message itself, for the excerpt."""
    found = _match(answer)
    return visible(found.group(0))[:EXCERPT_LENGTH] if found else ""


def _match(answer: Answer) -> re.Match[str] | None:
    """PHP's own message, where PHP stopped: at the start of the document or with next to nothing after it."""
    text = answer.bare
    for pattern, tail_limit in ((_PHP_HTML, TAIL_LIMIT), (_PHP_PLAIN, 80)):
        for begin, end in ((0, WINDOW), (max(WINDOW, len(text) - WINDOW), len(text))):
            for found in islice(pattern.finditer(text, begin, end), 50):
                if _stopped_here(text, found, tail_limit):
                    return found
    return None


def _stopped_here(text: str, found: re.Match[str], tail_limit: int) -> bool:
    tail = text[found.end() :]
    if len(tail) <= tail_limit and len(visible(tail)) <= tail_limit // 20:
        return True
    return bool(_HANDLER_PAGE.search(tail) or _NOTICES.fullmatch(text[: found.start()]))
