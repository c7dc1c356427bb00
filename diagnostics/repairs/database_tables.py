"""Damaged tables are repaired by their own server, in the guided repair: no file of the site changes, so there is no plan of files."""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "database-tables"
ASKED = _(
    "needs a person: open the guided repair, and have the tables checked and repaired in its step about the database; where nothing can be "
    "run on the host, choose “Repair table” in phpMyAdmin, in your host's panel."
)


def _no_ways(_evidence: Evidence, _finding: Finding) -> list[Answers]:
    return []


@repair(id=ID, title=_("Have the damaged tables repaired by their server"), causes=("database-table-crashed",), variants=_no_ways)
def plan(_evidence: Evidence, _finding: Finding, _answers: Answers) -> CannotPlan:
    """It changes the database, not files, and cannot always be undone: a person decides it."""
    return CannotPlan(ASKED)
