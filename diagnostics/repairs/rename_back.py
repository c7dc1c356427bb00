"""Gives a file or folder that the program asks for its name back, where it lies under another one: `vendor` for `vendor-old`."""

from __future__ import annotations

import hashlib
import posixpath
import re

from diagnostics.checks.php_parsing import first_error
from diagnostics.copies import KEPT
from diagnostics.evidence import Evidence, TextFile, TreeEntry
from diagnostics.facts.renamed import CLASS, DOCROOT, Renamed, renamed, said
from diagnostics.findings import Finding
from diagnostics.php.scanning import names_of_class
from diagnostics.repairs.plan import Plan, RenameFile, RenameFolder
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "rename-back"
CAUSES = (
    "php-missing-file", "php-class-not-found", "index-file-missing", "wordpress-core-file", "wordpress-plugin", "wordpress-theme",
    "user-ini-bad-prepend",
)  # fmt: skip
_FOLDER = _(
    "Everything in it is then found under this name, and no longer under the one it has now. Only a person can say whether it was renamed "
    "on purpose, and whether something uses the other name."
)
_FILE = _("Only a person can say whether it was renamed on purpose, and whether it is what was in use.")
_RUN = (".php", ".inc", ".phtml", ".module", ".theme")
_MOST_NAMED = 4


@repair(id=ID, title=_("Give a file or folder its name back"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    other = renamed(finding, evidence)
    if other is None:
        return None
    if len(other.found) > 1:
        names = ", ".join(sorted(entry.path for entry in other.found)[:_MOST_NAMED])
        return CannotPlan(_("Each of these may be {path}: {names}. Rename the right one.").format(path=other.lost, names=names))
    (entry,) = other.found
    if site := _of_another_site(entry, evidence):
        return CannotPlan(_("{path} belongs to another site of this account ({site}).").format(path=entry.path, site=site))
    change = _folder(entry, other, evidence, finding) if entry.kind == "folder" else _file(entry, other, evidence, finding)
    if change is None or isinstance(change, CannotPlan):
        return change
    name = posixpath.basename(other.lost)
    is_docroot = bool(finding.datum(DOCROOT))
    return Plan(
        ID, finding.cause, _("Rename {path} to {name}").format(path=entry.path, name=name), _why(other, is_docroot=is_docroot), (change,),
        affects=_("Every page of this site") if is_docroot else _("Every page that uses it"),
        needs_person=_FOLDER if entry.kind == "folder" else _FILE, removes=1,
    )  # fmt: skip


def _why(other: Renamed, *, is_docroot: bool) -> str:
    if is_docroot:
        return _("The web server looks for the site in {path}, which is not there. What lies in it is not touched.").format(path=other.lost)
    if other.inside:
        return _("The program asks for {asked}. The folder {lost} is not there, and this one holds what is asked for.").format(
            asked=other.asked, lost=other.lost
        )
    return _("The program asks for {asked}, which is not there.").format(asked=other.asked)


def _of_another_site(entry: TreeEntry, evidence: Evidence) -> str:
    """The docroot of another site that lies in this folder, or in which this lies; empty where there is none."""
    own, path = f"{evidence.docroot.rstrip('/')}/", f"{entry.absolute}/"
    others = ((docroot, f"{docroot.rstrip('/')}/") for docroot in (*evidence.sites_below, *evidence.sites_beside))
    return next(
        (docroot for docroot, folder in others
         if folder.startswith(path) or (path.startswith(folder) and not (own.startswith(folder) and path.startswith(own)))), ""
    )  # fmt: skip


def _folder(entry: TreeEntry, other: Renamed, evidence: Evidence, finding: Finding) -> RenameFolder | CannotPlan:
    if (short := _missed_class(other.asked, finding)) and other.inside:
        path = f"{entry.path}/{other.inside}"
        file = evidence.file(path)
        if file is None or not _declares(file, short):
            return CannotPlan(_("{path} does not hold the class that is missed.").format(path=path))
    return RenameFolder(entry.absolute, entry.path, _target(entry, other), other.lost)


def _file(entry: TreeEntry, other: Renamed, evidence: Evidence, finding: Finding) -> RenameFile | CannotPlan | None:
    if any(file.path == other.lost and any(copy.source == KEPT for copy in file.copies) for file in evidence.restorable):
        return None  # what is known to have been in use comes before what somebody called so
    file = evidence.file(entry.path)
    if file is None:
        return CannotPlan(_("{path} could not be read.").format(path=entry.path))
    if not _is_of_its_kind(file, other.lost, finding):
        return CannotPlan(_("{path} is not what is asked for: it would not run as {name}.").format(
            path=entry.path, name=posixpath.basename(other.lost),
        ))  # fmt: skip
    sha256 = hashlib.sha256(file.content).hexdigest()
    return RenameFile(entry.absolute, entry.path, _target(entry, other), other.lost, sha256)


def _is_of_its_kind(file: TextFile, wanted: str, finding: Finding) -> bool:
    """Whether it reads well as what the name promises: a program, and the one with the class that is missed where one is."""
    if not wanted.lower().endswith(_RUN):
        return bool(file.content.strip()) and b"\0" not in file.content
    if b"<?" not in file.content or first_error(file.content) is not None:
        return False
    missed = _missed_class(wanted, finding)
    return not missed or _declares(file, missed)


def _missed_class(path: str, finding: Finding) -> str:
    """The class with its namespace that is missed and that this file should hold; empty where none is."""
    if finding.cause != "php-class-not-found":
        return ""
    name = posixpath.basename(path).lower()
    return next((each for each in CLASS.findall(said(finding)) if name in names_of_class(each.rpartition("\\")[2])), "")


def _declares(file: TextFile, name: str) -> bool:
    space, _slash, short = name.strip("\\").rpartition("\\")
    declared = re.search(rb"\b(?:class|interface|trait|enum)\s+" + re.escape(short.encode()) + rb"\b", file.content, re.IGNORECASE)
    in_space = re.search(rb"\bnamespace\s+" + re.escape(space.encode()) + rb"\s*[;{]", file.content, re.IGNORECASE) if space else True
    return declared is not None and bool(in_space)


def _target(entry: TreeEntry, other: Renamed) -> str:
    return posixpath.join(posixpath.dirname(entry.absolute), posixpath.basename(other.lost))
