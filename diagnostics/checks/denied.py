"""What the web server or PHP was refused: the file or folder that is to blame, by the line of the log or by the page itself."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, is_failing, lines_of_failure, proof_of, repairs_for, usual_owner
from diagnostics.checks.registry import check
from diagnostics.checks.roads import place_of, visit_of
from diagnostics.checks.shown import lines_shown
from diagnostics.evidence import Evidence, LogLine, TreeEntry
from diagnostics.facts.cgi_scripts import is_cgi
from diagnostics.facts.logged_paths import shown_path
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.htaccess.simulating import follow
from diagnostics.profiles import ModeSeverity, get_profile, judge_root
from sites.texts import mark as _

SHUT_OUT = "shut-out"  # among the data of a finding: the web server is refused, whatever the permissions say

# The web server itself, as another user than the account.
_BY_SERVER = (
    re.compile(r"AH00132: file permissions deny server access: (?P<path>/.+)"),
    re.compile(r"AH00035: access to .{1,1000}? denied \(filesystem path '(?P<path>[^']+)'\)"),
    re.compile(r"AH00529: (?P<path>/\S.{0,1000}?) pcfg_openfile"),
    re.compile(r"AH00037: Symbolic link not allowed or link target not accessible: (?P<path>/[^\n]{1,1000})"),
    re.compile(r"\"(?P<path>/[^\"]+)\" (?:failed|is forbidden) \(13: Permission denied\)"),
    re.compile(r"\(13\)Permission denied: (?=[^'\n]{0,300}(?:access to|stat|open) )[^'\n]{0,600}'(?P<path>/[^'\n]{1,1000})'"),
)
# PHP or another program, mostly as the account.
_BY_PROGRAM = (
    re.compile(r"Unable to open primary script: (?P<path>\S[^\n(]{0,1000}?) \(Permission denied\)"),
    re.compile(r"(?:require|include)(?:_once)?\((?P<path>[^)\n]{1,1000}+)\): Failed to open stream: Permission denied", re.IGNORECASE),
    re.compile(r"Failed opening (?:required )?'(?P<path>[^'\n]+)'"),
    re.compile(r"(?:file_get_contents|fopen|readfile|file|parse_ini_file|simplexml_load_file|highlight_file)\((?P<path>[^)\n]{1,1000}+)\): "
               r"Failed to open stream: Permission denied", re.IGNORECASE),
)  # fmt: skip
_LISTING = (
    re.compile(r"(?:scandir|opendir|dir|(?:Recursive)?DirectoryIterator::__construct|FilesystemIterator::__construct)\((?P<path>/[^,)\n]{1,1000}+)"
               r"[^\n]{0,40}?\): Failed to open dir(?:ectory)?: Permission denied", re.IGNORECASE),
)  # fmt: skip
_WRITING = (
    re.compile(r"The stream or file \"(?P<path>[^\"\n]+)\" could not be opened"),
    re.compile(r"(?:file_put_contents|touch|tempnam|copy|rename|move_uploaded_file|unlink|imagepng|imagejpeg|error_log)\((?P<path>[^,)\n]{1,1000}+)"
               r"[^\n]{0,1000}?\): [^\n]{0,200}?Permission denied", re.IGNORECASE),
    re.compile(r"mkdir\((?P<path>[^)\n]{0,1000}+)\): Permission denied", re.IGNORECASE),
    re.compile(r"(?:directory|folder|path|Directory|Folder|Path)\W{1,20}[\"'`]?(?P<path>/[^\s\"'`]{1,1000})[\"'`]?\)? (?:is not writable"
               r"|is not writeable|must be (?:present and )?writable|cannot be written|could not be created)"),
    re.compile(r"(?:Unable to (?:create|write)|Cannot (?:create|write)|Could not (?:create|write)).{0,60}?[\"' (](?P<path>/[^\s\"')]+)"),
    re.compile(r"fopen\((?P<path>[^)\n]{1,1000}+)\): Failed to open stream: Permission denied", re.IGNORECASE),
)  # fmt: skip
_ROOTS_GROUP = 0
_ABOVE = {"folder-not-traversable": ("let-pass-through",)}  # repairs of what lies above the site, which is more than its own


@dataclass(frozen=True, slots=True)
class Denied:
    """One path that was refused. `by_owner`: to a program that runs as the account, so that the owner's bits count."""

    path: str  # as shown
    by_owner: bool
    writing: bool = False
    listing: bool = False  # the names in a folder were asked for


