"""Puts a file back to a content that it had while the site was well; from another place only where a person says so."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Collection
from dataclasses import replace

from diagnostics.causes import CAUSES as CATALOGUE
from diagnostics.copies import BESIDE, KEPT, RELEASE, SNAPSHOT, Copy, Restorable, SinceWell, is_rest_of
from diagnostics.evidence import Evidence, moment_of
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import parse
from diagnostics.repairs.affected import pages_below
from diagnostics.repairs.editing import protects
from diagnostics.repairs.guards import IN_PROGRAMS
from diagnostics.repairs.link_aside import aside
from diagnostics.repairs.missing_folders import missing_folders
from diagnostics.repairs.plan import Change, CreateFile, Plan, RenameFile, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.set_aside_part import MARK, free_name
from sites.texts import mark as _

ID = "restore-file"
CAUSES = tuple(cause.code for cause in CATALOGUE.values() if ID in cause.repairs)
_LIKELY = 0.6
_MOST_WAYS = 4
ALL = "all"  # the answer that wants everything back that was changed since the site was well
_READ_BELOW = frozenset({".htaccess", ".user.ini", ".ovhconfig", "php.ini"})
# Folders of code that several sites of an account load; those of one framework's own bear other names.
_SHARED = frozenset({"classes", "common", "functions", "inc", "include", "includes", "lib", "libraries", "library", "libs", "shared"})
_OF_OTHERS = _("It lies above the folder of the site and holds for every site below it. Look at what would change.")
_NOT_FOLLOWED = _("{link} is a link by now, which is not followed. Let it lead to the files again.")
_OF_ITS_OWN = _("The file now differs from what was published, and not only by what it lacks: somebody may have changed it on purpose.")
_UNPROVEN = _("No checksums are published of themes, so nothing proves that this file is the right one. Look at what would change.")
_TOGETHER = _("More than one file comes back, and some of them may have been taken away on purpose. Look through what would change.")
_MOST_OTHERS = 2  # files of a release that are not as published: by hand; more of them, and it is another release in part
_LOOK_THROUGH = _("It takes out all that was changed in programs and settings since then, also what is right. Look at what would change.")


def variants(evidence: Evidence, finding: Finding) -> list[Answers]:
    """Every way there is, the one to be trusted most first."""
    files = _files(evidence, finding)
    ways = [{"file": file.path, "source": copy.key} for file in files[: 1 if _go_together(files) else None] for copy in file.copies]
    if finding.cause.startswith("database-"):  # its settings are at fault or nothing that lies here: other files have no part in it
        return ways[:1]
    return [*ways[:_MOST_WAYS], *([{ALL: "changed"}] if _is_more(evidence.since_well, files) else [])]


@repair(id=ID, title=_("Put a file back as it was"), causes=CAUSES, variants=variants)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Answers: `file` which, `source` which of its contents, or `all`. Files that are missing together are put back together."""
    if answers.get(ALL):
        since = evidence.since_well
        way = (
            (link for each in since.put_back for link in (_link_on_the_way(each.path, evidence), *(link.path for link in each.links)))
            if since
            else ()
        )
        links = [link for link in way if link]
        if links:
            return CannotPlan(_NOT_FOLLOWED.format(link=links[0]))
        return _everything(since, finding, evidence) if since else None
    files = _files(evidence, finding)
    file = next((each for each in files if each.path == answers.get("file", each.path)), None)
    copy = next((each for each in file.copies if each.key == answers.get("source", each.key)), None) if file else None
    if file is None or copy is None:
        return None
    can_make_folders = (copy.release or copy.source == KEPT) and file.absolute.startswith(f"{evidence.docroot.rstrip('/')}/")
    if not file.is_folder_there and (not can_make_folders or evidence.tree_truncated):
        return CannotPlan(_("The folder of {path} is missing as a whole: upload it again.").format(path=file.path))
    if copy.left:
        return CannotPlan(_("{n} files of {release} are missing: too many to put back from here. Upload it again.").format(
            n=copy.left, release=copy.release,
        ))  # fmt: skip
    pairs = [(file, copy), *_missing_with(file, copy, files)]
    gone = {link.path: link for each, _copy in pairs for link in each.links}
    if link := next((link for each, _copy in pairs if (link := _link_on_the_way(each.path, evidence)) and link not in gone), ""):
        return CannotPlan(_NOT_FOLLOWED.format(link=link))
    asides = tuple(aside(link, evidence) for link in gone.values())
    folders = missing_folders((each.absolute for each, _copy in pairs if not each.is_folder_there), _without(gone, evidence))
    if folders is None:
        return CannotPlan(_("The folder that {path} belongs into is shut, or belongs to somebody else.").format(path=file.path))
    changes = (*asides, *folders, *(_change(each, content) for each, content in pairs))
    guard, is_shared = _loses_protection(file, copy), _holds_for_others(file, evidence)
    affects = _("Every page that uses this file") if len(pairs) == 1 else _("Every page that uses these files")
    return Plan(
        ID, finding.cause, _title(file, copy, len(pairs)), _why(file, copy), changes,
        affects=pages_below(posixpath.dirname(file.path)) if is_shared else affects, takes_away_protection=guard,
        needs_person=_needs_person(file, copy, finding, guard)
        or (_OF_OTHERS if is_shared else "")
        or (_TOGETHER if folders or (copy.release and len(pairs) > 1) else ""),
        removes=100,
    )  # fmt: skip


