"""Makes a folder that is not there and that the site writes into: what version control, an upload or a tidying up left out."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.checks.common import usual_owner
from diagnostics.checks.php_sharpening import script_at
from diagnostics.evidence import Evidence, TreeEntry
from diagnostics.facts.logged_paths import shown_path
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding
from diagnostics.php.failed_calls import writing_call
from diagnostics.repairs.entries import known_entries
from diagnostics.repairs.plan import CreateFolder, Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "create-folder"
LOST = "lost-folder"  # of a finding's data: the folder that a check saw to be missing
READ = "is-read"  # beside it: "yes" where what failed only reads there
CAUSES = (
    "folder-not-writable", "php-session-path-not-writable", "php-missing-file", "php-uncaught-exception", "application-answers-500",
)  # fmt: skip
_PROVEN = 0.85
_MOST = 6
_USUAL, _PRIVATE = 0o755, 0o700
_FOR_OTHERS = 0o002
# What programs call the folders that they fill themselves: their lack says nothing but that nobody made them.
_OF_DATA = frozenset({
    "app", "archive", "attachments", "backup", "backups", "cache", "caches", "compile", "compiled", "data", "export", "exports",
    "files", "framework", "generated", "image", "images", "img", "import", "imports", "log", "logs", "media", "pdf", "prod", "runtime",
    "sess", "session", "sessions", "smarty", "stats", "storage", "temp", "templates_c", "thumbnails", "thumbs", "tmp", "twig", "upload",
    "uploaded", "uploads", "userfiles", "var", "views", "writable",
})  # fmt: skip
# Such folders hold code or pictures as often: that one is read says nothing of who fills it.
_OF_DATA_READ = _OF_DATA - {"app", "files", "framework", "images", "views"}
_OF_LARAVEL = "valid cache path"  # Illuminate's ViewServiceProvider, where `realpath` finds no folder for compiled pages: it names none
_FRAMEWORK = "storage/framework"
_SIBLINGS = frozenset({"cache", "sessions", "views"})  # of Laravel's: what lacks one of them mostly lacks all
_IN_DATA = re.compile(r"[0-9a-f]{1,2}|[12]\d{3}(?:[-_]?[01]\d)?(?:[-_]?[0-3]\d)?|[01]\d")  # "2026-11", "a0": shares of such a folder
_NO_SUCH = r"(?:[Nn]o such file or directory)"
_QUOTED = r"(?P<path>/[^\s'\"<>,;)(]{2,300})"
# A file that was to be made there (its folder is meant), and a folder that was to be read.
_FILES = (
    re.compile(rf"\b(?:file_put_contents|move_uploaded_file|imagepng|imagejpeg|imagewebp|imagegif)\({_QUOTED}[^\n]{{0,60}}?{_NO_SUCH}"),
    re.compile(rf"\btouch\(\): Unable to create file {_QUOTED} because {_NO_SUCH}"),
    re.compile(rf"\bopen\({_QUOTED}, O_RDWR\) failed: {_NO_SUCH}"),
    re.compile(rf"The stream or file \"{_QUOTED}\" could not be opened[^\n]{{0,120}}?{_NO_SUCH}"),
)
_OPENED = re.compile(rf"\b(?P<function>(?:gz|f)open)\({_QUOTED}\): [Ff]ailed to open stream: {_NO_SUCH}")
_FOLDERS = (
    re.compile(rf"\b(?:scandir|opendir|dir)\({_QUOTED}\)[^\n]{{0,60}}?{_NO_SUCH}"),
    re.compile(rf"Iterator::__construct\({_QUOTED}\)[^\n]{{0,60}}?{_NO_SUCH}"),
    re.compile(rf"\b[Dd]irectory \(?[\"']?{_QUOTED}[\"']?\)? (?:does not exist|is missing|not found)"),
)
_READ_TOO = (_OPENED, *_FOLDERS)  # nothing there says that the site writes: only what programs fill themselves is made
_PLACE = re.compile(r"[^\n]{0,20}? (?:in|at) (?P<script>/[^\n:]{1,600}?)(?: on line |:)(?P<line>\d{1,7})\b")
_OTHERS = _("Folders beside it let everybody write. Only a person can say whether that is right here.")
_ONLY_READ = _(
    "The site reads there: what lay in it may be lost, and an empty folder does not bring it back. Only a person can say what it was."
)
_HELD_FILES = _("Files that lay in it were removed. Put them back: an empty folder does not replace them.")
_GUESSED = _("No message names this folder. Only a person can say whether the site is to write there.")


@dataclass(frozen=True, slots=True)
class _Lost:
    """A folder that is wanted: as people see it. `is_named`: what failed names it; `is_written`: it was about to write there."""

    path: str
    is_named: bool = True
    is_written: bool = True


@repair(id=ID, title=_("Make a folder that is missing"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    entries = known_entries(evidence)
    for lost in _lost(evidence, finding):
        folders = _to_make(lost.path, entries, evidence)
        if folders:
            return _plan(lost, folders, entries, evidence, finding)
    return None


def _plan(lost: _Lost, folders: list[str], entries: dict[str, TreeEntry], evidence: Evidence, finding: Finding) -> Plan | CannotPlan:
    above = _above(folders[0], entries, evidence)
    if above is None:
        return CannotPlan(_("The folder that it belongs into is not there either. Make it by hand."))
    owner = usual_owner(evidence)
    if not above.mode & 0o200 or (above.uid is not None and owner is not None and above.uid != owner):
        return CannotPlan(_("Nothing can be made in {path}: it is shut, or belongs to somebody else.").format(path=above.path or "/"))
    mode = _PRIVATE if finding.cause == "php-session-path-not-writable" else _mode(folders[0], above, entries)
    base = above.absolute.rstrip("/")
    changes = tuple(CreateFolder(f"{base}/{path[len(above.path) :].lstrip('/')}", path, mode) for path in folders)
    return Plan(
        ID, finding.cause, _("Make the folder {path}").format(path=folders[-1] if len(folders) == 1 else lost.path),
        _("The site keeps files there, and it is missing. It gets the permissions of its neighbours. Undo removes it while it is empty."),
        changes, affects=_("What the site keeps in {path}").format(path=lost.path),
        needs_person=_needs_person(lost, folders, mode, evidence, finding),
    )  # fmt: skip


def _needs_person(lost: _Lost, folders: list[str], mode: int, evidence: Evidence, finding: Finding) -> str:
    if _held_files(folders, evidence):
        return _HELD_FILES
    if mode & _FOR_OTHERS:
        return _OTHERS
    if not lost.is_written:
        return _ONLY_READ
    return "" if lost.is_named and finding.confidence >= _PROVEN else _GUESSED


def _held_files(folders: list[str], evidence: Evidence) -> bool:
    """Whether something is known to have been in one of these, which are not there: whatever changed below them is gone."""
    back = (*evidence.restorable, *(evidence.since_well.put_back if evidence.since_well else ()))
    known = (*(path for change in evidence.changes for path in change.paths), *(file.path for file in back))
    return any(path.startswith(f"{folder}/") for folder in folders for path in known)


def _lost(evidence: Evidence, finding: Finding) -> Iterator[_Lost]:
    """Folders that the finding, or what it was made from, says are not there."""
    if named := finding.datum(LOST):
        is_written = finding.datum(READ) != "yes"
        if is_written or _is_of_data(named, _OF_DATA_READ):
            yield _Lost(named, finding.datum("is-named") != "no", is_written)
    texts = [finding.datum("message"), *(proof.text for proof in finding.evidence if proof.source != "modes")]
    if any(_OF_LARAVEL in text for text in texts):
        gone = [path for path, there in evidence.existing if not there]
        yield from (_Lost(path) for path in gone if f"{_FRAMEWORK}/" in path)
        yield from (_Lost(f"{path}/views") for path in gone if path.endswith(_FRAMEWORK))
    for text in texts:
        for pattern in (*_FILES, *_READ_TOO):
            for match in list(pattern.finditer(text))[:_MOST]:
                path = shown_path(posixpath.normpath(match["path"].rstrip(".")), evidence)
                folder = path if pattern in _FOLDERS else posixpath.dirname(path)
                is_written = pattern not in _READ_TOO or (pattern is _OPENED and _opens_to_write(match, evidence))
                if pattern not in _READ_TOO or _is_of_data(folder, _OF_DATA if is_written else _OF_DATA_READ):
                    yield _Lost(folder, is_written=is_written)


def _opens_to_write(match: re.Match[str], evidence: Evidence) -> bool:
    """Whether the script that the message names opens a file there that it makes itself; the message does not say what for."""
    place = _PLACE.match(match.string, match.end())
    script = script_at(shown_path(place["script"], evidence), evidence) if place else None
    call = writing_call(match["function"], script.content, int(place["line"])) if place and script else None
    return call is not None and call.makes


def _is_of_data(path: str, names: frozenset[str]) -> bool:
    return bool({part.lower().lstrip(".") for part in path.split("/")[1:]} & names) or path.lower() in names


def _to_make(path: str, entries: dict[str, TreeEntry], evidence: Evidence) -> list[str]:
    """What is missing of this path, outermost first, with what is known to be missing beside it; nothing where that is not certain."""
    missing: list[str] = []
    while path and path not in entries and _above_path(path, evidence) is not None:
        missing.insert(0, path)
        path = posixpath.dirname(path)
    if not missing or len(missing) > _MOST or not _is_gone(missing[0], entries, evidence):
        return []
    if len(missing) > 1 and not all(_fits(each) for each in missing):
        return []
    beside = [shown for shown, there in evidence.existing if not there and _is_sibling(shown, missing[-1])]
    if missing[-2:-1] and missing[-2].endswith(_FRAMEWORK):
        beside = [f"{missing[-2]}/{name}" for name in sorted(_SIBLINGS)]
    return list(dict.fromkeys((*missing, *(each for each in beside if each not in entries))))


def _fits(path: str) -> bool:
    name = posixpath.basename(path).lower().lstrip(".")
    return name in _OF_DATA or bool(_IN_DATA.fullmatch(name))


def _is_sibling(path: str, lost: str) -> bool:
    same = posixpath.dirname(path) == posixpath.dirname(lost) and lost.endswith(tuple(f"{_FRAMEWORK}/{name}" for name in _SIBLINGS))
    return same and posixpath.basename(path) in _SIBLINGS


def _above_path(path: str, evidence: Evidence) -> str | None:
    """The folder above, as people see it; None outside of the account. "" is the folder above the docroot."""
    return None if path.startswith("/") or ".." in path.split("/") or path == docroot_name(evidence) else posixpath.dirname(path)


def _is_gone(path: str, entries: dict[str, TreeEntry], evidence: Evidence) -> bool:
    """Whether it is certain that nothing bears this name: all of the folder above is known, or it was looked up."""
    name = docroot_name(evidence)
    if evidence.exists(path) is False or evidence.exists(_absolute(path, evidence)) is False:
        return True
    if not isinstance(evidence.tree, tuple) or evidence.tree_truncated or not path.startswith(f"{name}/" if name else ""):
        return False
    return posixpath.dirname(path) in {entry.path for entry in evidence.tree if entry.kind == "folder"}


def _absolute(path: str, evidence: Evidence) -> str:
    return f"{evidence.docroot.rstrip('/').rpartition('/')[0]}/{path}"


def _above(path: str, entries: dict[str, TreeEntry], evidence: Evidence) -> TreeEntry | None:
    """The folder in which it is made; links are not followed."""
    above = posixpath.dirname(path)
    if not above:
        home = evidence.docroot.rstrip("/").rpartition("/")[0] or "/"
        found = next((entry for entry in evidence.folders_above if entry.absolute == home), None)
        return TreeEntry("", home, "folder", found.mode, 0, found.mtime, found.uid) if found else None
    found = entries.get(above)
    return found if found is not None and found.kind == "folder" else None


def _mode(path: str, above: TreeEntry, entries: dict[str, TreeEntry]) -> int:
    """That of most folders beside it which their owner may write; else that of the folder above."""
    beside = [
        entry.mode for entry in entries.values()
        if entry.kind == "folder" and posixpath.dirname(entry.path) == above.path and entry.path != path and entry.mode & 0o300 == 0o300
    ]  # fmt: skip
    mode = Counter(beside).most_common(1)[0][0] if beside else above.mode if above.path else _USUAL
    return (mode & 0o777) | 0o700
