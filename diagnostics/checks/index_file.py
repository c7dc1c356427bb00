"""A folder without a start page, which the web server neither shows nor lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, htaccess_files, lines_of_failure, proof_of, repairs_for, shut_folders
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence, PageSeen, TextFile, TreeEntry
from diagnostics.facts.logged_paths import shown_path
from diagnostics.facts.one_too_deep import one_too_deep
from diagnostics.facts.other_names import START_PAGES, is_other_name
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.htaccess.parser import Line, LineKind, parse
from sites.texts import mark as _

# What servers show for a folder where nobody says otherwise (nginx: index; Apache: DirectoryIndex), as hosts set them.
_INDEX = ("index.php", "index.html", "index.htm", "index.xhtml", "index.cgi", "index.pl", "index.phtml", "index.shtml", "default.htm",
          "default.html", "default.php", "home.html")  # fmt: skip
_LOGGED = re.compile(
    r"AH01276: Cannot serve directory (?P<apache>[^\n:]+?): No matching|directory index of \"(?P<nginx>[^\"]+)\" is forbidden|"
    r"AH00037: Symbolic link not allowed or link target not accessible: (?P<link>[^\n,]+)"
)
_LOOKS_LIKE_ONE = re.compile(
    r"^(?:index|default|home)(?:[ _-]{0,2}(?:\(\d{1,2}\)|copy|kopie|old|new|bak|orig|\d))?\.[\w.~-]+$", re.IGNORECASE
)
_OF_FILES = frozenset(
    {"jpg", "jpeg", "png", "gif", "webp", "avif", "svg", "ico", "bmp", "pdf", "zip", "gz", "mp3", "mp4", "mov", "webm", "ogg", "wav",
     "woff", "woff2", "ttf", "css", "map", "csv", "xlsx", "docx", "odt"}
)  # fmt: skip
_OF_SOME_FILES = frozenset({"files", "filesmatch", "limit", "limitexcept", "if", "elseif", "else"})
_CLOSED = re.compile(rb"(?im)^[ \t]*(require[ \t]+all[ \t]+denied|deny[ \t]+from)")


@check(id="index-file", title=_("Whether the start page is there"), order=24)
def index_file(evidence: Evidence) -> Iterator[Finding]:
    lines = lines_of_failure(evidence)
    refused = any(page.status in (403, 404) for page in failing_pages(evidence.site))
    logged = next(((line, match) for line in lines if refused and (match := _LOGGED.search(line.text))), None)
    if logged:
        line, match = logged
        place = match.group("link") or (match.group("apache") or match.group("nginx")).rstrip("/") + "/x"
        folder = shown_path(place, evidence).rpartition("/")[0]
        if match.group("link") and not any(entry.kind == "link" for entry in _start_pages(evidence, folder)):
            return
        yield _finding(evidence, folder, 0.97 if line.paired else 0.9, proof_of(line))
    elif not any(line.paired for line in lines):
        found = (_without_log(evidence, page) for page in failing_pages(evidence.site))
        yield from [each for each in found if each is not None][:1]


def _without_log(evidence: Evidence, page: PageSeen) -> Finding | None:
    """A folder is asked for that holds nothing that is shown for a folder."""
    folder = _folder_of(evidence, page)
    if page.status not in (403, 404) or folder is None or shut_folders(evidence, folder) or _is_closed_on_purpose(evidence, folder):
        return None
    return _finding(evidence, folder, 0.87, Proof("probe", f"{page.path}: {page.status}"))


def _folder_of(evidence: Evidence, page: PageSeen) -> str | None:
    """The folder that the page's address names, None where that is none, it has a start page, or it cannot be told."""
    if not isinstance(evidence.tree, tuple) or evidence.tree_truncated:
        return None
    folder = f"{docroot_name(evidence)}/{unquote(urlsplit(page.url).path).strip('/')}".strip("/")
    is_folder = folder == docroot_name(evidence) or any(entry.path == folder and entry.kind == "folder" for entry in evidence.tree)
    return folder if is_folder and all(entry.kind == "link" for entry in _start_pages(evidence, folder)) else None


def _directory_index(evidence: Evidence, folder: str) -> list[tuple[TextFile, Line]]:
    """The lines that name the start pages of this folder: those of the innermost file that has any (mod_dir)."""
    name = docroot_name(evidence)
    for file in reversed(htaccess_files(evidence)):
        place = file.path.rpartition("/")[0]
        found = [(file, line) for line in parse(file.content).lines if line.key == "directoryindex"]
        if found and (place in ("", ".", "..", name) or f"{folder}/".startswith(f"{place}/")):
            return found
    return []


