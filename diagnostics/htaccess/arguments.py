"""Lints the arguments of single directives: their number, and the values that Apache 2.4 refuses outright."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from diagnostics.htaccess import access_arguments, header_arguments, usual_arguments
from diagnostics.htaccess.complaints import Complaint, bad
from diagnostics.htaccess.directives import Directive
from diagnostics.htaccess.parser import Line
from diagnostics.htaccess.rewriting import lint_condition, lint_rule
from diagnostics.htaccess.server import ServerKnowledge

_WORDS = {
    "0": "no argument",
    "1": "one argument",
    "2": "two arguments",
    "3": "three arguments",
    "1-2": "one or two arguments",
    "2-3": "two or three arguments",
    "1-3": "one to three arguments",
    "1+": "at least one argument",
    "2+": "at least two arguments",
}


@dataclass(frozen=True, slots=True)
class Context:
    """Where a line stands: the server, and the sections around it, outermost first, in lower case."""

    server: ServerKnowledge
    around: Sequence[str] = ()


Rule = Callable[[Line], Complaint | None]
RuleOfServer = Callable[[Line, ServerKnowledge], Complaint | None]
_RULES: dict[str, Rule] = {**usual_arguments.RULES, **header_arguments.RULES}
_RULES_OF_SERVER: dict[str, RuleOfServer] = {**access_arguments.RULES, **usual_arguments.RULES_OF_SERVER}


def lint_arguments(line: Line, directive: Directive, context: Context) -> Complaint | None:
    """What Apache will refuse about this line's arguments, None when nothing surely is."""
    if line.key == "rewriterule":
        return lint_rule(line.args)
    if line.key == "rewritecond":
        return lint_condition(line.args)
    if complaint := _count(line, directive):
        return complaint
    if line.key == "require":
        return access_arguments.require(line, context.server, context.around)
    if rule := _RULES.get(line.key):
        return rule(line)
    if rule_of_server := _RULES_OF_SERVER.get(line.key):
        return rule_of_server(line, context.server)
    return None


def _count(line: Line, directive: Directive) -> Complaint | None:
    """As `invoke_cmd` of server/config.c counts: an argument that is needed may not be empty either."""
    words, rule = line.words, directive.arguments
    if rule == "raw":
        return None
    if rule == "flag":
        good = bool(words) and words[0].lower() in ("on", "off")  # what follows is ignored
        return None if good else bad(f"{directive.name} must be On or Off", " ".join(words))
    low, high = _bounds(rule)
    needed = low if rule[-1] != "+" else 1
    if low <= len(words) <= high and all(words[:needed]):
        return None
    return bad(f"{directive.name} takes {_WORDS[rule]}, here are {len(words)}", line.args)


def _bounds(rule: str) -> tuple[int, int]:
    if rule.endswith("+"):
        return int(rule[:-1]), 1_000_000
    low, _, high = rule.partition("-")
    return int(low), int(high or low)
