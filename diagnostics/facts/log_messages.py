"""What a program said, without what PHP-FPM, Apache and nginx wrap around it."""

from __future__ import annotations

import re

LONGEST = 16_000  # characters
_SPLIT = re.compile(r"(?:; )?PHP message: ")
FATAL = re.compile(r"\s*(?:PHP )?(?:Fatal|Parse|Recoverable fatal|Compile|Core) error:")
_TRACE = re.compile(r"\s*PHP(?: Stack trace:| {1,3}\d+\. )")  # Xdebug's own, one message a line
_WRITTEN_OUT = re.compile(r"PHP message: |\] PHP [A-Z]|mod_fcgid: stderr|AH01215|\[STDERR\]")


def unwrap(text: str) -> tuple[str, str]:
    """The message that ended the request, and what was said before it in the same request (warnings, the last 2,000 characters)."""
    if "\\n" in text and _WRITTEN_OUT.search(text[:700]):
        text = text.replace("\\n", "\n")
    if "PHP message: " not in text:
        return text[:LONGEST], ""
    _head, *messages = _SPLIT.split(text)
    messages = [message for message in messages if not _TRACE.match(message)]
    for number, message in enumerate(messages):
        if FATAL.match(message):
            return _trim(message)[:LONGEST], "\n".join(map(_trim, messages[:number]))[-2000:]
    return "\n".join(map(_trim, messages))[:LONGEST], ""


def _trim(message: str) -> str:
    """Without what follows the message: the closing quote and the request that nginx or Apache adds."""
    message = re.split(r"['\"]?,? (?:while reading (?:response header|upstream)|referer: )", message, maxsplit=1)[0]
    return re.sub(r"['\"];?\s*$", "", message).strip()
