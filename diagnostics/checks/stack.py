"""Where an error of PHP arose and the way that led there, as its message tells: the place first, then the frames, innermost first."""

from __future__ import annotations

import re
from typing import NamedTuple

# "x.php(12) : eval()'d code:3": of code that is no file's own, the line that runs it (Zend/zend.h, zend_make_compiled_string_description).
_RUNS = r"(?:\((?P<runs>\d{1,7})\) : [\w()' -]{1,40}(?:\(\d{1,7}\) : [\w()' -]{1,40}){0,3})?"
_PLACE = re.compile(rf" in (?P<path>/[^\n<>]{{1,600}}?|[A-Za-z]:[^\n<>]{{1,600}}?){_RUNS}(?: on line |:)(?P<line>\d{{1,7}})\b")
_THROWN = re.compile(rf"thrown in (?P<path>/[^\n<>]{{1,600}}?|[A-Za-z]:[^\n<>]{{1,600}}?){_RUNS} on line (?P<line>\d{{1,7}})")
_FRAME = re.compile(r"#\d{1,3} (/[^\n<>]{1,600}?|[A-Za-z]:[^\n<>]{1,600}?)\((\d{1,7})\)(?: : [\w()' -]{1,40}){0,3}:")
_WANTED_FILE = re.compile(r"(?:[Ff]ailed opening (?:required|'?for inclusion'?)? ?|[Ff]ailed to open stream: )'([^'\n]{1,600})'")
# What runs the callbacks of others (WordPress's hooks, shortcodes and routes, a library's events) hands on what it was given, as many as it
# was told to: the function that complains is the place, not the loop (Zend/zend_execute.c, zend_verify_arg_error, zend_missing_arg_error).
BY_LIBRARY = re.compile(
    r"(?:, called| passed) in [^\n]{1,600}?/(?:wp-includes|wp-admin|vendor|libraries)/[^\n]{1,300}? on line \d{1,7} and "
    r"(?=defined in |(?:exactly|at least) \d{1,3} expected in )"
)
_MOST = 60


class Frame(NamedTuple):
    """A file as the server names it, and a line of it."""

    path: str
    line: int


def frames(text: str) -> list[Frame]:
    """The place of the error, then those that called it; empty where the message names none."""
    plain = text.replace("\\n", "\n")
    head, _mark, trace = plain.partition("Stack trace:")
    place = _PLACE.search(BY_LIBRARY.sub(" ", head)) or _THROWN.search(plain)
    found = [Frame(place["path"], int(place["runs"] or place["line"]))] if place else []
    found += [Frame(frame[1], int(frame[2])) for frame in _FRAME.finditer(trace)][:_MOST]
    return found


def wanted_file(text: str) -> str:
    """The file that could not be loaded, as the message names it; empty for another error."""
    found = _WANTED_FILE.search(text)
    return found[1] if found else ""
