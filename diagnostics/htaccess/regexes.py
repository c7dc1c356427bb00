"""Whether a regular expression surely does not compile in PCRE. In doubt it is taken for sound.

Python's `re` is not PCRE, so nothing is concluded from `re.compile` alone: only unbalanced parentheses, unclosed character
classes, quantifiers with nothing to repeat, a class range out of order and a trailing backslash are reported.
"""

from __future__ import annotations


def surely_broken(pattern: str) -> str:
    """Why PCRE cannot compile this, "" when it can or when that cannot be told."""
    if "\\Q" in pattern or "(?#" in pattern or "(?x" in pattern or "(*" in pattern:
        return ""  # literal spans, comments and verbs would need a whole PCRE parser
    depth = 0
    index = 0
    repeatable = False
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            if index + 1 == len(pattern):
                return "it ends with a backslash"
            index += 2
            repeatable = True
            continue
        if char == "[":
            end, why = _class_end(pattern, index)
            if why:
                return why
            index, repeatable = end + 1, True
            continue
        if char == "(":
            depth += 1
            repeatable = False
            index = _after_group_head(pattern, index + 1)
            continue
        if char == ")":
            depth -= 1
            if depth < 0:
                return "a closing parenthesis has no opening one"
            repeatable = True
        elif char in "*+?":
            if not repeatable:
                return "a quantifier has nothing to repeat"
            repeatable = _next_is_possessive_or_lazy(pattern, index)
            index += 1 if repeatable else 0
            repeatable = False
        elif char == "{" and (end := _counted(pattern, index)):
            if not repeatable:
                return "a quantifier has nothing to repeat"
            index = end - 1
            index += 1 if pattern[end : end + 1] in ("?", "+") else 0
            repeatable = False
        else:
            repeatable = char not in "|^"
        index += 1
    return "an opening parenthesis is never closed" if depth else ""


def _next_is_possessive_or_lazy(pattern: str, index: int) -> bool:
    return pattern[index + 1 : index + 2] in ("?", "+")


def _counted(pattern: str, index: int) -> int:
    """The index after `{n}`, `{n,}` or `{n,m}`; 0 when the brace is a plain character."""
    end = pattern.find("}", index)
    if end < 0:
        return 0
    low, comma, high = pattern[index + 1 : end].partition(",")
    if not low.isdigit() or (high and not high.isdigit()):
        return 0
    return end + 1 if (not comma or high.isdigit() or not high) else 0


def _after_group_head(pattern: str, index: int) -> int:
    if pattern[index : index + 1] != "?":
        return index
    for head in ("?<=", "?<!", "?:", "?=", "?!", "?>", "?|"):
        if pattern.startswith(head, index):
            return index + len(head)
    end = index + 1
    while end < len(pattern) and pattern[end] not in ":>')":
        end += 1
    return end if pattern[end : end + 1] == ")" else min(end + 1, len(pattern))


def _class_end(pattern: str, start: int) -> tuple[int, str]:
    """The index of the closing bracket, or why there is none."""
    index = start + 1
    if pattern[index : index + 1] == "^":
        index += 1
    if pattern[index : index + 1] == "]":
        index += 1
    previous = ""
    while index < len(pattern):
        char = pattern[index]
        if char == "]":
            return index, ""
        if char == "[" and pattern[index + 1 : index + 2] in (":", ".", "="):
            end = pattern.find(pattern[index + 1] + "]", index + 2)
            if end > 0:
                index, previous = end + 2, ""
                continue
        if char == "\\":
            index, previous = index + 2, ""
            continue
        if char == "-" and previous and pattern[index + 1 : index + 2] not in ("]", "\\", "[", ""):
            high = pattern[index + 1]
            if high < previous:
                return 0, f"the range {previous}-{high} is out of order"
            index, previous = index + 2, ""
            continue
        previous = char
        index += 1
    return 0, "an opening square bracket is never closed"
