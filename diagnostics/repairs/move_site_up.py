"""Moves a site up that was uploaded with a folder around it, so that the web server finds its start page."""

from __future__ import annotations

import hashlib
import posixpath
import re
from urllib.parse import unquote, urlsplit

from diagnostics.checks.common import htaccess_files
from diagnostics.checks.docroot_gone import set_aside_below
from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts.one_too_deep import Deep, is_start_page, one_too_deep
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding
from diagnostics.repairs.plan import Change, Plan, RenameFile, RenameFolder
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "move-site-up"
_PERSON = _("Only a person can say whether the site belongs there, or is to be visited at /{name}/.")
_MOST_NAMED = 3
# A start page that loads what lies above its own folder: there is its program, and the page stays below it.
_LOADS_ABOVE = re.compile(rb"['\"]/?\.\./|dirname\s*\(\s*(?:__DIR__|__FILE__\s*,\s*[2-9]|dirname)")


@repair(id=ID, title=_("Move the site out of the folder that it was uploaded in"), causes=("index-file-missing",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    deep = one_too_deep(evidence) if finding.path == docroot_name(evidence) else None
    if deep is None:
        return None
    why_not = _belongs_there(deep, evidence) or _cannot_be_moved(deep, evidence)
    if why_not:
        return CannotPlan(why_not)
    changes = tuple(change for entry in sorted(deep.inside, key=_order) if (change := _moved(entry, deep, evidence)) is not None)
    if len(changes) != len(deep.inside):
        return CannotPlan(_("Not every file in {path} could be read.").format(path=deep.folder.path))
    name, top = posixpath.basename(deep.folder.path), docroot_name(evidence)
    why = _(
        "Visitors come to {top}/, which has no start page. A whole site lies one folder deeper: {count} names move up, their contents are "
        "not touched. The folder {path} stays, empty; undo moves everything back into it."
    )
    return Plan(
        ID, finding.cause, _("Move the site from {path}/ up into {top}/").format(path=deep.folder.path, top=top),
        why.format(top=top, count=len(changes), path=deep.folder.path), changes,
        affects=_("Every page of this site. What is at /{name}/… now is at /… then.").format(name=name),
        needs_person=_PERSON.format(name=name), removes=1,
    )  # fmt: skip


def _order(entry: TreeEntry) -> tuple[int, str]:
    """Rules come before what they protect, the start page last: until then nobody is shown half a site."""
    name = posixpath.basename(entry.path)
    return (0 if name.startswith(".") else 2 if is_start_page(entry) else 1, name)


def _belongs_there(deep: Deep, evidence: Evidence) -> str:
    """Why the folder may be just where it is meant to be; empty where nothing says so."""
    name = posixpath.basename(deep.folder.path)
    inside = f"{deep.folder.absolute}/"
    if lost := dict(set_aside_below(evidence)).get(deep.folder.path, ""):
        said = _("{path} is the site's own folder {lost} under another name: it gets its name back.")
        return said.format(path=deep.folder.path, lost=lost)
    if any(f"{docroot.rstrip('/')}/".startswith(inside) for docroot in evidence.sites_below):
        return _("{path} is the folder of another site.").format(path=deep.folder.path)
    if any(f"{unquote(urlsplit(page.url).path)}/".startswith(f"/{name}/") for page in evidence.site.pages):
        return _("A page of this site is watched at /{name}/: the folder is meant to be there.").format(name=name)
    place = re.compile(rf"/{re.escape(name)}(?![\w.-])|(?<![\w.-]){re.escape(name)}/".encode("utf-8", "surrogateescape"))
    for file in htaccess_files(evidence):
        if f"{deep.folder.path}/".startswith(f"{posixpath.dirname(file.path)}/".lstrip("/")) and place.search(file.content):
            return _("{path} speaks of the folder {name}: it is meant to be there.").format(path=file.path, name=name)
    start = next((file for entry in deep.files if is_start_page(entry) and (file := evidence.file(entry.path)) is not None), None)
    if start is not None and _LOADS_ABOVE.search(start.content):
        return _("{path} loads files from above its own folder, and would not find them any more.").format(path=start.path)
    return ""


def _cannot_be_moved(deep: Deep, evidence: Evidence) -> str:
    """Why it is left to somebody with the host's file manager; empty where it can be done from here."""
    there = {posixpath.basename(entry.path).lower(): entry.path for entry in deep.beside}
    there[posixpath.basename(deep.folder.path).lower()] = deep.folder.path
    if taken := [path for entry in deep.inside if (path := there.get(posixpath.basename(entry.path).lower()))]:
        return _("These names are taken where the site would move to: {names}. Look which of the two is right.").format(
            names=", ".join(sorted(taken)[:_MOST_NAMED])
        )
    if other := next((entry for entry in deep.inside if entry.kind not in ("file", "folder")), None):
        return _("{path} is a link: where it leads to may depend on its folder.").format(path=other.path)
    unseen = [file.path for file in htaccess_files(evidence) if posixpath.dirname(file.path) == deep.folder.path]
    if any(path not in {entry.path for entry in deep.inside} for path in unseen):
        return _("This connection does not list hidden files, and would leave {path} behind.").format(path=unseen[0])
    if not deep.is_small:
        return _("So much lies in {path} that it is moved better in your host's file manager: all of it, one folder up.").format(
            path=deep.folder.path
        )
    return ""


def _moved(entry: TreeEntry, deep: Deep, evidence: Evidence) -> Change | None:
    name = posixpath.basename(entry.path)
    target, shown = (posixpath.join(posixpath.dirname(path), name) for path in (deep.folder.absolute, deep.folder.path))
    if entry.kind == "folder":
        return RenameFolder(entry.absolute, entry.path, target, shown)
    file = evidence.file(entry.path)
    return RenameFile(entry.absolute, entry.path, target, shown, hashlib.sha256(file.content).hexdigest()) if file is not None else None
