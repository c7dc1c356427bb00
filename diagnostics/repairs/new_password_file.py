"""A new password file for a folder that asks for a password, where the old file is nowhere: one user, whom a person names."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from diagnostics.checks.common import usual_owner
from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts.paths import above, shown
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import Document, Line, encode
from diagnostics.profiles import get_profile
from diagnostics.repairs.affected import pages_below
from diagnostics.repairs.editing import Place, indent_of, place_of, with_lines, write_plan
from diagnostics.repairs.entries import known_entries
from diagnostics.repairs.plan import CreateFile, Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.server_path import server_folder
from sites.texts import mark as _

ID = "make-password-file"
CAUSE = "htaccess-auth-file-missing"
WHERE = "where"  # the answer: beside the site's folder, or in it
FOLDER = "folder"  # the answer: what a person says the site's folder is called on the server
BESIDE, INSIDE = "beside", "inside"
_NEVER_SENT = ".ht"  # how names begin that Apache sends to nobody, unless somebody took that out of its settings
_USUAL = 0o644
ASKED = _("needs a person: somebody has to choose a user name and a password for it.")
_WHO = _("Whoever knows this name and password may enter, nobody else. Others who stood in the lost file need it anew.")
_GROUPS = _("Only members of a group are let in: it has to be a name that the file of the groups lists.")


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where the file is made: as the connection names it, and as the web server does."""

    absolute: str
    on_server: str


def _no_ways(_evidence: Evidence, _finding: Finding) -> list[Answers]:
    """Nobody chooses a password for others: it is proposed once a person has told one."""
    return []


