"""What a failing program says of files that are not its own code: settings that it cannot read or that are not made, things that are not
there, folders that it may not write into, and places of another machine. Read in its logs, in PHP's, and on the page."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, is_failing, lines_of_failure, proof_of, repairs_for
from diagnostics.checks.php_errors import said_by_server
from diagnostics.checks.php_sharpening import script_at
from diagnostics.checks.registry import check
from diagnostics.checks.shown import lines_shown, text_of
from diagnostics.evidence import Evidence, LogLine, TreeEntry, Unreadable
from diagnostics.facts.error_log import is_telling
from diagnostics.facts.logged_paths import shown_path
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.php import said_of_files, scanning
from sites.texts import mark as _

_WARNS = re.compile(r"PHP (?:Warning|Notice|Deprecated|Strict Standards): ")
_OF_CODE = re.compile(
    r"session_\w{1,30}\(\): "  # where sessions are kept is a matter of PHP's settings
    r"|Failed opening |Call to undefined |[Cc]lass [\"'][^\"'\n]{1,200}[\"'] not found|Allowed memory size|open_basedir|syntax error"
)
_REQUIRED = re.compile(r"Failed opening (?:required )?'")
_UNCAUGHT = re.compile(r"PHP Fatal error: +Uncaught ")
_FAILS = re.compile(r"[Ee]rror|[Ee]xception|ERROR|CRITICAL|ALERT|EMERGENCY|Fatal|Uncaught|[Uu]nable|[Cc]annot|not (?:found|writable)")
_STARTED = re.compile(r"(?:headers|[Oo]utput)[^\n]{0,80}\(output started at (?P<path>/[^\n:)]{1,600}):(?P<line>\d{1,7})\)")
# Without the markup: PHP's warning before the fatal error that follows it (main/streams/streams.c, "Failed to open stream").
_LOST_THERE = re.compile(
    r"(?:require|include)(?:_once)?\([^()\n]{1,600}\): [Ff]ailed to open stream: [^\n]{1,80}? in (?P<path>/\S{1,600}) on line (?P<line>\d+)"
)
_OPENED_AT = re.compile(
    r"\bfopen\([^()\n]{1,600}\): [Ff]ailed to open stream: [^\n]{1,80}? in (?P<path>/[^\s:]{1,600})(?::| on line )(?P<line>\d{1,6})"
)
_TO_WRITE = re.compile(rb"\bfopen\s*\([^;]{1,400},\s*['\"][waxc]")
_BUILT = re.compile(r"/(?:manifest|mix-manifest|entrypoints|asset-manifest|rev-manifest|manifest\.\w+)\.json\Z")
_BUILT_MORE = _("It is made where the program is developed (“npm run build”), and its folder belongs to the upload.")
_SHORT = 3000  # characters: a page that says one thing
_MOST = 3


@check(id="program-says", title=_("What the program says of its files and settings"), needs=("tree",), order=12)
def program_says(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    seen: set[tuple[str, str]] = set()
    for text, proof, sure in _messages(evidence):
        for look in (
            _began_too_early,
            _of_another_machine,
            _of_settings,
            _of_variable,
            _refusing,
            _not_written,
            _absent,
            _not_made,
            _lacking,
        ):
            found = look(text, proof, sure, evidence)
            if found is None:
                continue
            if (found.cause, found.path) not in seen:
                seen.add((found.cause, found.path))
                yield found
            break
        if len(seen) >= _MOST:
            return


def _messages(evidence: Evidence) -> Iterator[tuple[str, Proof, float]]:
    """Each with its proof and how sure it is that it belongs to the failure."""
    lines: list[LogLine] = [line for line in lines_of_failure(evidence) if _tells(line)]
    for line in [*lines[:20], *reversed(evidence.application_log[-10:])]:
        sure = 0.97 if line.paired and line.source == "error-log" else 0.93
        yield line.text, proof_of(line), sure
    for line in lines_shown(evidence.site):
        yield line.text, proof_of(line), 0.97
    for page in failing_pages(evidence.site):
        text = text_of(page.body)
        if text.strip() and len(text) <= _SHORT:
            yield text, Proof("probe", f"{page.path}: {' '.join(text.split())[:400]}", paired=True), 0.9


def _tells(line: LogLine) -> bool:
    """Whether a program said it: what the web server complains of by itself has checks of its own."""
    if said_by_server(line.text):
        return False
    return not _WARNS.search(line.text[:600]) and (is_telling(line.text) or (line.paired and bool(_FAILS.search(line.text[:2000]))))


def _finding(
    cause: str, summary: str, path: str, line: int | None, proof: Proof, sure: float, *also: str, hint: str = "", lost: str = ""
) -> Finding:
    entry = CAUSES[cause]
    return Finding(
        "program-says", cause, Severity.CRITICAL, sure, summary, hint or entry.explanation, path, line, also, (proof,), repairs_for(cause),
        (("paths", path), ("message", proof.text[:500]), *((("lost-folder", lost),) if lost else ())),
    )  # fmt: skip


def _began_too_early(text: str, proof: Proof, sure: float, evidence: Evidence) -> Finding | None:
    """A handler ended the page as headers came after output: the file that put out something first is to be repaired."""
    match = _STARTED.search(text[:4000])
    if match is None:
        return None
    path, line = shown_path(match["path"], evidence), int(match["line"])
    script = script_at(path, evidence)
    if script is not None and scanning.encoding_mark(script.content) == "utf-8":
        cause = CAUSES["php-byte-order-mark"]
        return _finding(cause.code, f"{cause.title} ({path}).", path, 1, proof, sure, "php-uncaught-exception")
    if (lost := _LOST_THERE.search(text)) and (lost["path"], lost["line"]) == (match["path"], match["line"]):
        return None  # what it put out is PHP's warning of a file that it could not load: another check names that
    said = _("{path} puts something out in line {line}, before the headers.").format(path=path, line=line)
    return _finding("php-uncaught-exception", said, path, line, proof, sure, "application-answers-500")


# --- what each message may mean ---------------------------------------------------------------------------
def _of_another_machine(text: str, proof: Proof, sure: float, evidence: Evidence) -> Finding | None:
    """Settings, or a cache of them, that were made where the site lay elsewhere."""
    found = next((each for each in evidence.written if each.value.startswith("/") and said_of_files.names_path(text, each.value)), None)
    if found is None:
        return None
    said = _("{path}, line {line}, names {value}, a place of another machine.").format(path=found.path, line=found.line, value=found.value)
    is_cache = "/cache/" in f"/{found.path}"
    hint = _("This file is a copy of the settings made elsewhere: remove it, and the program makes it anew.") if is_cache else _(
        "Write the folder of this account instead."
    )  # fmt: skip
    cause, other = "application-answers-500", "php-uncaught-exception"
    if _REQUIRED.search(text[:1000]):
        return _finding("php-missing-file", said, found.path, found.line, proof, sure, other, cause, hint=hint)
    if _UNCAUGHT.search(text[:300]):  # PHP itself tells of it: the program has no answer of its own
        cause, other = other, cause
    return _finding(cause, said, found.path, found.line, proof, sure, other, "php-missing-file", hint=hint)


def _of_settings(text: str, proof: Proof, sure: float, evidence: Evidence) -> Finding | None:
    named = said_of_files.settings_place(text)
    path = _found(named.path, evidence) if named else ""
    if named is None or not path:
        return None
    said = _("The program cannot read its settings: {path}, line {line}.").format(path=path, line=named.line)
    return _finding("php-uncaught-exception", said, path, named.line, proof, sure, "application-answers-500", "php-parse-error")


def _of_variable(text: str, proof: Proof, sure: float, evidence: Evidence) -> Finding | None:
    name = said_of_files.variable(text)
    if not name:
        return None
    there = [path for entry in _known(evidence).values() if posixpath.basename(path := entry.path).startswith(".env")]
    settings = next((each.settings_path for each in evidence.applications if each.settings_path), "") or next(iter(sorted(there)), "")
    if not settings and not evidence.applications:
        return None  # a script of the owner's own: what should have made the variable cannot be told, only who asks for it
    folder = posixpath.dirname(settings)
    local = posixpath.join(folder, ".env.local")
    path = local if posixpath.basename(settings) == ".env" and local not in there else settings
    said = _("The program needs the setting {name}, which nothing gives: it belongs into {path}.").format(name=name, path=path or ".env")
    return _finding("application-answers-500", said, path or ".env", None, proof, sure, "php-uncaught-exception")


def _not_written(text: str, proof: Proof, sure: float, evidence: Evidence) -> Finding | None:
    for named in said_of_files.not_written(text):
        if _OF_CODE.search(text[:1000]):
            return None
        culprit = _unwritable(shown_path(named.path, evidence), evidence)
        if culprit is not None:
            path, why = culprit
            lost = "" if path in _known(evidence) else path
            return _finding("folder-not-writable", why, path, None, proof, sure, "application-answers-500", lost=lost)
    return _lost_folder(text, proof, sure, evidence)


def _lost_folder(text: str, proof: Proof, sure: float, evidence: Evidence) -> Finding | None:
    """Laravel names no place where a folder of its own is not there (Illuminate ViewServiceProvider, `realpath` of nothing)."""
    if "valid cache path" not in text:
        return None
    lost = next((path for path, there in evidence.existing if not there and "storage/framework/" in path), "")
    said = _("The folder {path} is not there.").format(path=lost)
    return _finding("folder-not-writable", said, lost, None, proof, sure, "php-missing-file", lost=lost) if lost else None


def _refusing(text: str, proof: Proof, sure: float, evidence: Evidence) -> Finding | None:
    """A folder that the program names by its setting: it is not of this account, or it refuses."""
    name = said_of_files.refusing_setting(text)
    written = [each for each in evidence.written if name and each.value == name]
    found = next((each for each in written if each.place), None) or next(iter(written), None)
    if found is None:
        return None
    if not found.place:  # what is written there is no path as a whole: cut off, or empty
        said = _("{path}, line {line}: {name} names nothing that the program can use.").format(path=found.path, line=found.line, name=name)
        return _finding("application-answers-500", said, found.path, found.line, proof, sure, "folder-not-writable", "php-missing-file")
    path = next((entry.path for entry in evidence.beside if found.place.endswith(f"/{entry.path}")), shown_path(found.place, evidence))
    culprit = _unwritable(path, evidence) if path in _known(evidence) else None
    if culprit is not None:
        return _finding("folder-not-writable", culprit[1], culprit[0], None, proof, sure, "application-answers-500")
    said = _("{path}, line {line}: {name} names {value}, which is not on this account.")
    if path in _known(evidence):  # one of that name can be written: it is not the one that is meant, or it is not the server's to write
        said, sure = _("{path}, line {line}: {name} names {value}, which the program cannot use."), min(sure, 0.85)
    said = said.format(path=found.path, line=found.line, name=name, value=found.place)
    return _finding("application-answers-500", said, found.path, found.line, proof, sure, "folder-not-writable", "php-missing-file")


def _absent(text: str, proof: Proof, sure: float, evidence: Evidence) -> Finding | None:
    if _OF_CODE.search(text[:1000]):
        return None
    for named in said_of_files.absent(text):
        path, more = _lost(named.path, evidence, named.folder)
        if path and (folder := posixpath.dirname(path)) not in _known(evidence) and _opens_to_write(text, evidence):
            said = _("The folder {path} is not there.").format(path=folder)
            return _finding("folder-not-writable", said, folder, None, proof, sure, "php-missing-file", lost=folder)
        if path:
            said = _("The program does not find {path}. {more}").format(path=path, more=more).strip()
            return _finding("php-missing-file", said, path, None, proof, sure, "application-answers-500", "php-uncaught-exception")
    return None


def _opens_to_write(text: str, evidence: Evidence) -> bool:
    """Whether the line that failed makes the file where there is none (`fopen` with w, a, x or c): then only its folder can be missing."""
    match = _OPENED_AT.search(text[:2000])
    script = script_at(shown_path(match["path"], evidence), evidence) if match else None
    lines = script.content.split(b"\n") if script else []
    at = int(match["line"]) if match else 0
    return 0 < at <= len(lines) and _TO_WRITE.search(lines[at - 1]) is not None


def _not_made(text: str, proof: Proof, sure: float, evidence: Evidence) -> Finding | None:
    name = said_of_files.setting(text)
    found = next((each for each in evidence.written if each.value == name), None) if name else None
    if found is None:
        return None
    said = _("The program wants the setting {name} to be made: {path}, line {line}.")
    said = said.format(name=name.rstrip("="), path=found.path, line=found.line)
    return _finding("application-answers-500", said, found.path, found.line, proof, sure, "php-uncaught-exception")


def _lacking(text: str, proof: Proof, sure: float, evidence: Evidence) -> Finding | None:
    """A settings file, told by its name, that lacks a value: the file is to be repaired, not the code that asks for it."""
    named = said_of_files.lacking(text)
    path = _settings_file(*named, evidence) if named and not _OF_CODE.search(text[:1000]) else ""
    if named is None or not path:
        return None
    line = next((each.line for each in evidence.written if each.value == named[1] and each.path == path), None)
    said = _("The program lacks a value in its settings: {path}.").format(path=path)
    if named[1]:
        said = _("The program lacks the value of {name} in its settings: {path}.").format(name=named[1], path=path)
    return _finding("php-uncaught-exception", said, path, line, proof, sure, "application-answers-500")


# --- where it is ------------------------------------------------------------------------------------------
def _known(evidence: Evidence) -> dict[str, TreeEntry]:
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    return {entry.path: entry for entry in (*evidence.folders_above, *evidence.beside, *tree)}


def _found(named: str, evidence: Evidence) -> str:
    """The file as people see it: a whole path, or the only one that ends so; a whole path that is not known stays as it is."""
    known = _known(evidence)
    path = shown_path(named, evidence) if named.startswith("/") else ""
    if path in known or (path and not path.startswith("/")):
        return path
    ends = [each for each in known if each.endswith(f"/{named.lstrip('/')}") or each == named]
    return ends[0] if len(ends) == 1 else ""


def _settings_file(named: str, key: str, evidence: Evidence) -> str:
    """The settings by the end of their path: where several end so, those of the program itself, or those that have the key."""
    likely = [each.settings_path for each in evidence.applications] + [each.path for each in evidence.written if key and each.value == key]
    return _found(named, evidence) or next((path for path in likely if f"/{path}".endswith(f"/{named.lstrip('/')}")), "")


def _unwritable(path: str, evidence: Evidence) -> tuple[str, str] | None:
    """The file or folder that refuses, and what to say of it; one that is not there and could be made is what is missing."""
    known = _known(evidence)
    if isinstance(evidence.modes, Unreadable) or path.startswith("/"):
        return None
    entry, on_way = known.get(path), path
    while entry is None and "/" in on_way:
        on_way = posixpath.dirname(on_way)
        entry = known.get(on_way)
    if entry is None:
        return None
    if not entry.mode & 0o200:
        said = _("The site may not write into {path} (permissions {mode}).").format(path=entry.path, mode=f"{entry.mode:03o}")
        return entry.path, said
    if entry.path != path and entry.path != posixpath.dirname(path):
        folder = posixpath.dirname(path) if "." in posixpath.basename(path) else path
        return folder, _("The folder {path} is not there.").format(path=folder)
    return None


def _lost(named: str, evidence: Evidence, folder: str = "") -> tuple[str, str]:
    """Where it should be, and what is there in its place; nothing where it is there or cannot be told."""
    known = _known(evidence)
    if named.startswith("/"):
        path = shown_path(named, evidence)
        is_inside = path.startswith(f"{posixpath.basename(evidence.docroot.rstrip('/')) or '/'}/")  # where all that is there is known
        gone = path not in known and (is_inside or (posixpath.dirname(path) in known and not path.startswith("/")))
        more = _BUILT_MORE if _BUILT.search(path) else ""
        return (path, more) if (gone or evidence.exists(path) is False) and not evidence.tree_truncated else ("", "")
    ends = [path for path in known if path.lower().endswith(f"/{named.lower()}")]
    if any(path.endswith(f"/{named}") for path in ends):
        return "", ""
    if ends:
        return ends[0], _("Capital and small letters are different names here.")
    base = next((each.path for each in evidence.applications), posixpath.basename(evidence.docroot.rstrip("/")))
    removed = (path for change in evidence.changes if change.how == "removed" for path in change.paths)
    path = next((path for path in removed if path.endswith(f"/{named}")), posixpath.join(base, folder, named))
    return (path, "") if not evidence.tree_truncated else ("", "")
