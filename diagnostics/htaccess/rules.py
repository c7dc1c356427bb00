"""What of a `.htaccess` decides where a request goes: rewrite rules with their conditions, plain redirects, index files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from diagnostics.htaccess.conditions import holds
from diagnostics.htaccess.parser import Line, LineKind, parse
from diagnostics.htaccess.reading import Node, read
from diagnostics.htaccess.regexes import search
from diagnostics.htaccess.rewriting import flags_of, split_arguments
from diagnostics.htaccess.server import ServerKnowledge

_SHORT = {
    "last": "l", "nocase": "nc", "redirect": "r", "forbidden": "f", "gone": "g", "next": "n", "chain": "c", "skip": "s", "proxy": "p",
    "passthrough": "pt", "qsappend": "qsa", "qsdiscard": "qsd", "discardpath": "dpi", "env": "e", "ornext": "or", "nosubreq": "ns",
    "cookie": "co", "handler": "h", "type": "t", "noescape": "ne", "novary": "nv",
}  # fmt: skip
_STATUS = {"permanent": 301, "temp": 302, "seeother": 303, "gone": 410}


@dataclass(frozen=True, slots=True)
class Condition:
    test: str
    pattern: str  # without its "!"
    negated: bool
    ignore_case: bool
    or_next: bool


@dataclass(frozen=True, slots=True)
class Rule:
    line: int
    pattern: str
    negated: bool
    target: str
    flags: tuple[tuple[str, str], ...]
    conditions: tuple[Condition, ...]

    def flag(self, name: str) -> str | None:
        """The value of a flag by its short name, "" where it has none, None where it is not there."""
        return dict(self.flags).get(name)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Of mod_alias: by the beginning of the path, or by a pattern."""

    line: int
    path: str
    target: str
    status: int
    is_pattern: bool = False


@dataclass(slots=True)
class FolderRules:
    """Of one file, or of one section in it. `engine` is None where it does not say. `mentions_rewriting`: any directive of mod_rewrite.

    `folder` of a section is what its head names, as mod_rewrite has it: no file name begins with that.
    """

    folder: str  # absolute, without a slash at its end
    path: str  # of the file, as shown
    engine: bool | None = None
    base: str = ""
    inherits: bool = False
    mentions_rewriting: bool = False
    rules: list[Rule] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    index: tuple[str, ...] = ()
    fallback: str = ""
    sections: list[Section] = field(default_factory=list)  # in which lines stand that decide where a request goes


@dataclass(frozen=True, slots=True)
class Section:
    """`<Files>` and `<FilesMatch>`, for files of some names, and `<If>`, whose outcome is not known here (`is_open`)."""

    line: int
    rules: FolderRules
    pattern: str = ""
    is_expression: bool = False
    is_open: bool = False

    def fits(self, name: str) -> bool:
        """As `ap_file_walk` compares the last part of a file's name."""
        if not self.pattern:
            return True
        if self.is_expression:
            return search(self.pattern, name) is not None
        return fnmatchcase(name, self.pattern.replace("[^", "[!"))


def rules_of(content: bytes, folder: str, path: str, server: ServerKnowledge) -> FolderRules:
    """The rules of one file, those of its sections apart: they are not for all."""
    return _of_nodes(read(parse(content), lambda line: holds(line, server), True).nodes, folder.rstrip("/"), path)


def _of_nodes(nodes: list[Node], folder: str, path: str) -> FolderRules:
    found = FolderRules(folder, path)
    waiting: list[Condition] = []
    for node in nodes:
        line, key = node.line, node.line.key
        if line.kind is not LineKind.DIRECTIVE:
            found.sections += _sections(node, path)
            continue
        if key.startswith("rewrite"):
            found.mentions_rewriting = True
        if key == "rewriteengine" and line.words:
            found.engine = line.words[0].lower() == "on"
        elif key == "rewritebase" and line.words:
            found.base = line.words[0]
        elif key == "rewriteoptions":
            found.inherits = found.inherits or "inherit" in line.args.lower().split()
        elif key == "rewritecond":
            waiting += _condition(line)
        elif key == "rewriterule":
            found.rules += _rule(line, tuple(waiting))
            waiting = []
        elif key in ("redirect", "redirectmatch", "redirectpermanent", "redirecttemp"):
            found.redirects += _redirect(line)
        elif key == "directoryindex":
            found.index = tuple(word for word in line.words if word.lower() != "disabled")
        elif key == "fallbackresource" and line.words:
            found.fallback = "" if line.words[0].lower() == "disabled" else line.words[0]
    return found


def _sections(node: Node, path: str) -> list[Section]:
    """The section, if anything in it decides where a request goes; what stands in one within it counts for both."""
    line, words = node.line, [word for word in node.line.words if word]
    is_expression = line.key == "filesmatch" or words[:1] == ["~"]
    if line.key in ("files", "filesmatch") and words:
        pattern = words[1] if words[0] == "~" and len(words) > 1 else words[0]
        inner = _of_nodes(node.children, pattern, path)
        own = Section(line.number, inner, pattern, is_expression)
        # mod_rewrite and its like see the inner of two sections alone; that is told as open, since which one it is for is not followed
        return [own] if _decides(inner) else [replace(each, is_open=True) for each in inner.sections]
    if line.key in ("if", "elseif", "else"):
        inner = _of_nodes(node.children, "*If", path)
        return [Section(line.number, inner, is_open=True)] if _decides(inner) or inner.sections else []
    return []


def _decides(rules: FolderRules) -> bool:
    return bool(rules.mentions_rewriting or rules.redirects or rules.index or rules.fallback)


def _flags(words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for flag in flags_of(words[2]) or () if len(words) > 2 else ():
        name, _equals, value = flag.partition("=")
        pairs.append((_SHORT.get(name.lower(), name.lower()), value))
    return tuple(pairs)


def _condition(line: Line) -> list[Condition]:
    words = split_arguments(line.args)
    if len(words) < 2:
        return []
    flags = dict(_flags(words))
    return [Condition(words[0], words[1].removeprefix("!"), words[1].startswith("!"), "nc" in flags, "or" in flags)]


def _rule(line: Line, conditions: tuple[Condition, ...]) -> list[Rule]:
    words = split_arguments(line.args)
    if len(words) < 2:
        return []
    pattern = words[0]
    return [Rule(line.number, pattern.removeprefix("!"), pattern.startswith("!"), words[1], _flags(words), conditions)]


def _redirect(line: Line) -> list[Redirect]:
    words = list(line.words)
    if not words:
        return []
    status = {"redirectpermanent": 301}.get(line.key, 302)
    first = words[0].lower()
    if line.key in ("redirect", "redirectmatch") and (first in _STATUS or first.isdigit()):
        status = _STATUS.get(first) or int(first)
        words.pop(0)
    if not words or not 300 <= status < 400 or len(words) != 2:
        return []
    return [Redirect(line.number, words[0], words[1], status, line.key == "redirectmatch")]
