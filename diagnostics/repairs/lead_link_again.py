"""Leads a symbolic link that leads to nothing to where what it led to lies now. Over FTP, which knows no links: puts that in its place."""

from __future__ import annotations

import posixpath

from diagnostics.causes import CAUSES as CATALOGUE
from diagnostics.checks.docroot_gone import LINK
from diagnostics.evidence import Evidence, LostLink, Place
from diagnostics.facts.lost_links import CONTENT, COUNTED, MOVED, NAME, RELEASE
from diagnostics.findings import Finding
from diagnostics.php.said_of_files import paths_in
from diagnostics.repairs.link_aside import aside
from diagnostics.repairs.plan import Change, CreateFile, LeadLink, Plan, RenameFolder
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "lead-link-again"
CAUSES = tuple(cause.code for cause in CATALOGUE.values() if ID in cause.repairs)
_MAKES_NO_LINKS = ("ftp", "ftps")
_SURE = (MOVED, COUNTED)
_HOW = {
    MOVED: _("The same path lies below another folder of the account: {place}."),
    COUNTED: _("It is written as counted from another folder: there it leads to {place}."),
    RELEASE: _("{place} is the newest of the releases beside it that holds what is asked for."),
    NAME: _("{place} bears the same name."),
    CONTENT: _("{place} holds what is asked for there."),
}
_PROVEN = _("What lay behind the link while the site was well lies there.")
_CHOOSE = _("It is the likeliest place, not the only one. Only a person can say whether it is the one that is meant.")
_LOOK = _("Only a person can say whether that is what the link is to lead to.")
_TAKEN = _("{place} is then found under the name of the link alone. Only a person can say whether something uses the name it has now.")


def variants(evidence: Evidence, finding: Finding) -> list[Answers]:
    """One way for each place, the likeliest first."""
    link = link_of(evidence, finding)
    return [{"place": place.entry.path} for place in link.places] if link else []


@repair(id=ID, title=_("Lead a link to where its target lies now"), causes=CAUSES, variants=variants)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Answers: `place`, the path that it is to lead to."""
    link = link_of(evidence, finding)
    place = next((each for each in link.places if each.entry.path == answers.get("place", each.entry.path)), None) if link else None
    if link is None or place is None:
        return None
    changes = _changes(link, place, evidence)
    if isinstance(changes, CannotPlan):
        return changes
    is_led = isinstance(changes[0], LeadLink)
    title = _("Lead the link {path} to {place}") if is_led else _("Put {place} in the place of the link {path}")
    return Plan(
        ID, finding.cause, title.format(path=link.path, place=place.entry.path), _why(link, place), changes,
        affects=_("Every page of this site") if link.is_of_site else _("Every page that uses it"),
        needs_person=_needs_person(link, place, is_led=is_led), removes=0 if is_led else 1,
    )  # fmt: skip


def link_of(evidence: Evidence, finding: Finding) -> LostLink | None:
    """The lost link that this finding speaks of."""
    if of_site := next((link for link in evidence.lost_links if link.is_of_site), None):
        return of_site if finding.cause == "index-file-missing" else None
    own = (finding.path, finding.datum(LINK), finding.datum("component"), finding.datum("missing"))
    named = [f"/{path.strip('/')}/" for path in (*own, *paths_in("\n".join(proof.text for proof in finding.evidence)))]
    return next((link for link in evidence.lost_links if any(f"/{link.path}/" in path for path in named)), None)


def _changes(link: LostLink, place: Place, evidence: Evidence) -> tuple[Change, ...] | CannotPlan:
    if evidence.connection not in _MAKES_NO_LINKS:
        return (LeadLink(link.absolute, link.path, link.held, place.target),)
    set_aside = aside(link, evidence)
    if place.entry.kind == "folder":
        if used := _used_by(place, link, evidence):
            return CannotPlan(_("FTP cannot change links, and {place} cannot be renamed: {used} leads to it. Change the link in the host's"
                                " panel.").format(place=place.entry.path, used=used))  # fmt: skip
        return (set_aside, RenameFolder(place.entry.absolute, place.entry.path, link.absolute, link.path))
    if place.content is None:
        return CannotPlan(_("FTP cannot change links, and {place} is too large to be copied. Change the link in the host's panel.").format(
            place=place.entry.path,
        ))  # fmt: skip
    return (set_aside, CreateFile(link.absolute, link.path, place.content, place.entry.mode))


def _used_by(place: Place, link: LostLink, evidence: Evidence) -> str:
    """Another link that leads into the folder; empty where none is known."""
    inside = f"{place.entry.absolute}/"
    return next((each.path for each in evidence.links if each.path != link.path and f"{each.target}/".startswith(inside)), "")


def _why(link: LostLink, place: Place) -> str:
    said = [_("The link {path} leads to {held}, and nothing is there.").format(path=link.path, held=link.held)]
    if not link.held:
        said = [_("The link {path} leads to something that is not there.").format(path=link.path)]
    elif link.held.rstrip("/") in (posixpath.basename(link.absolute), link.absolute):
        said = [_("The link {path} leads to itself.").format(path=link.path)]
    said.append(_HOW[place.how].format(place=place.entry.path))
    return " ".join([*said, *([_PROVEN] if place.is_proven else [])])


def _needs_person(link: LostLink, place: Place, *, is_led: bool) -> str:
    if len([each for each in link.places if each.is_proven or not place.is_proven]) > 1:
        return _CHOOSE
    if not is_led and place.entry.kind == "folder":
        return _TAKEN.format(place=place.entry.path)
    return "" if place.is_proven or place.how in _SURE else _LOOK
