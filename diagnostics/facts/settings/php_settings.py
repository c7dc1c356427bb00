"""A PHP settings file read without being executed: what it defines, sets and returns, line by line, with the files it includes."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from diagnostics.facts.settings.php_tokens import Trouble, lex
from diagnostics.facts.settings.php_values import Expressions, Scope, Unknown, Value
from sites.texts import mark as _

MOST_FILES = 6
_DEEPEST = 50
_MOST_IN_ROW = 1000
_PASSED_OVER = frozenset({"wp-settings.php", "wp-load.php", "wp-blog-header.php"})  # the program itself
_INCLUDES = frozenset({"require", "require_once", "include", "include_once"})
_UNSURE = frozenset({"for", "foreach", "while", "switch", "catch"})


@dataclass(slots=True)
class PhpSettings:
    """`lines` says where each constant and `$variable` is set. `missing`: included files that are not there."""

    path: str
    constants: dict[str, Value] = field(default_factory=dict)
    variables: dict[str, Value] = field(default_factory=dict)
    returned: Value = None
    lines: dict[str, tuple[str, int]] = field(default_factory=dict)
    keys: dict[str, tuple[str, int]] = field(default_factory=dict)  # of arrays, the last of each name
    included: list[str] = field(default_factory=list)
    missing: list[tuple[str, int]] = field(default_factory=list)
    trouble: Trouble | None = None
    goes_on: bool = False  # it loads the program itself, or something that cannot be told
    with_variables: list[str] = field(default_factory=list)  # constants whose text names a variable that nothing sets

    def text(self, name: str) -> str | Unknown:
        """A constant as text; what is not set is Unknown."""
        value = self.constants.get(name, Unknown(_("nothing: it is not set")))
        return value if isinstance(value, Unknown) else "" if value is None or isinstance(value, dict) else str(value)


def read_php(
    path: str,
    source: str,
    *,
    load: Callable[[str], str | None] = lambda path: None,
    exists: Callable[[str], bool | None] = lambda path: None,
    environment: Mapping[str, str] | None = None,
    server: Mapping[str, str] | None = None,
    constants: Mapping[str, Value] | None = None,
) -> PhpSettings:
    """`load` gives the text of an included file, None where there is none; `exists` says what `file_exists` would, None: not known.
    `constants` are those that are set before."""
    found = PhpSettings(path, dict(constants or {}))
    scope = Scope(path, found.constants, found.variables, environment or {}, server or {}, exists, found.keys)
    _File(found, scope, source, load).read()
    return found


class _File:
    """One file; what it includes is read into the same settings."""

    def __init__(self, found: PhpSettings, scope: Scope, source: str, load: Callable[[str], str | None]) -> None:
        lexed = lex(source)
        self._found, self._scope, self._load = found, scope, load
        self._e, self._depth = Expressions(lexed.tokens, scope), 0
        if lexed.trouble and scope.path == found.path:
            found.trouble = lexed.trouble

    def read(self) -> None:
        while self._e.at < len(self._e.tokens):
            before = self._e.at
            self._statement(sure=True)
            if self._e.at == before:
                self._e.at += 1  # a bracket that closes nothing

    # --- statements -------------------------------------------------------------------------------
    def _statement(self, *, sure: bool) -> None:
        self._depth += 1
        if self._depth <= _DEEPEST:
            self._read_statement(sure)
        else:
            self._e.at += 1
        self._depth -= 1

    def _read_statement(self, sure: bool) -> None:
        e = self._e
        token, low = e.peek(), e.peek().text.lower()
        if token.kind == "variable" and self._assigned(sure):
            pass
        elif token.kind == "mark" and token.text == "{":
            self._block(sure)
            return
        elif token.kind == "name" and low == "if":
            self._if(sure)
            return
        elif token.kind == "name" and low in _UNSURE:
            e.at += 1
            if e.accept("("):
                e.skip_to(")")
                e.accept(")")
            self._one(sure=False, is_read=True)
            return
        elif token.kind == "name" and low in ("function", "class", "trait", "interface", "abstract", "final", "enum"):
            self._declaration(sure)
            return
        elif token.kind == "name" and low == "const":
            e.at += 1
            self._constants(sure)
        elif token.kind == "name" and low == "return":
            e.at += 1
            if e.peek().text != ";" or e.peek().kind != "mark":
                value = e.value()
                if sure and self._scope.path == self._found.path:
                    self._found.returned = value
        elif token.kind == "name" and low in _INCLUDES:
            e.at += 1
            self._include(sure, required=low.startswith("require"))
        else:
            self._other(sure)
        e.skip_to(";")
        e.accept(";")

    def _other(self, sure: bool) -> None:
        """An expression; what matters in it is a `define`, also behind `defined('X') ||`."""
        e, guarded = self._e, False
        while e.at < len(e.tokens) and not (e.peek().kind == "mark" and e.peek().text in (";", "}")):
            low = e.peek().text.lower() if e.peek().kind == "name" else ""
            if low == "defined":
                guarded = True
            if low == "define" and e.peek(1).text == "(":
                self._define(sure or guarded)
                return
            if low in _INCLUDES:
                e.at += 1
                self._include(sure=False, required=False)
                return
            if e.peek().kind == "mark" and e.peek().text in ("{", "["):
                e.at += 1
                e.skip_to()
            e.at += 1

    def _define(self, sure: bool) -> None:
        e, line = self._e, self._e.peek().line
        e.at += 2
        name, odd = e.value(), len(self._scope.never_set)
        value = e.value() if e.accept(",") else None
        if isinstance(name, str) and len(self._scope.never_set) > odd:
            self._found.with_variables.append(name)
        e.skip_to(")")
        e.accept(")")
        if isinstance(name, str):
            self._set_constant(name, value, line, sure)
        following = e.peek()
        ends = following.kind == "mark" and following.text in (";", ")", "}", "||", "&&", "?", ":", ",", ".", "")
        if (
            not ends
            and following.text.lower() not in ("or", "and")
            and self._found.trouble is None
            and self._scope.path == self._found.path
        ):
            self._found.trouble = Trouble(line, _("the semicolon at the end of the line is missing"))

    def _set_constant(self, name: str, value: Value, line: int, sure: bool) -> None:
        """The first definition counts, as in PHP."""
        known = self._scope.constants.get(name)
        if name in self._scope.constants and not (isinstance(known, Unknown) and known.depends == _CONDITION and not sure):
            return
        self._scope.constants[name] = value if sure else Unknown(_CONDITION)
        self._found.lines.setdefault(name, (self._scope.path, line))

    def _constants(self, sure: bool) -> None:
        e = self._e
        while e.peek().kind == "name" and e.peek(1).text == "=":
            name, line = e.take().text, e.peek().line
            e.at += 1
            self._set_constant(name, e.value(), line, sure)
            if not e.accept(","):
                return

    def _assigned(self, sure: bool) -> bool:
        """`$a = …`, `$a['b']['c'] = …`, `$a[] = …`; False where it is something else."""
        e, start, line = self._e, self._e.at, self._e.peek().line
        name, keys = e.take().text, []
        while e.accept("["):
            keys.append(e.value() if e.peek().text != "]" else None)
            e.accept("]")
        if not e.accept("="):
            e.at = start
            return False
        value: Value = e.value()
        if not sure:
            value = Unknown(_CONDITION)
        self._found.lines.setdefault(f"${name}", (self._scope.path, line))
        _put(self._scope.variables, [name, *keys], value)
        return True

    # --- conditions and blocks --------------------------------------------------------------------
    def _if(self, sure: bool) -> None:
        """Each branch that may be taken; after one that is taken for certain no other is."""
        e, taken = self._e, False
        e.at += 1
        while True:
            condition = self._condition()
            for_certain = not isinstance(condition, Unknown)
            self._branch(sure and for_certain and not taken, is_read=not taken and (not for_certain or bool(condition)))
            taken = taken or (for_certain and bool(condition))
            sure = sure and for_certain
            if e.accept("elseif"):
                continue
            if not e.accept("else"):
                e.accept("endif")
                return
            if e.accept("if"):
                continue
            self._branch(sure, is_read=not taken)
            e.accept("endif")
            return

    def _condition(self) -> Value:
        if not self._e.accept("("):
            return Unknown(_CONDITION)
        value = self._e.value()
        self._e.skip_to(")")
        self._e.accept(")")
        return value

    def _branch(self, sure: bool, *, is_read: bool) -> None:
        e = self._e
        if e.accept(":"):
            while e.at < len(e.tokens) and not (e.peek().kind == "name" and e.peek().text.lower() in ("elseif", "else", "endif")):
                self._one(sure, is_read)
        else:
            self._one(sure, is_read)

    def _one(self, sure: bool, is_read: bool) -> None:
        e, before = self._e, self._e.at
        if is_read:
            self._statement(sure=sure)
        elif e.accept("{"):
            e.skip_to()
            e.accept("}")
        else:
            e.skip_to(";")
            e.accept(";")
        if e.at == before:
            e.at += 1

    def _block(self, sure: bool) -> None:
        e = self._e
        e.accept("{")
        while e.at < len(e.tokens) and not (e.peek().kind == "mark" and e.peek().text == "}"):
            before = e.at
            self._statement(sure=sure)
            e.at += e.at == before
        e.accept("}")

    def _declaration(self, sure: bool) -> None:
        """A function's body says nothing; of a class its properties and constants do."""
        e, low = self._e, self._e.peek().text.lower()
        while e.at < len(e.tokens) and not (e.peek().kind == "mark" and e.peek().text in ("{", ";")):
            low = "function" if e.peek().text.lower() == "function" else low
            e.at += 1
        if not e.accept("{"):
            e.accept(";")
            return
        if low == "function":
            e.skip_to()
        while e.at < len(e.tokens) and not (e.peek().kind == "mark" and e.peek().text == "}"):
            self._member(sure)
        e.accept("}")

    def _member(self, sure: bool) -> None:
        e, before = self._e, self._e.at
        while e.peek().kind == "name" and e.peek().text.lower() not in ("const", "function"):
            e.at += 1
        e.accept("?")
        if e.peek().kind == "variable":
            self._assigned(sure)
            e.skip_to(";")
            e.accept(";")
        elif e.peek().text.lower() == "function":
            self._declaration(sure)
        elif e.accept("const"):
            self._constants(sure=False)
            e.skip_to(";")
            e.accept(";")
        else:
            e.at += e.at == before or e.peek().kind == "mark"

    # --- included files ---------------------------------------------------------------------------
    def _include(self, sure: bool, *, required: bool) -> None:
        line, value = self._e.peek().line, self._e.value()
        if not isinstance(value, str) or posixpath.basename(value) in _PASSED_OVER:
            self._found.goes_on = True
            return
        path = posixpath.normpath(value if value.startswith("/") else posixpath.join(posixpath.dirname(self._scope.path), value))
        if path in self._found.included or len(self._found.included) >= MOST_FILES or path == self._scope.path:
            return
        text = self._load(path)
        if text is None:
            if required and sure and self._scope.exists(path) is False:
                self._found.missing.append((path, line))
            return
        self._found.included.append(path)
        inner = replace(self._scope, path=path)
        _File(self._found, inner, text, self._load).read()


_CONDITION = _("a condition that only the running program knows")


def _put(into: dict[str, Value], keys: list[Value], value: Value) -> None:
    """Sets `into[keys[0]][keys[1]]…`; None as a key is the next number, as `[]` in PHP. No settings have thousands of those."""
    here: dict[str | int, Value] = into  # type: ignore[assignment]
    for number, key in enumerate(keys):
        if key is None and len(here) >= _MOST_IN_ROW:
            return
        if key is None:
            key = max((each for each in here if isinstance(each, int)), default=-1) + 1
        if not isinstance(key, str | int):
            return
        if number == len(keys) - 1:
            here[key] = value
            return
        inner = here.get(key)
        if not isinstance(inner, dict):
            inner = here[key] = {}
        here = inner
