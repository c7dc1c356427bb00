"""Whether an expression of Apache's own language can be read (`<If>`, `Require expr`, `expr=…`): server/util_expr_parse.y, _scan.l.

Functions of foreign modules may exist, so only the names of operators and functions that no module of Apache brings are held wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from diagnostics.htaccess.regexes import why_broken
from diagnostics.htaccess.word_sets import word_set

_WORDS = {"and": "&&", "or": "||", "not": "!", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "ne": "!=", "eq": "==", "in": "-in"}
_COMPARISONS = word_set("= == != < <= > >= -eq -ne -lt -le -gt -ge")
_UNARY = frozenset("defhLnszxFUART")
_BINARY = frozenset({"-ipmatch", "-strmatch", "-strcmatch", "-fnmatch"})
_FUNCTIONS = word_set(
    "req http req_novary resp reqenv osenv note env tolower toupper escape unescape base64 unbase64 md5 sha1 file filesize filemod "
    "ldap replace value ssl peerextlist"
)
_TOKEN = re.compile(
    r"(?P<space>[ \t\n]+)|(?P<op>=~|!~|==?|!=|<=|<|>=|>|&&|\|\||!|\.)|(?P<regex>m(?P<del>[/#$%^,;:_?|\-!.'\"])|/)"
    r"|(?P<binary>-[a-zA-Z_][a-zA-Z_0-9]+)|(?P<unary>-[a-zA-Z_])|(?P<digit>-?[0-9]+)|(?P<backref>\$[0-9])"
    r"|(?P<id>[a-zA-Z][a-zA-Z0-9_]*)|(?P<mark>[(){},:])"
)
_DEEPEST = 60
_VARIABLES = word_set(
    "TIME_YEAR TIME_MON TIME_DAY TIME_HOUR TIME_MIN TIME_SEC TIME_WDAY TIME SERVER_SOFTWARE API_VERSION HTTP_USER_AGENT "
    "HTTP_PROXY_CONNECTION HTTP_REFERER HTTP_COOKIE HTTP_FORWARDED HTTP_HOST HTTP_ACCEPT REQUEST_METHOD REQUEST_SCHEME REQUEST_URI "
    "REQUEST_FILENAME REMOTE_HOST REMOTE_IDENT REMOTE_USER SERVER_ADMIN SERVER_NAME SERVER_PORT SERVER_PROTOCOL SCRIPT_FILENAME "
    "PATH_INFO QUERY_STRING IS_SUBREQ DOCUMENT_ROOT AUTH_TYPE THE_REQUEST CONTENT_TYPE HANDLER REQUEST_LOG_ID SCRIPT_USER "
    "SCRIPT_GROUP DOCUMENT_URI LAST_MODIFIED CONTEXT_PREFIX CONTEXT_DOCUMENT_ROOT REQUEST_STATUS REMOTE_ADDR REMOTE_PORT HTTPS IPV6 "
    "CONN_LOG_ID CONN_REMOTE_ADDR HTTP2"
)


class _Wrong(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def why_wrong(text: str, *, is_string: bool = False) -> str:
    """Why Apache cannot read this expression, "" when it can. `is_string`: it is one text with variables, as in `Header … expr=`."""
    try:
        if is_string:
            _string(text, 0, "")
            return ""
        _Parser(_tokens(text)).whole()
    except _Wrong as wrong:
        return str(wrong)
    return ""


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    index = 0
    while index < len(text):
        if text[index] in "\"'":
            index = _string(text, index + 1, text[index])
            found.append(_Token("word", ""))
            continue
        if text.startswith("%{", index):
            index = _variable(text, index + 2)
            found.append(_Token("word", ""))
            continue
        match = _TOKEN.match(text, index)
        if match is None:
            raise _Wrong(f"it cannot be read from “{text[index : index + 12]}” on")
        kind = match.lastgroup if match.lastgroup != "del" else "regex"
        index = match.end()
        if kind == "regex":
            pattern, index = _regex(text, index, match.group("del") or "/")
            found.append(_Token("regex", pattern))
        elif kind != "space":
            found.append(_classified(kind or "", match.group()))
    return found


def _classified(kind: str, text: str) -> _Token:
    if kind == "id" and text in _WORDS:
        return _Token("binary" if text == "in" else "op", _WORDS[text])
    if kind in ("digit", "backref"):
        return _Token("word", text)
    return _Token("bool" if text in ("true", "false") else kind, text)


def _regex(text: str, start: int, delimiter: str) -> tuple[str, int]:
    end = text.find(delimiter, start)
    if end < 0:
        raise _Wrong("a regular expression in it has no end")
    pattern = text[start:end]
    return pattern, end + 2 if text[end + 1 : end + 2] == "i" else end + 1


def _string(text: str, index: int, quote: str) -> int:
    """The index after a text and the quote that ends it. Without a quote it goes to the end."""
    while index < len(text):
        char = text[index]
        if quote and char == quote:
            return index + 1
        if char == "\n":
            break
        if text.startswith("%{", index):
            index = _variable(text, index + 2)
        elif char == "\\":
            index = _escape(text, index)
        else:
            index += 1
    if quote or index < len(text):
        raise _Wrong("a text in it has no end")
    return index


def _escape(text: str, index: int) -> int:
    digits = re.match(r"[0-9]+", text[index + 1 :])
    if digits is None:
        return index + 2 if index + 1 < len(text) else index + 1
    octal = re.match(r"[0-7]{1,3}", digits.group())
    if octal is None or len(digits.group()) > len(octal.group()) or int(octal.group(), 8) > 255:
        raise _Wrong("it has a wrong escape with a number")
    return index + 1 + len(octal.group())


def _variable(text: str, index: int) -> int:
    """The index after `%{NAME}` or `%{function:argument}`, of which `index` is behind the opening."""
    match = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*").match(text, index)
    if match is None:
        raise _Wrong("a variable in it has no proper name")
    index, name = match.end(), match.group()
    if text[index : index + 1] == "}":
        if name.upper() not in _VARIABLES and not name.upper().startswith(("SSL_", "HC_")):
            raise _Wrong(f"there is no variable {name}")
        return index + 1
    if text[index : index + 1] != ":":
        raise _Wrong(f"the variable {name} is not closed")
    if name.lower() not in _FUNCTIONS:
        raise _Wrong(f"it uses a function {name} that does not exist")
    index += 1
    while index < len(text) and text[index] != "}":
        if text[index] in "\"'\n":
            raise _Wrong("a variable in it is not closed")
        if text.startswith("%{", index):
            index = _variable(text, index + 2)
        else:
            index = _escape(text, index) if text[index] == "\\" else index + 1
    if index >= len(text):
        raise _Wrong("a variable in it is not closed")
    return index + 1


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def peek(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _Token("end", "")

    def take(self) -> _Token:
        token = self.peek()
        self.at += 1
        return token

    def want(self, text: str) -> None:
        if self.take().text != text:
            raise _Wrong(f"“{text}” is missing in it")

    def whole(self) -> None:
        self.expression()
        if self.peek().kind != "end":
            raise _Wrong(f"it does not go on with “{self.peek().text or 'a text'}”")

    def expression(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _Wrong("it is nested too deeply")
        self.condition()
        while self.peek().text in ("&&", "||") and self.peek().kind == "op":
            self.take()
            self.condition()
        self.depth -= 1

    def condition(self) -> None:
        token = self.peek()
        if token.text == "!" and token.kind == "op":
            self.take()
            self.condition()
        elif token.kind == "bool":
            self.take()
        elif token.text == "(":
            self.take()
            self.expression()
            self.want(")")
        elif token.kind == "unary":
            if self.take().text[1:] not in _UNARY:
                raise _Wrong(f"it uses an operator {token.text} that does not exist")
            self.word()
        else:
            self.comparison()

    def comparison(self) -> None:
        self.word()
        operator = self.take()
        if operator.text in ("=~", "!~"):
            pattern = self.take()
            if pattern.kind != "regex":
                raise _Wrong(f"{operator.text} is not followed by a regular expression in slashes")
            if why := why_broken(pattern.text):
                raise _Wrong(f"its regular expression “{pattern.text[:60]}” does not compile: {why}")
        elif operator.text == "-in":
            self.words()
        elif operator.text in _COMPARISONS or operator.text in _BINARY:
            self.word()
        elif operator.kind == "binary":
            raise _Wrong(f"it uses an operator {operator.text} that does not exist")
        else:
            raise _Wrong("a comparison in it is not whole")

    def words(self) -> None:
        if self.peek().kind == "id":
            self.call()
            return
        self.want("{")
        self.word()
        while self.peek().text == ",":
            self.take()
            self.word()
        self.want("}")

    def word(self) -> None:
        token = self.peek()
        if token.kind == "word":
            self.take()
        elif token.kind == "id":
            self.call()
        else:
            raise _Wrong(f"it cannot be read at “{token.text}”" if token.text else "it ends too early")
        if self.peek().text == "." and self.peek().kind == "op":
            self.take()
            self.word()

    def call(self) -> None:
        name = self.take().text
        if self.peek().text != "(":
            raise _Wrong(f"“{name}” stands there without quotes")
        if name.lower() not in _FUNCTIONS:
            raise _Wrong(f"it uses a function {name} that does not exist")
        self.take()
        self.word()
        self.want(")")
