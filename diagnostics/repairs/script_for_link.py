"""Puts a script itself in the place of a link to it: suEXEC runs no links, and the one that it leads to may have no right to be run.

Rule: httpd's support/suexec.c (what is to be run is looked at by lstat, and must belong to the account).
"""

from __future__ import annotations

import hashlib
import posixpath

from diagnostics.evidence import Evidence, Link, TextFile
from diagnostics.facts.paths import above
from diagnostics.findings import Finding
from diagnostics.repairs.cgi import runnable
from diagnostics.repairs.plan import CreateFile, Plan, RenameLink
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.set_aside_part import MARK, free_name
from sites.texts import mark as _

ID = "copy-script-for-link"
_PERSON = _("{path} lies outside of the folder of the site. Only a person can say whether it is meant to be run, and a copy of it will do.")


@repair(id=ID, title=_("Put a script in the place of a link to it"), causes=("cgi-not-executable",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Only of what is the account's own, belongs to whom the link does, and is no other site's."""
    link = next((each for each in evidence.links if each.path == finding.path and each.way and each.held), None)
    script = evidence.file(link.way[-1].path) if link else None
    if link is None or script is None or script.absolute != link.target or not script.content.startswith(b"#!"):
        return None
    if not _is_own(link, script, evidence):
        return None
    folder = posixpath.dirname(link.path)
    absolute = posixpath.join(above(evidence.docroot), link.path)
    # Nobody can guess this name from outside: under it a web server might show the source of the script that the link leads to.
    salted = hashlib.sha256(f"{absolute}\0{script.mtime}\0".encode("utf-8", "surrogateescape") + script.content).hexdigest()[:16]
    name = free_name(evidence, link.path, f"{MARK}-{salted}")
    aside = RenameLink(absolute, link.path, posixpath.join(posixpath.dirname(absolute), name), posixpath.join(folder, name), link.held)
    copy = CreateFile(absolute, link.path, script.content, runnable(script.mode))
    title = _("Put a copy of {script} in the place of the link {path}").format(script=script.path, path=link.path)
    why = _("Hosts with suEXEC run no links. The copy may be run; the link gets another name. What changes in {script} later is not in it.")
    return Plan(
        ID, finding.cause, title, why.format(script=script.path), (aside, copy), affects=link.path,
        needs_person=_PERSON.format(path=script.path), removes=1,
    )  # fmt: skip


def _is_own(link: Link, script: TextFile, evidence: Evidence) -> bool:
    others = (*evidence.sites_below, *evidence.sites_beside)
    is_inside = script.absolute.startswith(f"{above(evidence.docroot).rstrip('/')}/")
    owners = {link.uid, link.way[-1].uid} - {None}  # FTP does not tell all of them
    return is_inside and len(owners) < 2 and not any(script.absolute.startswith(f"{other.rstrip('/')}/") for other in others)
