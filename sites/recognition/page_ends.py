"""A page whose program stopped while it was being sent: status and headers say that all is well, and its end is missing.

Of a page that ended with `</html>` while it was well this alone tells, where it still writes out `</head>` and `<body>`: what leaves
tags out that may be left out, a minifier, leaves out all of them. Of any other page:

Only end tags that HTML does not let an author leave out count (HTML Living Standard, 13.1.2.4, "Optional tags"): pages without
`</body>` and `</html>` are well, and minifiers take those away, but nobody leaves several containers open.
"""

from __future__ import annotations

import re

from sites.probing.outcome import BODY_LIMIT, Kind
from sites.recognition import Found
from sites.recognition.answer import Answer
from sites.texts import mark as _

_END = re.compile(rb"</(?:html|body|frameset)\b", re.IGNORECASE)
_BOUNDARY = re.compile(r"<(/?)(?:div|main|article|section|header|footer|nav|aside|form|table|ul|ol|select)(?![\w-])", re.IGNORECASE)
_HEAD = re.compile(r"<head\b", re.IGNORECASE)
_AFTER_HEAD = re.compile(r"</head\b|<(?:body|frameset)\b", re.IGNORECASE)
_OF_HEAD = re.compile(r"<(?:link|meta|style)\b", re.IGNORECASE)
_SENDS_ON = ('http-equiv="refresh', "http-equiv='refresh", "http-equiv=refresh", "location")
USUAL_END = 400  # bytes: what nearly every page is done with at once
_LEAST_OPEN = 2  # one may be an author's slip that browsers forgive
# Programs whose pages end with the tags of their template: none of them is made by hand, and no minifier of theirs takes these away.
_GENERATOR = re.compile(
    r"<meta\b[^<>]{0,200}\bname=[\"']?generator[\"']?[^<>]{0,200}\bcontent=[\"']?"
    r"(?:wordpress|joomla|drupal|typo3|prestashop|contao|mediawiki|spip|dotclear|phpbb|dokuwiki|grav|opencart|magento|nextcloud)",
    re.IGNORECASE,
)
_OF_WORDPRESS = ("/wp-content/", "/wp-includes/")
_LEAST_OF_HEAD = 3
# The very last of the page is a tag that opens something, or a tag that is not complete.
_OPENS_LAST = re.compile(
    r"<(?!(?:html|head|body|br|hr|img|input|link|meta|source|area|base|col|embed|track|wbr|param|frame)(?![\w-]))"
    r"(?P<name>[a-z][a-z0-9-]{0,30})(?:\s[^<>]{0,1000})?(?<!/)>?\s*\Z",
    re.IGNORECASE,
)
# What some authors never close, and then may end with: it counts only on pages that close such elements elsewhere.
_MAY_STAY_OPEN = re.compile(
    r"<(/?)(?:p|li|dt|dd|td|th|tr|thead|tbody|tfoot|option|optgroup|colgroup|caption|rt|rp)(?![\w-])", re.IGNORECASE
)
_OPEN_AT_MOST = 3  # of them, where the program stopped: a row and its cell
_LAST = 1200  # characters


def is_whole(end: bytes) -> bool:
    """Whether a page that ends so is there to its last tag."""
    return b"</html>" in end.lower()


def ends_early(answer: Answer, *, ended: bool = False) -> Found | None:
    """The page begins as a whole document and stops within. `answer` is complete as far as HTTP can tell.

    `ended`: it ended with its last tag while it was well.
    """
    body = answer.body
    if b"</html>" in body[-USUAL_END:] or answer.status != 200 or not answer.is_html or len(body) >= BODY_LIMIT or _END.search(body):
        return None
    if not answer.mentions("<html"):  # a part of a page that a script asks for
        return None
    if ended and answer.mentions("</head") and answer.mentions("<body"):
        return (
            Kind.TRUNCATED,
            "end-missing",
            _("The page stops in the middle: its end, which was there while the site was well, is missing."),
        )
    if not (_stops_in_head(answer) or _stops_in_body(answer)):
        return None
    return Kind.TRUNCATED, "ends-early", _("The page stops in the middle: its program ended before it had made all of it.")


def _stops_in_body(answer: Answer) -> bool:
    if not answer.mentions("</head") or not answer.mentions("<body"):
        return False
    closed = [bool(found[1]) for found in _BOUNDARY.finditer(answer.bare)]
    still_open = closed.count(False) - closed.count(True)
    if still_open >= _LEAST_OPEN or (still_open == 1 and _is_of_a_program(answer)):
        return True
    last = _OPENS_LAST.search(answer.bare[-_LAST:])
    if last is None or not _MAY_STAY_OPEN.fullmatch(f"<{last['name']}") or _is_of_a_program(answer):
        return last is not None
    closes = [bool(found[1]) for found in _MAY_STAY_OPEN.finditer(answer.bare)]
    return closes.count(True) >= max(1, closes.count(False) - _OPEN_AT_MOST)


def _is_of_a_program(answer: Answer) -> bool:
    return answer.mentions(*_OF_WORDPRESS) or _GENERATOR.search(answer.text) is not None


def _stops_in_head(answer: Answer) -> bool:
    """Nothing to be seen and the head is not closed: whoever wrote it by hand and left the tags out would have written words."""
    text = answer.bare
    if not _HEAD.search(text) or _AFTER_HEAD.search(text) or answer.mentions(*_SENDS_ON) or answer.opening:
        return False
    return len(_OF_HEAD.findall(text)) >= _LEAST_OF_HEAD
