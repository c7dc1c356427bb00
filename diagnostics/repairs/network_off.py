"""Tells WordPress that it is one blog, where its settings say that it is a network and no table of a network is there.

MULTISITE makes WordPress ask for the tables of a network before any page (wp-includes/ms-load.php). A blog that was taken out of one keeps
the line. Rule: https://developer.wordpress.org/advanced-administration/multisite/create-network/
"""

from __future__ import annotations

import re

from diagnostics.checks.php_parsing import first_error
from diagnostics.evidence import Evidence
from diagnostics.facts.database import OF_NETWORK
from diagnostics.findings import Finding
from diagnostics.installed import Application, DatabaseTrial
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "wordpress-network-off"
_SAYS = re.compile(rb"\bdefine\s*\(\s*(['\"])MULTISITE\1\s*,\s*(?P<value>true|1)\s*\)", re.IGNORECASE)
_PERSON = _(
    "If this was a network of several blogs until lately, its tables are lost: have the database brought back instead. Only somebody who "
    "knows the site can say that it is one blog alone."
)


@repair(id=ID, title=_("Tell WordPress that it is no network"), causes=("database-table-missing",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    application = _network(evidence)
    place = next(((path, line) for part, path, line in application.login_at if part == "network"), None) if application else None
    if application is None or place is None:
        return None
    path, line = place
    file = evidence.file(path)
    if file is None:
        return None
    lines = file.content.split(b"\n")
    says = _SAYS.search(lines[line - 1]) if line <= len(lines) else None
    if says is None:
        return CannotPlan(_("Line {line} of {path} says it in another way. Change it by hand.").format(line=line, path=path))
    old = lines[line - 1]
    lines[line - 1] = old[: says.start("value")] + b"false" + old[says.end("value") :]
    after = b"\n".join(lines)
    if first_error(after) != first_error(file.content):
        return None
    title = _("Set MULTISITE in line {line} of {path} to false").format(line=line, path=file.path)
    why = _("WordPress asks for the tables of a network before any page, and they are not there. Nothing in the database is changed.")
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    return Plan(
        ID, finding.cause, title, why, (change,), affects=_("Every page of this WordPress"), needs_person=_PERSON, removes=1,
    )  # fmt: skip


def _network(evidence: Evidence) -> Application | None:
    """The network that has tables of one blog, and none of its own, as the database tells."""
    trial = evidence.database
    if not isinstance(trial, DatabaseTrial) or not trial.tables:
        return None
    own = {f"{trial.prefix}{name}" for name in OF_NETWORK}
    return next(
        (
            each
            for each in evidence.applications
            if each.is_network and each.settings_path == trial.settings_path and set(trial.missing) == own
        ),
        None,
    )
