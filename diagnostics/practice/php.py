"""The little of PHP that the practice shop's own pages use: files that load others, a list of words, and `echo`.

The messages are worded as PHP 8 words them (Zend/zend_language_parser.y, main/main.c), for people will search the web for exactly
those words. Whatever else stands in a script is refused, and nothing is ever run.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

MOST_FILES = 20  # that one page may load
_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|#[^\n]*|/\*.*?\*/)"
    r"|(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<name>\$[A-Za-z_]\w*)"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<arrow>=>)"
    r"|(?P<mark>[\[\](){}=;,.])",
    re.DOTALL,
)
_OPENS = {"[": "]", "(": ")", "{": "}"}
_LOADS = frozenset({"require", "require_once"})

Values = dict[str, str | dict[str, str]]


class PhpError(Exception):
    """PHP ends here; the message is what it writes into its log."""


class NotPractised(Exception):
    """Something that the practice shop's pages do not use."""


@dataclass(slots=True)
class _Token:
    kind: str
    text: str
    line: int


@dataclass(slots=True)
class Page:
    """One page while it is put together. `read` gives a file's content; it raises OSError."""

    read: Callable[[Path], bytes]
    values: Values = field(default_factory=dict)
    loaded: list[Path] = field(default_factory=list)

    def output(self, path: Path, content: bytes) -> bytes:
        """What a script writes. Raises PhpError where PHP would stop, NotPractised for what this is not made for."""
        self.loaded.append(path)
        if len(self.loaded) > MOST_FILES:
            raise NotPractised
        parts = _parts(content.decode("utf-8", "surrogateescape"), path)  # the whole file is read before any of it counts
        shown = [_Statements(self, path, part).run() if isinstance(part, list) else part for part in parts]
        return "".join(shown).encode("utf-8", "surrogateescape")

    def load(self, path: Path, script: Path, line: int) -> str:
        """The file that `script` requires in this line."""
        try:
            content = self.read(path)
        except OSError as error:
            why = "Permission denied" if isinstance(error, PermissionError) else "No such file or directory"
            raise PhpError(
                f"PHP Warning:  require({path}): Failed to open stream: {why} in {script} on line {line}\n"
                f"PHP Fatal error:  Uncaught Error: Failed opening required '{path}' (include_path='.:/usr/share/php') in {script}:{line}\n"
                f"Stack trace:\n#0 {{main}}\n  thrown in {script} on line {line}"
            ) from None
        return self.output(path, content).decode("utf-8", "surrogateescape")


class _Statements:
    """What stands between `<?php` and `?>`."""

    def __init__(self, page: Page, path: Path, tokens: list[_Token]) -> None:
        self.page, self.path, self.tokens, self.at = page, path, tokens, 0

    def run(self) -> str:
        shown = ""
        while self.at < len(self.tokens):
            token = self._next()
            if token.kind == "word" and token.text in _LOADS:
                shown += self._load(token.line)
            elif token.kind == "word" and token.text == "echo":
                shown += self._value()
            elif token.kind == "name":
                self._want("=")
                self.page.values[token.text] = self._list() if self._is_next("[") else self._string()
            else:
                raise NotPractised
            if self.at < len(self.tokens):
                self._want(";")
        return shown

    def _load(self, line: int) -> str:
        if self._next().text != "__DIR__":
            raise NotPractised
        self._want(".")
        return self.page.load(self.path.parent / self._string().lstrip("/"), self.path, line)

    def _value(self) -> str:
        name = self._next()
        found = self.page.values.get(name.text, "")
        if self._is_next("["):
            self._want("[")
            key = self._string()
            self._want("]")
            found = found.get(key, "") if isinstance(found, dict) else ""
        if name.kind != "name" or not isinstance(found, str):
            raise NotPractised
        return found

    def _list(self) -> dict[str, str]:
        found: dict[str, str] = {}
        self._want("[")
        while not self._is_next("]"):
            key = self._string()
            self._want("=>")
            found[key] = self._string()
            if self._is_next(","):
                self._want(",")
        self._want("]")
        return found

    def _string(self) -> str:
        token = self._next()
        if token.kind != "string":
            raise NotPractised
        return re.sub(r"\\(['\\])", r"\1", token.text[1:-1])

    def _next(self) -> _Token:
        if self.at >= len(self.tokens):
            raise NotPractised
        self.at += 1
        return self.tokens[self.at - 1]

    def _is_next(self, text: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at].text == text

    def _want(self, text: str) -> None:
        if self._next().text != text:
            raise NotPractised


def _parts(text: str, path: Path) -> list[str | list[_Token]]:
    """A script cut into what goes out as it is and what is PHP. Raises PhpError where it cannot be read to its end."""
    parts: list[str | list[_Token]] = []
    at = 0
    while (begin := text.find("<?php", at)) >= 0:
        parts.append(text[at:begin])
        end = text.find("?>", begin)
        code = text[begin + len("<?php") : end if end >= 0 else len(text)]
        parts.append(_tokens(code, text.count("\n", 0, begin) + 1, path))
        at = len(text) if end < 0 else end + len("?>")
        at += text.startswith("\n", at)  # PHP takes the one line end after "?>" with it
    return [*parts, text[at:]]


def _tokens(code: str, line: int, path: Path) -> list[_Token]:
    found: list[_Token] = []
    opened: list[_Token] = []
    at = 0
    while at < len(code):
        met = _TOKEN.match(code, at)
        if met is None:
            if code[at] == "'":  # it is never closed: PHP reads it to the end of the file
                break
            raise NotPractised
        kind = met.lastgroup or ""
        token = _Token(kind, met.group(), line)
        if kind != "space":
            found.append(token)
        if token.text in _OPENS:
            opened.append(token)
        elif opened and token.text == _OPENS[opened[-1].text]:
            opened.pop()
        line += met.group().count("\n")
        at = met.end()
    last = line + code[at:].count("\n")
    if opened:
        where = f" on line {opened[-1].line}" if opened[-1].line != last else ""
        raise PhpError(f"PHP Parse error:  Unclosed '{opened[-1].text}'{where} in {path} on line {last}")
    if at < len(code):
        raise PhpError(f"PHP Parse error:  syntax error, unexpected end of file in {path} on line {last}")
    return found
