"""PHP source taken apart into its words, as the language's own lexer does it: enough to read settings, and to see where a file breaks off.

The rules are those of the language reference (basic syntax, strings, comments); a file that is not PHP gives no words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from sites.texts import mark as _

MOST_TOKENS = 200_000


class Token(NamedTuple):
    """`kind`: "name", "variable", "number", "string" (its value in `text`), "template" (a string with variables, as written), "mark"."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Where PHP would stop reading, and why, for a person."""

    line: int
    why: str


class Lexed(NamedTuple):
    tokens: list[Token]
    trouble: Trouble | None


_OPEN = re.compile(r"<\?(?:php(?=\s|\Z)|=)", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_NAME = re.compile(r"\\?[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*(?:\\[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)*")
_VARIABLE = re.compile(r"\$[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*")
_NUMBER = re.compile(r"0[xX][\da-fA-F_]+|0[bB][01_]+|(?:\d[\d_]*)?\.\d[\d_]*(?:[eE][+-]?\d+)?|\d[\d_]*\.?(?:[eE][+-]?\d+)?")
_HEREDOC = re.compile(r"<<<[ \t]*([\"']?)([A-Za-z_]\w*)\1\r?\n")
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_DOUBLE = re.compile(r"\"((?:[^\"\\]|\\.)*+)\"", re.DOTALL)
_BACKTICK = re.compile(r"`(?:[^`\\]|\\.)*+`", re.DOTALL)
_LINE_COMMENT = re.compile(r"(?:#(?!\[)|//)[^\r\n]*?(?=\?>|[\r\n]|\Z)")
_MARK = re.compile(
    r"\?->|<=>|\*\*=|\.\.\.|<<=|>>=|===|!==|\?\?=|\?\?|=>|->|::|==|!=|<>|<=|>=|&&|\|\||\+\+|--|\+=|-=|\*=|/=|\.=|%=|&=|\|=|\^=|<<|>>|\*\*|#\[|."
)
_INTERPOLATED = re.compile(r"(?<!\\)(?:\\\\)*(?:\$[A-Za-z_{]|\{\$)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "e": "\x1b", "f": "\f", "\\": "\\", "$": "$", '"': '"'}
_ESCAPE = re.compile(r"\\(?:([ntrvef\\$\"])|([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u\{([0-9A-Fa-f]{1,6})\})")
TYPOGRAPHIC = frozenset("‘’‚‛“”„‟′″«»")
_CLOSING = {")": "(", "]": "[", "}": "{"}


def lex(source: str) -> Lexed:
    """All words of the PHP parts of a file, and the first place at which PHP would stop."""
    return _Lexer(source).lex()


def texts_at(source: str, lines: range) -> list[tuple[str, int, int]]:
    """Texts and numbers that begin on these lines: their kind, and where they stand in the source, quotes included."""
    lexer = _Lexer(source)
    lexer.lex()
    found = zip(lexer.tokens, lexer.spans, strict=True)
    return [(each.kind, *span) for each, span in found if each.line in lines and each.kind in ("string", "template", "number")]


def values_at(source: str, lines: range) -> list[tuple[int, int]]:
    """Where whole values stand in the source whose `=`, `=>` or comma is on these lines: up to what ends them, whatever they are."""
    lexer = _Lexer(source)
    if lexer.lex().trouble is not None:
        return []
    found, tokens = [], lexer.tokens
    for at, token in enumerate(tokens):
        if token.line in lines and token.kind == "mark" and token.text in ("=", "=>", ","):
            last = _last_of_value(tokens, at + 1)
            found += [(lexer.spans[at + 1][0], lexer.spans[last][1])] if last > at else []
    return found


def _last_of_value(tokens: list[Token], first: int) -> int:
    """The word before the comma, semicolon or bracket that ends the value; the one before `first` where there is none."""
    depth = 0
    for at in range(first, len(tokens)):
        text = tokens[at].text if tokens[at].kind == "mark" else ""
        if depth == 0 and text in (",", ";", ")", "]", "}"):
            return at - 1
        depth += (text in ("(", "[", "{")) - (text in _CLOSING)
    return first - 1


class _Lexer:
    def __init__(self, source: str) -> None:
        self._source, self._at, self._line = source, 0, 1
        self.tokens: list[Token] = []
        self.spans: list[tuple[int, int]] = []
        self._trouble: Trouble | None = None

    def lex(self) -> Lexed:
        while self._at < len(self._source) and self._trouble is None and len(self.tokens) < MOST_TOKENS:
            opening = _OPEN.search(self._source, self._at)
            if opening is None:
                break
            self._move(opening.end())
            self._php()
        return Lexed(self.tokens, self._trouble or unbalanced(self.tokens) or misquoted(self.tokens))

    def _move(self, end: int) -> None:
        self._line += self._source.count("\n", self._at, end)
        self._at = end

    def _php(self) -> None:
        """The words up to the end of this PHP part."""
        source = self._source
        while self._at < len(source) and self._trouble is None and len(self.tokens) < MOST_TOKENS:
            if found := _SPACE.match(source, self._at) or _LINE_COMMENT.match(source, self._at):
                self._move(found.end())
            elif source.startswith("?>", self._at):
                self._add("mark", ";", self._at + 2)
                return
            elif source.startswith("/*", self._at):
                self._skip_comment()
            else:
                self._word()

    def _skip_comment(self) -> None:
        end = self._source.find("*/", self._at + 2)
        if end < 0:
            self._trouble = Trouble(self._line, _("a comment that begins here has no end"))
            end = len(self._source) - 2
        self._move(end + 2)

    def _word(self) -> None:
        source, at = self._source, self._at
        first = source[at]
        if first == "'":
            self._quoted(_SINGLE)
        elif first in ('"', "`"):
            self._quoted(_DOUBLE if first == '"' else _BACKTICK)
        elif found := _HEREDOC.match(source, at):
            self._heredoc(found)
        elif found := _VARIABLE.match(source, at):
            self._add("variable", found[0][1:], found.end())
        elif found := _NAME.match(source, at):
            self._add("name", found[0].lstrip("\\"), found.end())
        elif (first.isdigit() or first == ".") and (found := _NUMBER.match(source, at)):
            self._add("number", found[0], found.end())
        else:
            found = _MARK.match(source, at)
            self._add("mark", found[0] if found else first, found.end() if found else at + 1)

    def _add(self, kind: str, text: str, end: int) -> None:
        self.tokens.append(Token(kind, text, self._line))
        self.spans.append((self._at, end))
        self._move(end)

    def _quoted(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._source, self._at)
        if found is None:
            self._trouble = Trouble(self._line, _("a text in quotes that begins here has no end"))
            return
        if pattern is _SINGLE:
            self._add("string", re.sub(r"\\([\\'])", r"\1", found[1]), found.end())
        elif pattern is _DOUBLE and not _INTERPOLATED.search(found[1]):
            self._add("string", unescaped(found[1]), found.end())
        else:
            self._add("template", found[1] if pattern is _DOUBLE else "`", found.end())

    def _heredoc(self, opening: re.Match[str]) -> None:
        """The closing word may be indented (PHP 7.3), and that indentation is taken off every line."""
        closing = re.compile(rf"^([ \t]*){opening[2]}\b", re.MULTILINE).search(self._source, opening.end())
        if closing is None:
            self._trouble = Trouble(self._line, _("the text that begins here has no end: {word} is missing").format(word=opening[2]))
            return
        lines = self._source[opening.end() : closing.start()].removesuffix("\n").removesuffix("\r").split("\n")
        text = "\n".join(line.removeprefix(closing[1]) for line in lines)
        if opening[1] == "'":
            self._add("string", text, closing.end())
        elif _INTERPOLATED.search(text):
            self._add("template", text, closing.end())
        else:
            self._add("string", unescaped(text), closing.end())


def unescaped(text: str) -> str:
    """The value of a text in double quotes."""

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return _ESCAPES[found[1]]
        number = int(found[2], 8) & 0xFF if found[2] else int(found[3] or found[4], 16)
        return chr(number) if number <= 0x10FFFF else found[0]

    return _ESCAPE.sub(value, text)


def misquoted(tokens: list[Token]) -> Trouble | None:
    """The first name in quotation marks of a word processor, which are letters to PHP: it looks for a constant of that name, marks
    included, and since PHP 8 gives up without one (RFC "Reclassify engine warnings")."""
    found = next((token for token in tokens if token.kind == "name" and token.text[0] in TYPOGRAPHIC), None)
    why = _("the quotation marks of {name} are those of a word processor, not those of PHP")
    return Trouble(found.line, why.format(name=found.text[:60])) if found else None


def unbalanced(tokens: list[Token]) -> Trouble | None:
    """The first bracket that does not match, as PHP tells it; None when all do."""
    waiting: list[Token] = []
    for token in tokens:
        if token.kind != "mark":
            continue
        if token.text in ("(", "[", "{", "#["):
            waiting.append(token)
        elif token.text in _CLOSING:
            opened = waiting.pop().text[-1] if waiting else ""
            if opened != _CLOSING[token.text]:
                return Trouble(token.line, _("a “{mark}” closes nothing").format(mark=token.text))
    if waiting:
        return Trouble(waiting[-1].line, _("a “{mark}” that opens here is never closed").format(mark=waiting[-1].text))
    return None
