"""Values of PHP expressions that stand for themselves: texts, numbers, arrays, constants, and what is put together from them.

What depends on the server's environment, on a condition or on a program is `Unknown`, with what it depends on: it is never guessed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Union

from diagnostics.facts.settings.php_tokens import Token, unescaped
from sites.texts import mark as _

_DEEPEST = 60
_LONGEST = 64 * 1024  # characters of a text that is put together: put into one another they could grow as long as the memory
_VARIABLE_IN_TEXT = re.compile(r"\{\$(\w+)\}|\$\{(\w+)\}|\$(\w+)")
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",), ("xor",), ("and",), ("??",), ("||",), ("&&",), ("==", "===", "!=", "!==", "<>"), ("<", ">", "<=", ">=", "<=>"), (".",),
    ("+", "-"), ("*", "/", "%"),
)  # fmt: skip
_STRENGTH = {sign: level for level, signs in enumerate(_LEVELS) for sign in signs}
_CASTS = frozenset({"int", "integer", "bool", "boolean", "string", "array", "float"})


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only the running program knows. `depends` says on what, for a person; `env` names an environment variable."""

    depends: str
    env: str = ""


Value = Union["str | int | float | bool | None", dict["str | int", "Value"], Unknown]


@dataclass(slots=True)
class Scope:
    """What is known where an expression stands. `path` is the file itself, as the transport names it."""

    path: str
    constants: dict[str, Value] = field(default_factory=dict)
    variables: dict[str, Value] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    server: Mapping[str, str] = field(default_factory=dict)  # $_SERVER as far as it is the same for every request of the site
    exists: Callable[[str], bool | None] = lambda path: None
    keys: dict[str, tuple[str, int]] = field(default_factory=dict)  # where a key of an array was given its value last
    never_set: list[str] = field(default_factory=list)  # variables in texts that nothing sets: PHP puts nothing in their place


