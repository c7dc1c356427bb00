"""Lints the heads of the sections that a `.htaccess` may hold: server/core.c, mod_authz_core.c."""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.htaccess.access_arguments import METHODS
from diagnostics.htaccess.complaints import Complaint, bad, bad_expression, bad_pattern
from diagnostics.htaccess.parser import Line

REQUIRING = frozenset({"requireall", "requireany", "requirenone"})
_LIMITS = frozenset({"limit", "limitexcept"})


def lint_section(line: Line, around: Sequence[Line]) -> Complaint | None:
    """What Apache will refuse about the head of a section; `around` are those it stands in, outermost first."""
    limiting = [outer for outer in around if outer.key in _LIMITS]
    if line.key in ("files", "filesmatch", "if", "elseif", "else") and (limiting or any(outer.key in REQUIRING for outer in around)):
        inside = limiting[-1].name if limiting else next(outer.name for outer in around if outer.key in REQUIRING)
        return "htaccess-directive-not-allowed", f"<{line.name}> is not allowed inside <{inside}>", ""
    if not line.bracket_closed:
        return "htaccess-unclosed-section", f"<{line.name}> lacks its closing >", ""
    if line.key in REQUIRING:
        return bad(f"<{line.name}> takes no argument", line.args) if line.args else None
    if line.key == "else":
        return bad("<Else> takes no argument", line.args) if line.args else None
    if line.key in ("files", "filesmatch", "if", "elseif", *_LIMITS) and not line.words:
        return bad(f"<{line.name}> needs an argument", "")
    if line.key in _LIMITS:
        return _limit(line, limiting)
    if line.key in ("if", "elseif"):
        return bad_expression(line.words[0], f"<{line.name}>")
    return _files(line)


def lint_requiring(line: Line, around: Sequence[str], is_filled: bool) -> Complaint | None:
    """What Apache finds wrong with a box of Require lines when it has read what is in it."""
    if not is_filled:
        return bad(f"<{line.name}> holds no Require", "")
    outer = next((key for key in reversed(around) if key in REQUIRING), "requireany")
    if line.key == "requirenone" and outer != "requireall":
        return bad("<RequireNone> works inside <RequireAll> only", "")
    return None


def _limit(line: Line, limiting: Sequence[Line]) -> Complaint | None:
    wrong = next((word for word in line.words if word not in METHODS), "")
    if wrong:
        return bad(f"{wrong} is not a method of HTTP that <{line.name}> knows", wrong)
    if line.key == "limit" and "TRACE" in line.words:
        return bad("<Limit> cannot be used for TRACE", "TRACE")
    left = METHODS | {"any other"}
    for outer in limiting:
        left &= _limited(outer)
    if not left & _limited(line) or left <= _limited(line):
        return bad(f"<{line.name}> limits nothing that is not limited around it", line.args)
    return None


def _limited(line: Line) -> frozenset[str]:
    named = frozenset("GET" if word == "HEAD" else word for word in line.words)  # Apache treats HEAD as GET
    return named if line.key == "limit" else METHODS - {"HEAD"} - named | {"any other"}


def _files(line: Line) -> Complaint | None:
    if line.key not in ("files", "filesmatch"):
        return None
    words = [word for word in line.words if word]
    is_pattern = line.key == "filesmatch" or words[:1] == ["~"]
    names = words[1:] if words[:1] == ["~"] and line.key == "files" else words
    if is_pattern and (complaint := bad_pattern(names[0] if names else "", line.name)):
        return complaint
    return bad(f"<{line.name}> takes one argument", line.args) if len(names) > 1 else None
