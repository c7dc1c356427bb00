"""What is wrong with one line: the cause, why, and the argument in question."""

from __future__ import annotations

from diagnostics.htaccess.expressions import why_wrong
from diagnostics.htaccess.regexes import why_broken

Complaint = tuple[str, str, str]


def bad(why: str, argument: str = "") -> Complaint:
    return "htaccess-bad-argument", why, argument


def bad_pattern(pattern: str, name: str) -> Complaint | None:
    """A complaint when this regular expression does not compile."""
    why = why_broken(pattern)
    return ("htaccess-bad-regex", f"the pattern of {name} does not compile: {why}", pattern) if why else None


def bad_expression(text: str, name: str, *, is_string: bool = False) -> Complaint | None:
    """A complaint when this expression cannot be read; one of its patterns is to blame, or its grammar."""
    why = why_wrong(text, is_string=is_string)
    if not why:
        return None
    cause = "htaccess-bad-regex" if "does not compile" in why else "htaccess-bad-argument"
    return cause, f"the expression of {name} cannot be read: {why}", text