class Expressions:
    """Reads one expression after the other from a list of words; `at` is where the next one begins."""

    def __init__(self, tokens: list[Token], scope: Scope) -> None:
        self.tokens, self.scope, self.at = tokens, scope, 0
        self._depth = 0
        self._named_variables = frozenset(token.text for token in tokens if token.kind == "variable")

    # --- words ------------------------------------------------------------------------------------
    def peek(self, ahead: int = 0) -> Token:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else Token("mark", "", self.tokens[-1].line if self.tokens else 1)

    def take(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def accept(self, text: str) -> bool:
        """Whether the next word is this mark or name, which is then taken."""
        token = self.peek()
        if token.kind in ("mark", "name") and token.text.lower() == text:
            self.at += 1
            return True
        return False

    def skip_to(self, *stops: str) -> None:
        """Goes on to one of these marks at this depth of brackets, or to the bracket that closes it."""
        depth = 0
        while self.at < len(self.tokens):
            token = self.peek()
            if token.kind == "mark":
                if depth == 0 and token.text in (*stops, ")", "]", "}"):
                    return
                depth += (token.text in ("(", "[", "{", "#[")) - (token.text in (")", "]", "}"))
            self.at += 1

    # --- expressions ------------------------------------------------------------------------------
    def value(self) -> Value:
        """The value of the expression that begins here; whatever is not understood is passed over up to its end."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                self.skip_to(";", ",")
                return _program()
            return self._ternary()
        finally:
            self._depth -= 1

    def _ternary(self) -> Value:
        found = self._level(0)
        while self.accept("?"):
            if self.accept(":"):
                other = self._level(0)
                found = found if isinstance(found, Unknown) or found else other
                continue
            yes = self.value()
            no = self.value() if self.accept(":") else None
            found = _condition() if isinstance(found, Unknown) else yes if found else no
        return found

    def _level(self, lowest: int) -> Value:
        """Operators that bind at least as strongly as `lowest`, by precedence."""
        left = self._unary()
        while (strength := self._strength()) >= lowest:
            sign = self.take().text.lower()
            left = _joined(sign, left, self._level(strength + 1))
        return left

    def _strength(self) -> int:
        token = self.peek()
        return _STRENGTH.get(token.text.lower(), -1) if token.kind in ("mark", "name") else -1

    def _unary(self) -> Value:
        signs: list[str] = []
        while True:
            if self.peek().kind == "mark" and self.peek().text in ("!", "-", "@", "+", "&"):
                signs.append(self.take().text)
            elif self.peek().text == "(" and self.peek(1).text.lower() in _CASTS and self.peek(2).text == ")":
                signs.append(self.peek(1).text.lower())
                self.at += 3
            else:
                break
        found = self._followed(self._primary())
        for sign in reversed(signs):
            found = _signed(sign, found)
        return found

    def _primary(self) -> Value:
        token = self.take()
        if token.kind == "string":
            return token.text
        if token.kind == "template":
            return self._template(token.text)
        if token.kind == "number":
            return _number(token.text)
        if token.kind == "variable":
            return self._variable(token.text)
        if token.kind == "name":
            return self._named(token.text)
        if token.text == "[":
            return self._array("]")
        if token.text == "(":
            found = self.value()
            self.skip_to(")")
            self.accept(")")
            return found
        self.at -= 1
        self.skip_to(";", ",")
        return _program()

    def _followed(self, found: Value) -> Value:
        """Indices and calls that come after a value."""
        while True:
            if self.accept("["):
                key = self.value() if self.peek().text != "]" else None
                self.accept("]")
                found = self._element(found, key)
            elif self.peek().text in ("->", "::", "?->", "("):
                self._skip_call()
                found = _program()
            else:
                return found

    def _skip_call(self) -> None:
        if self.take().text == "(":
            self.skip_to(")")
            self.accept(")")
        else:
            self.take()

    def _element(self, found: Value, key: Value) -> Value:
        if isinstance(found, dict) and isinstance(key, str | int):
            return found.get(key)
        return found if isinstance(found, Unknown) else _program()

    def _variable(self, name: str) -> Value:
        if name in ("_ENV", "_SERVER") and self.peek().text == "[" and self.peek(1).kind == "string":
            key = self.peek(1).text
            self.at += 2
            self.accept("]")
            if name == "_SERVER" and key in self.scope.server:
                return self.scope.server[key]
            return self._of_environment(key)
        return self.scope.variables.get(name, _program())

    def _of_environment(self, key: str) -> Value:
        if key in self.scope.environment:
            return self.scope.environment[key]
        return Unknown(_("the server's environment ({name})").format(name=key), key)

    def _template(self, text: str) -> Value:
        names = [next(filter(None, found.groups())) for found in _VARIABLE_IN_TEXT.finditer(text)]
        values = [self._in_text(name) for name in names]
        if text == "`" or not all(isinstance(value, str | int) for value in values) or re.search(r"->|\$\w+\[", text):
            return _program()
        if sum(len(str(value)) for value in values) > _LONGEST:
            return _program()
        filled = iter(values)
        return unescaped(_VARIABLE_IN_TEXT.sub(lambda _found: str(next(filled)), text))

    def _in_text(self, name: str) -> Value:
        """A variable that stands in a text. One that occurs nowhere else is not set, and empty."""
        if name in self.scope.variables or name.startswith(("_", "this", "GLOBALS")):
            return self.scope.variables.get(name)
        if name in self._named_variables:
            return None
        self.scope.never_set.append(name)
        return ""

    def _array(self, end: str) -> Value:
        found: dict[str | int, Value] = {}
        following = 0
        while self.peek().text not in (end, "") or self.peek().kind in ("string", "template"):
            before, line = self.at, self.peek().line
            key: Value = following
            value = self.value()
            if self.accept("=>"):
                key, value = value, self.value()
                if isinstance(key, str):
                    self.scope.keys[key] = (self.scope.path, line)
            if isinstance(key, str | int):
                found[key] = value
                following = key + 1 if isinstance(key, int) and key >= following else following
            self.skip_to(",")
            self.accept(",")
            if self.at == before:
                break
        self.accept(end)
        return found

    # --- names and functions ----------------------------------------------------------------------
    def _named(self, name: str) -> Value:
        low = name.lower()
        if low in ("true", "false", "null"):
            return {"true": True, "false": False}.get(low)
        if low == "array" and self.accept("("):
            return self._array(")")
        if self.peek().text == "(":
            self.at += 1
            return self._called(low, self._arguments())
        if low == "__dir__":
            return posixpath.dirname(self.scope.path)
        if low == "__file__":
            return self.scope.path
        if low == "directory_separator":
            return "/"
        if low == "new":
            self.skip_to(";", ",")
            return _program()
        return self.scope.constants.get(name, Unknown(_("a constant that is set elsewhere ({name})").format(name=name)))

    def _arguments(self) -> list[Value]:
        found = self._array(")")
        return list(found.values()) if isinstance(found, dict) else []

    def _called(self, name: str, given: list[Value]) -> Value:
        first = given[0] if given else None
        if isinstance(first, Unknown):
            return first
        if not isinstance(first, str):
            return _program()
        if name in ("getenv", "env"):
            return self._environment_or(first, given[1] if len(given) > 1 and name == "env" else None)
        if name.startswith(("getenv", "env_")):  # such as getenv_docker of the official image
            return self._environment_or(first, given[1] if len(given) > 1 else None)
        if name == "defined":
            return first in self.scope.constants
        if name == "constant":
            return self.scope.constants.get(first, _program())
        if name == "dirname":
            return _dirname(first, given[1] if len(given) > 1 else 1)
        if name in ("file_exists", "is_file", "is_readable"):
            there = self.scope.exists(first)
            return _condition() if there is None else there
        simple: dict[str, Callable[[str], Value]] = {
            "trim": str.strip, "realpath": posixpath.normpath, "strtolower": str.lower, "base64_decode": lambda text: _program(),
        }  # fmt: skip
        return simple[name](first) if name in simple and len(given) == 1 else _program()

    def _environment_or(self, key: str, default: Value) -> Value:
        """A default does not tell what the environment holds: it is known only where the variable itself is."""
        return self._of_environment(key)


def _program() -> Unknown:
    return Unknown(_("the running program"))


def _condition() -> Unknown:
    return Unknown(_("a condition that only the running program knows"))


def _dirname(path: str, levels: Value) -> str:
    for _level in range(levels if isinstance(levels, int) and 0 < levels < 50 else 1):
        path = posixpath.dirname(path)
    return path


def _number(text: str) -> int | float:
    plain = text.replace("_", "").lower()
    try:
        if plain.startswith(("0x", "0b")):
            return int(plain, 0)
        if plain.isdigit():
            return int(plain, 8) if len(plain) > 1 and plain[0] == "0" and not set(plain) & set("89") else int(plain[:40])
        return float(plain)
    except ValueError:
        return 0


def _signed(sign: str, value: Value) -> Value:
    if sign in _CASTS:
        return _cast(sign, value)
    if isinstance(value, Unknown) or sign in ("@", "+", "&"):
        return value
    if sign == "!":
        return not value
    return -value if isinstance(value, int | float) else _program()


def _cast(kind: str, value: Value) -> Value:
    if isinstance(value, Unknown | dict):
        return value
    if kind == "string":
        return _as_text(value)
    if kind in ("bool", "boolean"):
        return bool(value) and value != "0"
    if kind.startswith("int") and isinstance(value, str):
        digits = re.match(r"\s*[+-]?\d{1,40}", value)
        return int(digits[0]) if digits else 0
    return value


def _as_text(value: Value) -> str:
    if isinstance(value, bool) or value is None:
        return "1" if value else ""
    return str(value)


def _joined(sign: str, left: Value, right: Value) -> Value:
    if sign in ("||", "or"):
        if (left and not isinstance(left, Unknown)) or (right and not isinstance(right, Unknown)):
            return True
        return left if isinstance(left, Unknown) else right if isinstance(right, Unknown) else False
    if sign in ("&&", "and"):
        if (not left and not isinstance(left, Unknown)) or (not right and not isinstance(right, Unknown)):
            return False
        return left if isinstance(left, Unknown) else right if isinstance(right, Unknown) else True
    if sign == "??":
        return right if left is None else left
    for side in (left, right):
        if isinstance(side, Unknown):
            return side
    if sign == ".":
        return _program() if isinstance(left, dict) or isinstance(right, dict) else _put_together(_as_text(left), _as_text(right))
    if sign in ("==", "==="):
        return left == right
    if sign in ("!=", "!==", "<>"):
        return left != right
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    return _calculated(sign, left, right) if numbers else _program()  # type: ignore[arg-type]


def _put_together(left: str, right: str) -> Value:
    return left + right if len(left) + len(right) <= _LONGEST else _program()


def _calculated(sign: str, left: float, right: float) -> Value:
    if sign == "*":
        return left * right if max(abs(left), abs(right)) < 1e12 else _program()
    if sign in ("+", "-"):
        return left + right if sign == "+" else left - right
    return _program()
