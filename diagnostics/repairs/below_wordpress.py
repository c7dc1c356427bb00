"""Puts what hooks into WordPress below the line of wp-config.php that loads WordPress: above it, these functions are not there yet.

wp-config.php is read before anything of WordPress (wp-load.php); its last line, `require_once ABSPATH . 'wp-settings.php';`, loads
the rest.
"""

from __future__ import annotations

import posixpath
import re

from diagnostics.checks.php_parsing import MOST, Statement, first_error, plain_calls
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "move-below-wordpress"
# wp-includes/plugin.php and what goes with it: these only note what is to be called later.
_HOOKS = frozenset({
    "add_action", "add_filter", "add_shortcode", "register_activation_hook", "remove_action", "remove_all_actions", "remove_all_filters",
    "remove_filter",
})  # fmt: skip
LOADS = re.compile(
    rb"^[ \t]*(?:require|include)(?:_once)?\b[^;\n]{0,300}?wp-settings\.php['\"][ \t]*\)?[ \t]*;(?P<rest>[^\n]*)", re.MULTILINE
)
_NOTHING = re.compile(rb"[ \t]*(?:(?://|#)(?!.*\?>).*)?\r?")
_PERSON = _("From there it runs a moment later than it was meant to. Only somebody who knows it can say whether it still does its work.")


@repair(
    id=ID, title=_("Move lines of wp-config.php below the one that loads WordPress"),
    causes=("php-undefined-function", "wordpress-config-syntax", "php-uncaught-exception"),
)  # fmt: skip
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = evidence.file(finding.path)
    if file is None or finding.line is None or posixpath.basename(finding.path) != "wp-config.php" or len(file.content) > MOST:
        return None
    if first_error(file.content) is not None or (loads := LOADS.search(file.content)) is None:
        return None
    if not _NOTHING.fullmatch(loads["rest"]):
        return CannotPlan(_("Something stands behind what loads WordPress, on the same line. Move the lines by hand."))
    moved = [each for each in plain_calls(file.content) if each.called in _HOOKS and each.end <= loads.start()]
    if not any(each.first_row < finding.line <= each.last_row + 1 for each in moved):
        return None
    after = _with_below(file.content, moved, loads.end())
    if after is None or first_error(after) is not None or _calls(after) != _calls(file.content):
        return CannotPlan(_("What calls functions of WordPress stands among other things in its line. Move it by hand."))
    title = _("Move line {line} of {path} below the line that loads WordPress") if len(moved) == 1 else _(
        "Move line {line} of {path}, and {n} more like it, below the line that loads WordPress"
    )  # fmt: skip
    why = _("It calls a function of WordPress, which is not there yet at that place. Nothing of it is taken out.")
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    return Plan(
        ID, finding.cause, title.format(line=finding.line, path=file.path, n=len(moved) - 1), why, (change,),
        affects=_("Every page of this WordPress"), needs_person=_PERSON, removes=1,
    )  # fmt: skip


def _calls(content: bytes) -> list[str]:
    """What it calls by itself: nothing of it may become text, or come twice."""
    return sorted(each.called for each in plain_calls(content))


def _with_below(content: bytes, moved: list[Statement], end: int) -> bytes | None:
    """The whole lines of these statements behind the line that ends after `end`; None where something else stands in one of them."""
    lines = content.split(b"\n")
    rows: list[int] = []
    for each in moved:
        before, behind = lines[each.first_row][: each.first_column], lines[each.last_row][each.last_column :]
        if before.strip() or not re.fullmatch(rb"\s*(?:(?://|#)(?!.*\?>).*)?\r?", behind):
            return None
        rows += range(each.first_row, each.last_row + 1)
    at = content.count(b"\n", 0, end)
    taken = [lines[row] for row in rows]
    tail = b"\r" if lines[at].endswith(b"\r") and not taken[-1].endswith(b"\r") else b""
    kept = [line for row, line in enumerate(lines[: at + 1]) if row not in set(rows)]
    return b"\n".join([*kept, *taken[:-1], taken[-1] + tail, *lines[at + 1 :]])