@repair(id=ID, title=_("Make a new password file"), causes=(CAUSE,), variants=_no_ways)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Answers: `user` and `hash` as they will stand in the file; `where` it is made; `folder`, where no log tells it."""
    user, hashed = answers.get("user", ""), answers.get("hash", "")
    if not user or not hashed:
        return CannotPlan(ASKED)
    place = place_of(evidence, finding)
    if place is None:
        return None
    if why := _why_not(place, user):
        return CannotPlan(why)
    is_inside = answers.get(WHERE) == INSIDE
    spot = _spot(place, hashed, evidence, answers.get(FOLDER, ""), is_inside=is_inside)
    if isinstance(spot, CannotPlan):
        return spot
    content = f"{user}:{hashed}\n".encode()
    create = CreateFile(spot.absolute, shown(spot.absolute, evidence.docroot), content, _mode(evidence))
    made = _plan(place, finding, create, spot, user, is_inside=is_inside)
    after = _naming(place, spot.on_server)
    if after == place.file.content:
        if _named(place) != spot.on_server:
            return CannotPlan(_("The line cannot be rewritten for certain. Write the path by hand."))
        return replace(made, changes=(create,), affects=pages_below(place.file.path.rpartition("/")[0]))
    written = write_plan(evidence, finding, place.file, after, made, lint_again=False)
    return replace(written, changes=(create, *written.changes)) if isinstance(written, Plan) else written


def _plan(place: Place, finding: Finding, create: CreateFile, spot: _Spot, user: str, *, is_inside: bool) -> Plan:
    words = {"line": place.line.number, "path": place.file.path, "file": create.shown, "user": user}
    is_named = _named(place) == spot.on_server
    title = _("Make the password file that line {line} of {path} names") if is_named else _("Make a new password file for {path}")
    why = _("{file} will hold the user name {user} and a hash of the password, never the password. It lies where no visitor can fetch it.")
    if is_inside:
        title = title if is_named else _("Make a new password file in the site's own folder")
        why = _(
            "{file} will hold the user name {user} and a hash of the password, never the password. It lies in the site's own folder;"
            " its name begins with .ht, and such files Apache sends to nobody."
        )
    person = f"{_WHO} {_GROUPS}" if _lets_in(place.document).groups else _WHO
    return Plan(ID, finding.cause, title.format(**words), why.format(**words), (), needs_person=person)


# --- whether it can be made -----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _LetIn:
    names: tuple[str, ...]
    groups: tuple[str, ...]
    line: int = 0


def _lets_in(document: Document) -> _LetIn:
    """Whom the file lets in; no names and no groups where that is everybody who has a password."""
    asked = [(line, [word for word in line.words if word]) for line in document.lines if line.key == "require"]
    if any(words[:1] and words[0].lower() == "valid-user" for _line, words in asked):
        return _LetIn((), ())
    of_kind = {kind: [(line, words) for line, words in asked if words[:1] and words[0].lower() == kind] for kind in ("user", "group")}
    named = {kind: tuple(word for _line, words in rows for word in words[1:]) for kind, rows in of_kind.items()}
    return _LetIn(named["user"], named["group"], of_kind["user"][0][0].number if of_kind["user"] else 0)


def _why_not(place: Place, user: str) -> str:
    words = {line.key: [word.lower() for word in line.words if word] for line in place.document.lines}
    if place.line.key not in ("authuserfile", "authtype"):
        return _("What is missing is the list of groups, and no password file stands in for it. Write it anew by hand.")
    if words.get("authtype", [])[:1] == ["digest"]:
        return _("Passwords of the kind “Digest” stand in another kind of file. Have it made in the host's panel.")
    if words.get("authbasicprovider", ["file"]) != ["file"]:
        return _("The passwords of this folder do not come from such a file. Only whoever set it up can tell from where.")
    let_in = _lets_in(place.document)
    if let_in.names and not let_in.groups and user not in let_in.names:
        names = ", ".join(let_in.names)
        why = _("Line {line} of {path} lets in only {names}: with another user name nobody would get in. Take one of these.")
        return why.format(line=let_in.line, path=place.file.path, names=names)
    return ""


def _named(place: Place) -> str:
    return place.line.words[0] if place.line.key == "authuserfile" and place.line.words else ""


# --- where it lies --------------------------------------------------------------------------------
def _spot(place: Place, hashed: str, evidence: Evidence, told: str, *, is_inside: bool) -> _Spot | CannotPlan:
    """Where the file is named already if that is a fine place; else the nearest folder where it can be made, under a new name."""
    folders = [evidence.docroot.rstrip("/") or "/"] if is_inside else list(_folders_beside(evidence))
    if not folders:
        return CannotPlan(_("No folder beside the site's own is known in which this connection can make it."))
    known = {folder: on_server for folder in folders if (on_server := server_folder(folder, evidence, told))}
    if not known:
        return CannotPlan(
            _("This connection does not show what the site's folder is called on the server. Type that too: the panel tells it.")
        )
    return _as_named(place, known, evidence, is_inside=is_inside) or _new_spot(place, hashed, *next(iter(known.items())))


def _as_named(place: Place, known: dict[str, str], evidence: Evidence, *, is_inside: bool) -> _Spot | None:
    named, entries = _named(place), known_entries(evidence)
    folder_there, name = posixpath.split(named)
    if not named.startswith("/") or posixpath.normpath(named) != named or (is_inside and not name.startswith(_NEVER_SENT)):
        return None
    for folder, on_server in known.items():
        begin = f"{on_server.rstrip('/')}/"
        tail = f"{folder_there.rstrip('/')}/".removeprefix(begin).rstrip("/")
        if not named.startswith(begin) or (tail and not is_inside):
            continue  # a folder further down beside this site may be another site's
        absolute = posixpath.join(folder, tail, name)
        holds = entries.get(shown(posixpath.dirname(absolute), evidence.docroot))
        is_there = not tail or (holds is not None and holds.kind == "folder")
        return _Spot(absolute, named) if is_there and shown(absolute, evidence.docroot) not in entries else None
    return None


def _new_spot(place: Place, hashed: str, folder: str, on_server: str) -> _Spot:
    """A name that nothing else has, and another one whenever another password is chosen."""
    of_folder = re.sub(r"[^A-Za-z0-9_-]+", "-", posixpath.basename(posixpath.dirname(place.file.path))).strip("-")[:40] or "site"
    name = f"{_NEVER_SENT}passwd-{of_folder}-{hashlib.sha256(hashed.encode()).hexdigest()[:6]}"
    return _Spot(posixpath.join(folder, name), posixpath.join(on_server, name))


def _folders_beside(evidence: Evidence) -> Iterator[str]:
    """Folders above the docroot, the nearest first, in which the account may write and which are no site's docroot themselves.

    Where the connection shows no permissions, the one just above: whether it takes new files is seen when it is tried.
    """
    docroot = evidence.docroot.rstrip("/")
    if not evidence.folders_above and docroot and not _is_docroot(above(docroot), evidence):
        yield above(docroot)
    for folder in reversed(evidence.folders_above):
        if (
            docroot.startswith(folder.absolute.rstrip("/") + "/")
            and _takes_files(folder, evidence)
            and not _is_docroot(folder.absolute, evidence)
        ):
            yield folder.absolute


def _takes_files(folder: TreeEntry, evidence: Evidence) -> bool:
    owner = usual_owner(evidence)
    is_own = folder.uid is None or owner is None or folder.uid == owner
    return bool(folder.mode & 0o200) and is_own


def _is_docroot(folder: str, evidence: Evidence) -> bool:
    """Whether another site is known to lie there, or its name says so."""
    others = {each.rstrip("/") for each in evidence.sites_above}
    return folder.rstrip("/") in others or posixpath.basename(folder.rstrip("/")) in get_profile(evidence.profile).docroots


def _mode(evidence: Evidence) -> int:
    """That of files which the web server itself reads on this kind of host."""
    rules = get_profile(evidence.profile).rules
    return next((rule.fix for rule in rules if rule.kind == "file" and not rule.match and rule.fix), _USUAL)


# --- how it is named ------------------------------------------------------------------------------
def _naming(place: Place, on_server: str) -> bytes:
    """The `.htaccess` with the path in its line, or with a line of its own where none names a file."""
    line, named = place.line, _named(place)
    if named == on_server:
        return place.file.content
    is_quoted = bool(named) and f'"{named}"' in line.text
    word = f'"{on_server}"' if re.search(r"\s", on_server) and not is_quoted else on_server
    raw = line.raw.replace(encode(named), encode(word), 1) if named else _with_line(line, f"AuthUserFile {word}")
    return with_lines(place.document, {line.number: raw})


def _with_line(line: Line, text: str) -> bytes:
    end = line.ending or b"\n"
    first = line.raw if line.ending else line.raw + end
    return first + indent_of(line) + encode(text) + line.ending
