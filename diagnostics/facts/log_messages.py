"""What a program said, without what PHP-FPM, Apache and nginx wrap around it."""

from __future__ import annotations

import re

from diagnostics.php.application_messages import names_a_place

LONGEST = 16_000  # characters
GAP = " […] "  # something was not written here
_SPLIT = re.compile(r"(?:; )?PHP message: ")
# As PHP names what ends a request (main/main.c, `php_error_cb`); until 7.4 what is recoverable was called catchable.
FATAL_WORDS = r"(?:Fatal|Parse|Recoverable fatal|Catchable fatal|Compile|Core)"
FATAL = re.compile(rf"\s*(?:PHP )?{FATAL_WORDS} error:")
_TRACE = re.compile(r"\s*PHP(?: Stack trace:| {1,3}\d+\. )")  # Xdebug's own, one message a line
# The rest of a message whose beginning was not written: where an exception was thrown, or words that PHP has for fatal errors alone.
_THROWN = re.compile(r"\n {1,4}thrown in [^\n]{1,600} on line \d+|(?: in |\()[^\n]{1,600}:\d+\)?\nStack trace:\n#0 ")
_FATAL_WORDS = re.compile(
    r"syntax error, |unexpected (?:token|identifier|variable|end of file)|Failed opening required|Call to undefined "
    r"|Allowed memory size of |bytes exhausted|Maximum execution time of|Cannot redeclare |Class \"[^\"\n]{1,200}\" not found"
)
_PLACED = re.compile(r" in [^\n]{1,600} on line \d+")
_OF_PHP = re.compile(r"\s*PHP [A-Z][A-Za-z ]{2,24}:")
_OF_APACHE = re.compile(r"\[[A-Z]\w\w \w{3} ")
_ESCAPED = re.compile(r"(?:\\x[0-9a-fA-F]{2})+|\\[nrtvb\\\"]")
_WRITTEN_OUT = re.compile(r"PHP message: |\] PHP [A-Z]|mod_fcgid: stderr|AH01215|\[STDERR\]")


def unwrap(text: str) -> tuple[str, str]:
    """The message that ended the request, and what was said before it in the same request (warnings, the last 2,000 characters)."""
    if "\\" in text and _OF_APACHE.match(text) and _WRITTEN_OUT.search(text[:700]):
        text = _plain(text)
    if "PHP message: " not in text:
        return text[:LONGEST], ""
    _head, *messages = _SPLIT.split(text)
    messages = [message for message in messages if not _TRACE.match(message)]
    for number, message in enumerate(messages):
        if FATAL.match(message):
            return _trim(message)[:LONGEST], "\n".join(map(_trim, messages[:number]))[-2000:]
    for number, message in enumerate(messages):
        if rest := _rest_of_fatal(message):
            return _trim(rest)[:LONGEST], "\n".join(map(_trim, messages[:number]))[-2000:]
    for number, message in enumerate(messages):
        if number and not _OF_PHP.match(message) and names_a_place(message):  # the program's own words, behind PHP's warnings
            return _trim(message)[:LONGEST], "\n".join(map(_trim, messages[:number]))[-2000:]
    return "\n".join(map(_trim, messages))[:LONGEST], ""


def _rest_of_fatal(message: str) -> str:
    """A fatal error of which what came before a gap is lost, as far as it can be told from the end of a warning."""
    before, gap, rest = message.rpartition(GAP)
    if not gap or FATAL.match(before):
        return ""
    if _THROWN.search(rest):
        return f"PHP Fatal error:  Uncaught{GAP}{rest}"
    if (words := _FATAL_WORDS.search(rest)) and _PLACED.search(rest, words.start()):
        return f"PHP {'Parse' if 'unexpected' in words.group() or 'syntax' in words.group() else 'Fatal'} error: {GAP}{rest}"
    return ""


def _plain(text: str) -> str:
    """What Apache wrote out (server/util.c, `ap_escape_errorlog_item`) as it was said."""
    return _ESCAPED.sub(lambda match: _character(match.group()), text)


def _character(escaped: str) -> str:
    if escaped.startswith("\\x"):
        return bytes.fromhex(escaped.replace("\\x", "")).decode("utf-8", "replace")
    return {"n": "\n", "t": "\t", "r": "", "v": " ", "b": ""}.get(escaped[1], escaped[1])


def _trim(message: str) -> str:
    """Without what follows the message: the closing quote and the request that nginx or Apache adds."""
    message = re.split(r"['\"]?,? (?:while reading (?:response header|upstream)|referer: )", message, maxsplit=1)[0]
    return re.sub(r"['\"];?\s*$", "", message).strip()
