"""A password file that a `.htaccess` names and the web server does not find or may not read: the right path is written, or a mode set."""

from __future__ import annotations

import posixpath
import re

from diagnostics.evidence import Evidence, PasswordFile
from diagnostics.facts.paths import docroot_name, shown
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import encode
from diagnostics.repairs.editing import Place, place_of, with_lines, write_plan
from diagnostics.repairs.entries import known_entries
from diagnostics.repairs.plan import ChangeMode, Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.server_path import server_path
from sites.texts import mark as _

ID = "correct-password-file"
AT = "file"  # the answer: which of the files that were found, as people see it
_KEYS = ("authuserfile", "authgroupfile")
_MOST = 3
_READ_BY_SERVER = 0o044
_WHO = _("Whoever stands in that file may enter. Only a person can say whether these are the right ones.")
_LOOSER = _("A stricter permission may have been set on purpose. Only a person can say whether the web server is to read it.")


def variants(evidence: Evidence, finding: Finding) -> list[Answers]:
    """One for each file of that name on the account."""
    place = _place(evidence, finding)
    return [{AT: path} for path in list(_found(place, evidence))[:_MOST]] if place else []


@repair(id=ID, title=_("Name the password file where it lies"), causes=("htaccess-auth-file-missing",), variants=variants)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Answers: `file` which of those that were found."""
    place = _place(evidence, finding)
    if place is None:
        return None
    found = _found(place, evidence)
    path = answers.get(AT) or next(iter(found), "")
    if path not in found:
        return CannotPlan(_("No file of that name is on this account. Put it back, or have a new one made in the guided repair."))
    absolute, mode = found[path]
    named = place.line.words[0]
    right = server_path(path, absolute, evidence) or (named if named.endswith(absolute) else "")  # this login sees the end of the path
    if not right:
        return CannotPlan(_("{path} is there, but this connection does not show how the web server calls it.").format(path=path))
    if named == right:
        return _let_read(path, absolute, mode, evidence, finding)
    word = f'"{right}"' if re.search(r"\s", right) and f'"{named}"' not in place.line.text else right
    after = with_lines(place.document, {place.line.number: place.line.raw.replace(encode(named), encode(word), 1)})
    title = _("Write the right path of the password file into line {line} of {path}").format(line=place.line.number, path=place.file.path)
    why = _("{named} is not there; a file of that name lies at {path}. Visitors are asked for a password as before.")
    made = Plan(ID, finding.cause, title, why.format(named=named, path=path), (), needs_person=_WHO)
    return write_plan(evidence, finding, place.file, after, made, lint_again=False)


def _let_read(path: str, absolute: str, mode: int, evidence: Evidence, finding: Finding) -> Plan | CannotPlan | None:
    """The path is right: the web server is kept out by the mode."""
    if not mode or mode & _READ_BY_SERVER == _READ_BY_SERVER:
        return None
    if path.startswith(f"{docroot_name(evidence)}/") and not posixpath.basename(path).startswith(".ht"):
        return CannotPlan(_("{path} lies where visitors could fetch it: move it out of the site's folder first.").format(path=path))
    change = ChangeMode(absolute, path, "file", mode, mode | _READ_BY_SERVER)
    title = _("Let the web server read {path}").format(path=path)
    why = _("It asks visitors for a password and cannot compare what they type. Nobody else gets the right to write.")
    return Plan(ID, finding.cause, title, why, (change,), affects=path, takes_away_protection=True, needs_person=_LOOSER)


def _place(evidence: Evidence, finding: Finding) -> Place | None:
    place = place_of(evidence, finding)
    return place if place and place.line.key in _KEYS and place.line.words else None


def _found(place: Place, evidence: Evidence) -> dict[str, tuple[str, int]]:
    """Files of that name on the account, by their path as people see it: the one that was looked up, then the nearest."""
    known = next((each for each in evidence.passwords if each.named == place.line.words[0]), None)
    name, folder = posixpath.basename(place.line.words[0]), posixpath.dirname(place.file.path)
    there = [entry for entry in known_entries(evidence).values() if entry.kind == "file" and posixpath.basename(entry.path) == name]
    there.sort(key=lambda entry: (posixpath.dirname(entry.path) != folder, entry.path.count("/"), entry.path))
    return {**_looked_up(known, evidence), **{entry.path: (entry.absolute, entry.mode) for entry in there}}


def _looked_up(known: PasswordFile | None, evidence: Evidence) -> dict[str, tuple[str, int]]:
    return {shown(known.found, evidence.docroot): (known.found, known.mode or 0)} if known and known.found else {}
