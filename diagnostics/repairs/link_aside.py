"""Sets a link that leads to nothing aside, under another name: what it held stays known, and what it led to was not there."""

from __future__ import annotations

import hashlib
import posixpath

from diagnostics.evidence import Evidence, LostLink
from diagnostics.findings import Finding
from diagnostics.repairs.affected import pages_below
from diagnostics.repairs.plan import Plan, RenameLink
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.set_aside_part import MARK, free_name
from sites.texts import mark as _

ID = "set-link-aside"
_LOST = _(
    "What the link led to is not there, so nobody can read which rules it held. If some of them kept visitors out, they do not count any "
    "more once it is aside. Only a person can say whether the site may be open without them."
)


def aside(link: LostLink, evidence: Evidence) -> RenameLink:
    """The change that gives such a link another name in its folder: none that is guessed from outside, for what it leads to may come
    back, and a web server would show a program under such a name as text."""
    salt = hashlib.sha256(f"{link.absolute}\0{link.held}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    name = free_name(evidence, link.path, f"{posixpath.basename(link.path)}.{MARK}-{salt}")
    folder, shown = posixpath.dirname(link.absolute), posixpath.dirname(link.path)
    return RenameLink(link.absolute, link.path, posixpath.join(folder, name), posixpath.join(shown, name), link.held)


@repair(id=ID, title=_("Set a .htaccess aside that is a link to nothing"), causes=("htaccess-unreadable",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    link = next((each for each in evidence.lost_links if each.path == finding.path), None)
    if link is None or posixpath.basename(link.path) != ".htaccess":
        return None
    change = aside(link, evidence)
    return Plan(
        ID, finding.cause, _("Rename {path} to {target}").format(path=link.path, target=posixpath.basename(change.target_shown)),
        _("The link {path} leads to {held}, where nothing can be read, and the web server refuses every page for that.").format(
            path=link.path, held=link.held or _("something"),
        ),
        (change,), affects=pages_below(posixpath.dirname(link.path)), takes_away_protection=True, needs_person=_LOST, removes=1000,
    )  # fmt: skip
