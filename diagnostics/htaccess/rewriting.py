"""Lints RewriteRule and RewriteCond as `mod_rewrite` parses them."""

from __future__ import annotations

import re

from diagnostics.htaccess.complaints import Complaint, bad, bad_expression, bad_pattern
from diagnostics.htaccess.usual_arguments import STATUSES
from diagnostics.htaccess.word_sets import word_set

_RULE_FLAGS = word_set(
    "b backrefescaping bnp backrefernoplus bctls bne c chain co cookie dpi discardpath e env end f forbidden g gone h handler l "
    "last n next nc nocase ne noescape ns nosubreq p proxy pt passthrough qsa qsappend qsd qsdiscard qsl qslast r redirect s skip t "
    "type unc unsafeallow3f unsafeprefixstat"
)
_COND_FLAGS = frozenset({"nc", "nocase", "or", "ornext", "nv", "novary"})
_TESTS = word_set("-f -s -d -x -h -L -l -U -F")
_COMPARED = re.compile(r"-(?:lt|le|gt|ge|eq|ne).", re.DOTALL)
_REDIRECT_WORDS = frozenset({"permanent", "temp", "seeother"})


def split_arguments(args: str) -> tuple[str, ...]:
    """Up to three arguments; what follows the third is ignored, as the module does. A quote cannot be escaped."""
    found: list[str] = []
    rest = args.lstrip()
    while rest and len(found) < 3:
        quoted = rest[0] in "\"'" and rest[0] in rest[1:]
        word, rest = _argument(rest)
        found.append(word)
        if quoted and not rest and len(found) == 1:
            found.append("")  # behind a quote that is closed the second may be empty
    return tuple(found)


def _argument(text: str) -> tuple[str, str]:
    quote = text[0] if text[0] in "\"'" else ""
    index = start = 1 if quote else 0
    while index < len(text):
        char = text[index]
        if (quote and char == quote) or (not quote and char.isspace()):
            break
        index += 2 if char == "\\" and text[index + 1 : index + 2].isspace() else 1
    return text[start : min(index, len(text))], text[index + 1 :].lstrip()


def lint_rule(args: str) -> Complaint | None:
    words = split_arguments(args)
    if len(words) < 2:
        return bad("RewriteRule needs a pattern and a target", args)
    if len(words) == 3 and (complaint := _flags(words[2], "RewriteRule")):
        return complaint
    return bad_pattern(words[0].removeprefix("!"), "RewriteRule")


def lint_condition(args: str) -> Complaint | None:
    words = split_arguments(args)
    if len(words) < 2:
        return bad("RewriteCond needs a test string and a pattern", args)
    if len(words) == 3 and (complaint := _flags(words[2], "RewriteCond")):
        return complaint
    pattern = words[1].removeprefix("!")
    if words[0].lower() == "expr":
        return bad_expression(pattern, "RewriteCond")
    return None if is_plain_test(pattern) else bad_pattern(pattern, "RewriteCond")


def is_plain_test(pattern: str) -> bool:
    """Whether the pattern of a condition is a test of a file, a comparison of text or of numbers, and no regular expression."""
    return pattern in _TESTS or (len(pattern) > 1 and pattern[0] in "<>=") or _COMPARED.match(pattern) is not None


def flags_of(text: str) -> list[str] | None:
    """The flags between the brackets, None when the brackets are not as they should be."""
    if not (text.startswith("[") and text.endswith("]") and len(text) >= 2):
        return None
    return [flag.strip() for flag in text[1:-1].split(",")]


def _flags(text: str, directive: str) -> Complaint | None:
    flags = flags_of(text)
    if flags is None:
        return "htaccess-bad-rewrite-flag", f"the flags of {directive} must stand in one pair of brackets without spaces", text
    known = known_flags(directive)
    for flag in flags:
        name, _, value = flag.partition("=")
        key = name.lower()
        is_rule = known is _RULE_FLAGS
        if key not in known and not (is_rule and key.startswith("d")):  # what begins with D is taken whatever follows
            return "htaccess-bad-rewrite-flag", f"{directive} knows no flag “{name}”", name
        if is_rule and key in ("r", "redirect") and value[:1].isdigit() and _leading_number(value) not in STATUSES:
            return "htaccess-bad-rewrite-flag", f"{value} is not a status that R can answer with", value
        if key == "bne" and not value:
            return "htaccess-bad-rewrite-flag", "the flag BNE needs a list of characters", name
    return None


def _leading_number(value: str) -> int:
    return int(re.match(r"\d+", value).group())  # type: ignore[union-attr]


def known_flags(directive: str) -> frozenset[str]:
    return _COND_FLAGS if directive.lower() == "rewritecond" else _RULE_FLAGS
