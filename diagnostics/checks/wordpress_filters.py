"""Whose callback of a hook is to blame where PHP complains in another's file: it gave nothing back, or asks for its own hook again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from diagnostics.checks.php_filters import silent_filters
from diagnostics.checks.php_rounds import rounds
from diagnostics.checks.php_sharpening import script_at
from diagnostics.checks.stack import Frame
from diagnostics.evidence import Evidence
from diagnostics.facts.logged_paths import shown_path
from diagnostics.installed import Component
from diagnostics.php import hooks
from diagnostics.php.seen import Script

_HANDED_ON = re.compile(r"class-wp-hook\.php(?:\(\d+\)?: [^\n(]{1,160}\(NULL\b| on line \d+)|called in [^\n]{1,600}class-wp-hook\.php")
_DEPTH = 3  # files on the way to the error whose own questions count


class Giver(NamedTuple):
    """The callback that gives nothing back: where it is, what it filters; `is_near` where the failing line works on just that."""

    component: Component
    script: Script
    line: int
    hook: str
    is_near: bool


def giver_of_nothing(
    text: str, way: list[Frame], evidence: Evidence, component_of: Callable[[str, Evidence], Component | None]
) -> Giver | None:
    """None where PHP complains of something else, or every callback gives something back."""
    plain = text.replace("\\n", "\n")
    if not way or not hooks.is_of_nothing(plain):
        return None
    is_of_part = component_of(way[0].path, evidence) is not None
    wanted = _wanted(plain, way, evidence, of_trace_alone=is_of_part and _HANDED_ON.search(plain) is not None)
    found: list[tuple[tuple[int, bool, float], Giver]] = []
    for script in evidence.php.scripts if wanted else ():
        component = component_of(script.absolute, evidence)
        beside = tuple(each.content for each in evidence.php.scripts if each is not script and component and component.holds(each.absolute))
        for silent in silent_filters(script.content, beside) if component is not None else ():
            ranks = [rank for hook, rank in wanted.items() if hooks.fits(silent.hook, hook)]
            if ranks and component is not None:
                giver = Giver(component, script, silent.line, silent.hook, min(ranks) == 0)
                found.append(((min(ranks), not silent.is_always, -script.mtime), giver))
    return min(found, key=lambda each: each[0])[1] if found else None


class Circle(NamedTuple):
    """The callback that asks for the hook it is called by; `is_plain` where nothing in it looks like a way out."""

    component: Component
    script: Script
    line: int
    hook: str
    is_plain: bool


def goer_round(text: str, way: list[Frame], evidence: Evidence, component_of: Callable[[str, Evidence], Component | None]) -> Circle | None:
    """None where PHP gave up in a part of its own accord, or no callback leads to its own hook. The newest part is the likeliest."""
    if not hooks.is_endless(text) or any(component_of(frame.path, evidence) for frame in way):
        return None
    found: list[Circle] = []
    for script in evidence.php.scripts:
        if (component := component_of(script.absolute, evidence)) is None:
            continue
        beside = tuple(each.content for each in evidence.php.scripts if each is not script and component.holds(each.absolute))
        found += [Circle(component, script, each.line, each.hook, each.is_plain) for each in rounds(script.content, beside)]
    return min(found, key=lambda each: (not each.is_plain, -each.script.mtime), default=None)


def _wanted(plain: str, way: list[Frame], evidence: Evidence, *, of_trace_alone: bool) -> dict[str, int]:
    """The hooks in question, the likeliest with 0: those that were being asked for, then those of the files on the way."""
    ranks: dict[str, int] = {}
    for number, hook in enumerate(hooks.asked_in(plain.partition("Stack trace:")[2])):
        ranks.setdefault(hook, number)
    for depth, frame in enumerate(() if of_trace_alone and ranks else way[:_DEPTH]):
        script = script_at(shown_path(frame.path, evidence), evidence)
        for asked in hooks.applied(script.content) if script is not None else ():
            rank = hooks.nearness(asked, frame.line, script.content) + 3 * depth if script is not None else 0
            ranks[asked.hook] = min(rank, ranks.get(asked.hook, rank))
    return ranks