@check(id="denied", title=_("Files and folders that were refused"), needs=("tree", "modes"), order=11)
def denied(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    seen: set[str] = set()
    told = replace(evidence, error_log=evidence.application_log)  # a program that catches everything logs it itself
    lines = [*lines_of_failure(evidence), *lines_shown(evidence.site), *lines_of_failure(told)]
    for line in lines:
        for refused in _refusals(line, evidence):
            found = culprit(refused, evidence)
            if found and found[1].path not in seen:
                seen.add(found[1].path)
                yield refusal(found, refused, evidence, proof_of(line), 0.97 if line.paired else 0.93)
    for line in lines if not seen else ():
        if (other := _against_the_modes(line, evidence)) is not None:
            yield other
            return
    if not seen and not any(line.paired for line in lines):
        yield from _by_pages(evidence)


def _refusals(line: LogLine, evidence: Evidence) -> Iterator[Denied]:
    text = line.text + (f"\n{line.before}" if line.before else "")
    for patterns, by_owner in ((_WRITING, True), (_BY_PROGRAM, True), (_LISTING, True), (_BY_SERVER, False)):
        for pattern in patterns:
            for match in list(pattern.finditer(text))[:5]:
                path = shown_path(_led_to(match.group("path").strip().strip("'\"")), evidence)
                yield Denied(path, by_owner, patterns is _WRITING, patterns is _LISTING)


def _led_to(path: str) -> str:
    """ "/home/u/www/../vendor/autoload.php" lies beside the docroot."""
    return posixpath.normpath(path) if "/../" in path else path


def culprit(refused: Denied, evidence: Evidence) -> tuple[str, TreeEntry] | None:
    """The cause, and the outermost folder that may not be entered, else the file itself, else the folder that cannot be written."""
    entries = _by_path(evidence)
    refused = replace(refused, path=_behind_links(refused.path, evidence))
    chain = _chain(refused.path, entries, evidence)
    for entry in chain:
        if entry.absolute == posixpath.dirname(evidence.docroot.rstrip("/")) and _is_hosts_block(entry, evidence):
            return None  # told by a check of its own
        last = entry.path == refused.path
        wanted = 0o5 if last and refused.listing else 0o1
        if entry.kind == "folder" and not _may(entry, wanted, refused, evidence):
            return "folder-not-traversable", entry
        if last and posixpath.basename(entry.path) == ".htaccess" and not refused.by_owner:
            return None  # told by a check of its own
        if last and entry.kind == "file" and not refused.writing and not _may(entry, 0o4, refused, evidence):
            return "file-unreadable", entry
    if refused.writing and chain:
        target = chain[-1]
        folder = target if target.kind == "folder" else next((each for each in reversed(chain) if each.kind == "folder"), target)
        if target.kind == "file" and not _may(target, 0o2, refused, evidence):
            return "folder-not-writable", target
        if not _may(folder, 0o2, refused, evidence):
            return "folder-not-writable", folder
    return None


def _against_the_modes(line: LogLine, evidence: Evidence) -> Finding | None:
    """The web server was refused a file whose permissions would allow it: an access list, SELinux or a link's target stands behind."""
    entries = _by_path(evidence)
    for refused in _refusals(line, evidence):
        entry = entries.get(refused.path)
        if entry is None or refused.by_owner or entry.kind == "link" or "/.ht" in f"/{entry.path}":
            continue
        cause = CAUSES["folder-not-traversable" if entry.kind == "folder" else "file-unreadable"]
        said = _("The web server is refused {path}, though its permissions ({mode:03o}) would allow it.")
        hint = _("Permissions finer than these (an access list, SELinux) shut it out. A file that is written anew has those of its folder.")
        return Finding(
            "denied", cause.code, Severity.CRITICAL, 0.95 if line.paired else 0.85, said.format(path=entry.path, mode=entry.mode), hint,
            entry.path, evidence=(proof_of(line), Proof("modes", f"{entry.path} {entry.mode:03o}")),
            data=(("paths", entry.path), (SHUT_OUT, "yes")), repairs=repairs_for(cause.code, "set-permissions", "give-owner-read"),
        )  # fmt: skip
    return None


def _is_hosts_block(entry: TreeEntry, evidence: Evidence) -> bool:
    return judge_root(entry.mode, get_profile(evidence.profile)).severity is ModeSeverity.HOSTS_BLOCK


def _by_path(evidence: Evidence) -> dict[str, TreeEntry]:
    tree = evidence.tree if isinstance(evidence.tree, tuple) else ()
    behind = (entry for link in evidence.links for entry in link.way)
    return {entry.path: entry for entry in (*behind, *evidence.folders_above, *evidence.beside, *tree)}


def _behind_links(path: str, evidence: Evidence) -> str:
    """The same path without the links on its way, as far as it is known where they lead."""
    for link in evidence.links:
        if link.way and (path == link.path or path.startswith(f"{link.path}/")):
            return f"{link.way[-1].path}{path[len(link.path) :]}"
    return path


def _chain(path: str, entries: dict[str, TreeEntry], evidence: Evidence) -> list[TreeEntry]:
    """What is known on the way to this path, outermost first, it included."""
    parts = path.split("/")
    inside = [entries[name] for count in range(1, len(parts) + 1) if (name := "/".join(parts[:count])) in entries]
    return [*evidence.folders_above, *inside]


def _may(entry: TreeEntry, bit: int, refused: Denied, evidence: Evidence) -> bool:
    """Whether the mode allows it. The group counts for the web server too, since which it belongs to is not known from here."""
    owner = usual_owner(evidence)
    if refused.by_owner and (owner is None or entry.uid is None or entry.uid == owner):
        return entry.mode >> 6 & bit == bit
    is_of_group = refused.by_owner and entry.gid != _ROOTS_GROUP  # an account is of its own groups, never of this one
    return entry.mode & bit == bit or (is_of_group and entry.mode >> 3 & bit == bit)


def _by_pages(evidence: Evidence) -> Iterator[Finding]:
    """Without a line of the log: a page that is refused, and something on the way to its file that nobody else may read."""
    place = place_of(evidence)
    pages = [page for page in failing_pages(evidence.site) if page.status in (403, 404, 500)]
    for page in pages[:5] if place else ():
        ending = follow(place, visit_of(page))  # type: ignore[arg-type]
        absolute = ending.target if ending.kind == "file" else evidence.docroot.rstrip("/") + page.path.split("?")[0].rstrip("/")
        path = shown_path(absolute, evidence) if absolute != evidence.docroot.rstrip("/") else docroot_name(evidence)
        is_program = path.endswith(".php")
        for by_owner in (True, False) if is_program else (False,):
            refused = Denied(path, by_owner)
            found = culprit(refused, evidence)
            if found and not _is_fine(found[1], page.status, by_owner):
                proof = Proof("probe", f"{page.path}: {page.status}")
                yield refusal(found, refused, evidence, proof, 0.9 if found[1].path == path or page.status == 403 else 0.7)
                return


def _is_fine(entry: TreeEntry, status: int | None, by_owner: bool) -> bool:
    """PHP that runs as the account reads what others may not; a script's mode is judged elsewhere; a group may be the server's."""
    if is_cgi(entry):
        return True
    if by_owner:
        return False
    if entry.path.endswith(".php"):
        return True
    return status != 403 or bool(entry.mode & (0o010 if entry.kind == "folder" else 0o040) and entry.gid not in (None, entry.uid))


def refusal(found: tuple[str, TreeEntry], refused: Denied, evidence: Evidence, proof: Proof, confidence: float) -> Finding:
    cause, entry = found
    who = _("PHP") if refused.by_owner else _("the web server")
    texts = {
        "folder-not-traversable": _("{who} may not enter the folder {path} (permissions {mode})."),
        "file-unreadable": _("{who} may not read {path} (permissions {mode})."),
        "folder-not-writable": _("The site may not write into {path} (permissions {mode})."),
    }
    named = entry.absolute if entry in evidence.folders_above else entry.path
    owner = usual_owner(evidence)
    foreign = owner is not None and entry.uid is not None and entry.uid != owner
    others = _("It belongs to another user than the rest of the site: only the host can change that.")
    hint = others if foreign else CAUSES[cause].explanation
    summary = texts[cause].format(who=who[:1].upper() + who[1:], path=named, mode=f"{entry.mode:03o}")
    return Finding(
        check="denied",
        cause=cause,
        severity=Severity.CRITICAL,
        confidence=confidence,
        summary=summary,
        hint=hint,
        path=entry.path,
        evidence=(proof, Proof("modes", f"{entry.path} {entry.mode:03o}")),
        repairs=() if foreign else _ABOVE.get(cause, ()) if entry in evidence.folders_above else repairs_for(cause),
        data=(("paths", entry.path),),
    )
