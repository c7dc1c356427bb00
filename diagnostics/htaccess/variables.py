"""The variables of mod_rewrite, and whether the conditions of a rule hold for a request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from diagnostics.htaccess.regexes import search
from diagnostics.htaccess.rules import Condition

_VARIABLE = re.compile(r"%\{(?:(ENV|HTTP|LA-U|LA-F|SSL):)?([A-Za-z_0-9-]+)\}|\$(\d)|%(\d)|\\(.)", re.IGNORECASE | re.DOTALL)
_COMPARE = {"-lt": int.__lt__, "-le": int.__le__, "-gt": int.__gt__, "-ge": int.__ge__, "-eq": int.__eq__, "-ne": int.__ne__}
_TESTS = ("-f", "-d", "-s", "-l", "-L", "-h", "-F", "-U", "-x")


@dataclass(slots=True)
class Variables:
    """`known` are those of the request; `groups` those of the rule's pattern, `condition_groups` those of the last condition."""

    known: Mapping[str, str]
    env: Mapping[str, str]
    headers: Mapping[str, str]
    kinds: Mapping[str, str]
    sizes: Mapping[str, int]
    groups: tuple[str, ...] = ()
    condition_groups: tuple[str, ...] = field(default=())

    def filled(self, text: str) -> str:
        """The text with its variables put in. What is not known is empty; a backslash stands before what is meant as it is (do_expand)."""
        return _VARIABLE.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        kind, name, group, condition_group, plain = match.groups()
        if plain is not None:
            return plain
        if group is not None:
            return _one_of(self.groups, group)
        if condition_group is not None:
            return _one_of(self.condition_groups, condition_group)
        if (kind or "").upper() == "ENV":
            return self.env.get(name, "")
        return (self.headers if (kind or "").upper() == "HTTP" else self.known).get(name.upper(), "")

    def all_hold(self, conditions: Sequence[Condition]) -> bool:
        index = 0
        while index < len(conditions):
            condition = conditions[index]
            if self._holds(condition):
                while condition.or_next and index + 1 < len(conditions):  # the others of an "or" need not be looked at
                    index += 1
                    condition = conditions[index]
            elif not condition.or_next:
                return False
            index += 1
        return True

    def _holds(self, condition: Condition) -> bool:
        if condition.test.lower() == "expr":
            return condition.negated
        text, pattern = self.filled(condition.test), condition.pattern
        if pattern in _TESTS:
            return self._is_there(text, pattern) != condition.negated
        if len(pattern) > 1 and pattern[0] in "<>=":
            return _compared(text, self.filled(pattern), condition.ignore_case) != condition.negated
        if pattern[:3] in _COMPARE and len(pattern) > 3:
            return _COMPARE[pattern[:3]](_number(text), _number(pattern[3:])) != condition.negated
        found = search(pattern, text, ignore_case=condition.ignore_case)
        if found is not None and not condition.negated:
            self.condition_groups = found
        return (found is not None) != condition.negated

    def _is_there(self, text: str, test: str) -> bool:
        kind = self.kinds.get(text.rstrip("/") if test == "-d" else text, "")
        if test == "-d":
            return kind == "folder"
        if test in ("-l", "-L", "-h"):
            return kind == "link"
        if test == "-s":
            return kind == "file" and self.sizes.get(text, 1) > 0
        return kind in ("file", "link")


def _one_of(groups: tuple[str, ...], number: str) -> str:
    return groups[int(number)] if int(number) < len(groups) else ""


def _number(text: str) -> int:
    match = re.match(r"\s*-?\d{1,18}", text)
    return int(match.group()) if match else 0


def _compared(text: str, pattern: str, ignore_case: bool) -> bool:
    both = pattern[:1] in "<>" and pattern[1:2] == "="
    operator, wanted = (pattern[:2], pattern[2:]) if both else (pattern[:1], pattern[1:])
    wanted = "" if wanted == '""' else wanted
    if ignore_case:
        text, wanted = text.lower(), wanted.lower()
    return {"=": text == wanted, "<": text < wanted, ">": text > wanted, "<=": text <= wanted, ">=": text >= wanted}[operator]
