"""Makes exactly those lines of one or more `.htaccess` comments without which a trial saw the pages answer."""

from __future__ import annotations

import json
from dataclasses import replace

from diagnostics.causes import CAUSES as CATALOGUE
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import parse
from diagnostics.repairs.affected import pages_below
from diagnostics.repairs.editing import NEEDS_PERSON, commented, protects, with_lines
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.tried import LINES
from sites.texts import mark as _

ID = "comment-out-htaccess-lines"
LISTED = 8  # line numbers in a title
CAUSES = (*(code for code in CATALOGUE if code.startswith("htaccess-")), "redirect-loop")


@repair(id=ID, title=_("Make the lines that a trial found a comment"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    named = json.loads(finding.datum(LINES, "[]"))
    files = {file.path: file for file in evidence.htaccess} if isinstance(evidence.htaccess, tuple) else {}
    changes, locks, count = [], False, 0
    for path, numbers in named:
        if path not in files:
            return CannotPlan(_("The file is not there any more."))
        document = parse(files[path].content)
        lines = [line for line in document.lines if line.number in numbers]
        locks = locks or any(protects(line, document) for line in lines)
        count += len(lines)
        after = with_lines(document, {line.number: commented(line) for line in lines})
        changes.append(WriteFile(files[path].absolute, path, files[path].content, after, files[path].mode))
    if not count:
        return None
    path, numbers = named[0][0], ", ".join(str(number) for number in named[0][1])
    if count == 1:
        title = _("Make line {numbers} of {path} a comment")
    elif len(named) == 1 and count <= LISTED:
        title = _("Make lines {numbers} of {path} comments")
    else:
        title = _("Make {count} lines comments, the first in {path}")
    made = Plan(
        ID,
        finding.cause,
        title.format(count=count, path=path, numbers=numbers),
        _("A trial showed that the pages answer then. Nothing is deleted: each line gets a # in front."),
        tuple(changes),
        affects=pages_below(named[0][0].rpartition("/")[0]),
        removes=count,
    )
    return replace(made, takes_away_protection=True, needs_person=NEEDS_PERSON) if locks else made