def _without(links: Collection[str], evidence: Evidence) -> Evidence:
    """As it is once these are set aside."""
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    return replace(evidence, tree=tuple(entry for entry in tree if entry.path not in links)) if links and tree else evidence


def _link_on_the_way(path: str, evidence: Evidence) -> str:
    """A folder above that is a link: writing through it would reach other files than are shown."""
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    links = {entry.path for entry in (*tree, *evidence.program, *evidence.beside) if entry.kind == "link"}
    parts = path.split("/")
    return next((above for count in range(1, len(parts)) if (above := "/".join(parts[:count])) in links), "")


def _holds_for_others(file: Restorable, evidence: Evidence) -> bool:
    """Whether other sites may hang on it: servers read it for every site below its folder, which lies above the docroot of this one, or
    it lies in the folder that holds the docroots under a name that sites of one account share."""
    folder, name = posixpath.split(file.absolute)
    docroot = evidence.docroot.rstrip("/")
    if name in _READ_BELOW and docroot.startswith(f"{folder.rstrip('/')}/"):
        return True
    home = posixpath.dirname(docroot).rstrip("/")
    top, _slash, rest = file.absolute.removeprefix(f"{home}/").partition("/")
    is_beside = file.absolute.startswith(f"{home}/") and not file.absolute.startswith(f"{docroot}/")
    is_own = name == "wp-config.php" or name.startswith(".env")  # of the one program that reads it
    return is_beside and (top in _SHARED if rest else not is_own)


def _is_more(since: SinceWell | None, files: list[Restorable]) -> bool:
    """Whether more was changed since the site was well than the one file that is offered by itself."""
    return since is not None and (bool(since.added) or [each.path for each in since.put_back] != [each.path for each in files])


def _everything(since: SinceWell, finding: Finding, evidence: Evidence) -> Plan:
    """As it was when the site was last read while it was well: what is new gets another name, the rest its old content."""
    changes: list[Change] = [_change(file, file.copies[0]) for file in since.put_back]
    changes += [_aside(evidence, *file) for file in since.added]
    day = _day(since.put_back[0].copies[0]) if since.put_back else _moment(since.at)
    why = _("So it was when the site was last read while it was well: {back} files get their old content, {aside} new ones another name.")
    locks = any(_loses_protection(file, file.copies[0]) for file in since.put_back) or any(
        path.endswith(".htaccess") for path, *_ in since.added
    )
    return Plan(
        ID, finding.cause, _("Put all that was changed back as it was on {day}").format(day=day),
        why.format(back=len(since.put_back), aside=len(since.added)), tuple(changes), affects=_("Every page that uses these files"),
        takes_away_protection=locks, needs_person=_LOOK_THROUGH, removes=400,
    )  # fmt: skip