def _start_pages(evidence: Evidence, folder: str) -> list[TreeEntry]:
    """What lies in a folder under a name that is shown for it: capital and small letters count."""
    named = {word for _file, line in _directory_index(evidence, folder) for word in line.words} or set(_INDEX)
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    parts = ((entry, entry.path.rpartition("/")) for entry in entries)
    return [entry for entry, (head, _slash, name) in parts if head == folder and name in named]


def _is_closed_on_purpose(evidence: Evidence, folder: str) -> bool:
    return any(_is_closed(file) for file in htaccess_files(evidence) if file.path == f"{folder}/.htaccess".lstrip("/"))


def _is_closed(file: TextFile) -> bool:
    """Whether a line shuts the folder as a whole: not one about some files or visitors, nor one for a server without mod_authz_core."""
    aside: list[bool] = []
    for line in parse(file.content).lines if _CLOSED.search(file.content) else ():
        words = [word.lower() for word in line.words]
        if line.kind is LineKind.OPEN:
            aside.append(line.key in _OF_SOME_FILES or (line.key == "ifmodule" and line.args.startswith("!mod_authz")))
        elif line.kind is LineKind.CLOSE:
            aside = aside[:-1]
        elif not any(aside[:8]) and ((line.key, words) in (("deny", ["from", "all"]), ("require", ["all", "denied"]))):
            return True
    return False


def _finding(evidence: Evidence, folder: str, confidence: float, proof: Proof) -> Finding:
    cause = CAUSES["index-file-missing"]
    folder = folder or docroot_name(evidence)
    others, only_files = _others(evidence, folder), _holds_files_alone(evidence, folder)
    hint, path, number = cause.explanation, folder, None
    summary = _("The folder {path} has no start page (index.php or index.html).").format(path=folder or "/")
    if links := [entry.path for entry in _start_pages(evidence, folder) if entry.kind == "link"]:
        path = links[0]
        said = _("The start page {path} is a link to something that is not there, or that the web server does not follow.")
        summary = said.format(path=path)
    elif by := _named_otherwise(evidence, folder):
        file, line = by
        path, number = file.path, line.number
        said = _("Line {line} of {path} makes {names} the start page, which is not in the folder {folder}.")
        summary = said.format(line=number, path=path, names=", ".join(line.words), folder=folder)
    if others:
        hint += " " + _("These may be it under another name: {names}. Small and capital letters count.").format(names=", ".join(others))
    deep = one_too_deep(evidence) if path == docroot_name(evidence) else None
    if deep is not None:
        hint += " " + _("A whole site lies in {path}: it was probably uploaded one folder too deep.").format(path=deep.folder.path)
    return Finding(
        check="index-file",
        cause="index-file-missing",
        severity=Severity.NOTE if only_files else Severity.CRITICAL,
        confidence=confidence,
        summary=summary,
        hint=hint,
        path=path,
        line=number,
        evidence=(proof,),
        repairs=() if only_files else repairs_for("index-file-missing"),
        data=(("others", "\n".join(f"{folder}/{name}" for name in others)),),
    )


def _holds_files_alone(evidence: Evidence, folder: str) -> bool:
    """Whether it is a folder of pictures or downloads, which nobody is to see a list of: no page lies in it, nor ever did, as it seems."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    inside = [entry.path.rpartition(".")[2].lower() for entry in entries if entry.kind == "file" and entry.path.startswith(f"{folder}/")]
    removed = any(path.startswith(f"{folder}/") for change in evidence.changes if change.how == "removed" for path in change.paths)
    return folder != docroot_name(evidence) and bool(inside) and not removed and all(ending in _OF_FILES for ending in inside)


def _named_otherwise(evidence: Evidence, folder: str) -> tuple[TextFile, Line] | None:
    """The line that names another start page, where a usual one lies in the folder."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    has_usual = any(entry.path.rpartition("/")[::2] == (folder, name) for entry in entries for name in _INDEX)
    return next(iter(_directory_index(evidence, folder)), None) if has_usual else None


def _others(evidence: Evidence, folder: str) -> list[str]:
    """What looks like a start page that was renamed."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    names = [entry.path.rsplit("/", 1)[-1] for entry in entries if entry.path.rpartition("/")[0] == folder and entry.kind == "file"]
    return [
        name for name in names if _LOOKS_LIKE_ONE.match(name) or any(is_other_name(name, page, is_folder=False) for page in START_PAGES)
    ][:5]