def _aside(evidence: Evidence, shown: str, absolute: str, sha256: str) -> RenameFile:
    """Under a name that no program loads and nobody guesses: without its ending a web server shows it as text to whoever asks for it."""
    salt = hashlib.sha256(f"{absolute}\0{sha256}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    folder, name = posixpath.split(absolute)
    target = free_name(evidence, shown, f"{name}.{MARK}-{salt}")
    return RenameFile(absolute, shown, posixpath.join(folder, target), posixpath.join(posixpath.dirname(shown), target), sha256)


def _files(evidence: Evidence, finding: Finding) -> list[Restorable]:
    name = (finding.cause, finding.path, finding.line)
    return [file for file in evidence.restorable if name in file.wanted_by]


def _go_together(files: list[Restorable]) -> bool:
    return bool(files) and all(any(_is_lost(file, copy) for copy in file.copies) for file in files)


def _is_lost(file: Restorable, copy: Copy) -> bool:
    """Whether it is not there, or holds nothing but a rest of what it was published with."""
    return file.current is None or (bool(copy.release) and is_rest_of(file.current, copy.content))


def _missing_with(file: Restorable, copy: Copy, files: list[Restorable]) -> list[tuple[Restorable, Copy]]:
    """What is missing beside it and can come from the same source."""
    makes_folders = bool(copy.release) or copy.source == KEPT
    others = [each for each in files if each is not file and (each.is_folder_there or makes_folders)] if _is_lost(file, copy) else []
    same = (copy.source, copy.release)
    pairs = ((each, next((one for one in each.copies if (one.source, one.release) == same), None)) for each in others)
    return [(each, one) for each, one in pairs if one is not None and _is_lost(each, one)]


def _change(file: Restorable, copy: Copy) -> Change:
    if file.current is None:
        return CreateFile(file.absolute, file.path, copy.content, file.mode)
    return WriteFile(file.absolute, file.path, file.current, copy.content, file.mode)


def _title(file: Restorable, copy: Copy, count: int) -> str:
    titles = {
        KEPT: _("Put {name} back as it was on {day}"),
        SNAPSHOT: _("Put {name} back as it was on {day}, from the host's snapshot"),
        RELEASE: _("Put {name} of the same release in its place"),
        BESIDE: _("Put {where} in the place of {name}"),
    }
    name, where = posixpath.basename(file.path), posixpath.basename(copy.where)  # the difference below names the whole path
    words = _("Put {name} back as it was published with {release}") if copy.release else titles[copy.source]
    title = words.format(name=name, day=_day(copy), where=where, release=copy.release)
    return title if count == 1 else title + " " + _("(and {n} more that are missing)").format(n=count - 1)


def _why(file: Restorable, copy: Copy) -> str:
    sources = {
        KEPT: _("So it was when the site was last read while it was well, on {day}: {size} bytes."),
        SNAPSHOT: _("So the host's snapshot of {day} has it, from before the failure began: {size} bytes."),
        RELEASE: _("{where} belongs to the same release, which this account has a second time: {size} bytes, of {day}."),
        BESIDE: _("Somebody left {where} beside it: {size} bytes, of {day}. Whether it was good is not known."),
    }
    words = _published_words(copy) if copy.release else sources[copy.source]
    why = words.format(day=_day(copy), size=len(copy.content), where=copy.where, release=copy.release)
    if file.links:
        return why + " " + _("In its place is a link that leads to nothing. It is set aside, under another name.")
    if file.current is None:
        return why + " " + _("The file is not there now.")
    if _is_lost(file, copy):
        return why + " " + _("Now only {size} bytes of it are there.").format(size=len(file.current))
    return (
        why
        + " "
        + _("Now the file has {size} bytes. What was changed in it since is taken out; an undo brings it back.").format(
            size=len(file.current)
        )
    )


def _published_words(copy: Copy) -> str:
    if copy.is_proven:
        return _("The site runs {release}. The file was fetched from where that is published: {size} bytes, and its checksum is right.")
    return _("The site runs {release}. The file was fetched from where that is published: {size} bytes.")


def _day(copy: Copy) -> str:
    return _moment(copy.at)


def _moment(seconds: float) -> str:
    at = moment_of(seconds)
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else _("an unknown day")


def _needs_person(file: Restorable, copy: Copy, finding: Finding, guard: bool) -> str:
    if guard:
        return _("The file now holds a line that keeps somebody out, which the older one lacks. Only a person can say whether it may go.")
    if copy.source == BESIDE:
        return _("Nobody knows whether the copy beside it was ever in use. Look at what would change.")
    if copy.source == SNAPSHOT:
        return _("It comes from the host's snapshot; what was changed in it between then and the failure goes too. Look at the change.")
    if copy.release and (why := _why_not_as_published(file, copy)):
        return why
    if copy.source == RELEASE and not copy.release:
        return _("The copy comes from another folder of the account. Look at what would change.")
    if file.lost and not copy.release:
        return _(
            "{n} more files lay in that folder, such as pictures and styles, and nobody kept them: they are to be uploaded again."
        ).format(n=file.lost)
    if file.others_changed and not copy.release:
        return _("{n} more files that belong with it have changed since: it may have been an update, and an old file may not fit.").format(
            n=file.others_changed
        )
    if "recent-change" in (finding.cause, *finding.also):
        return _("Nothing names this file: it is suspected because it was changed. Look at what would change.")
    if finding.confidence < _LIKELY:
        return _("It is not likely enough that this file is at fault.")
    return ""


def _why_not_as_published(file: Restorable, copy: Copy) -> str:
    if not copy.is_proven:
        return _UNPROVEN
    if copy.others > _MOST_OTHERS:
        return _("{n} more files of {release} are not as it was published: it may have been an update that was not finished.").format(
            n=copy.others, release=copy.release
        )
    return "" if _is_lost(file, copy) else _OF_ITS_OWN


def _loses_protection(file: Restorable, copy: Copy) -> bool:
    if file.current is None:
        return False
    if posixpath.basename(file.path) == ".htaccess":
        now, then = parse(file.current), parse(copy.content)
        stays = {line.raw.strip() for line in then.lines}
        return any(protects(line, now) and line.raw.strip() not in stays for line in now.lines)
    stays = {line.strip() for line in copy.content.split(b"\n")}
    return any(IN_PROGRAMS.search(line) and line.strip() not in stays for line in file.current.split(b"\n"))
