"""What else the log says of a `.htaccess`: unreadable, a password file that is gone, a target that does not answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from diagnostics.causes import CAUSES
from diagnostics.checks.common import (
    answers,
    answers_500,
    failing_pages,
    htaccess_files,
    is_failing,
    lines_of_failure,
    proof_of,
    repairs_for,
    shut_folders,
)
from diagnostics.checks.htaccess_messages import Complaint, complaint_in, file_of
from diagnostics.checks.registry import check
from diagnostics.checks.roads import endings, is_on_the_road
from diagnostics.evidence import Evidence, LogLine, PageSeen, PasswordFile, TextFile, Unreadable
from diagnostics.facts.changes import failing_since
from diagnostics.facts.logged_paths import shown_path
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.htaccess.parser import Line, parse
from diagnostics.htaccess.rewriting import flags_of, split_arguments
from sites.texts import mark as _

_AUTH = re.compile(r"AH01620: Could not open password file: (\S+)")
# Those of them that name whom they could not reach (modules/proxy/proxy_util.c).
_NAMES_TARGET = re.compile(r"AH00957|AH01114|AH00898")
_PORT_NAMED = re.compile(r"(?:attempt to connect to \S{1,200}|\([\w.-]{1,200}):(\d{1,5})(?=[\s)])")
_TARGET = re.compile(r"(?P<scheme>[a-z]+)://(?P<host>[\w.-]+|\[[0-9a-f:.]+\])(?::(?P<port>\d{1,5}))?(?=[/?]|\Z)", re.IGNORECASE)
_LATELY_S = 7200.0
_SAID_BY_APACHE = b"Server unable to read htaccess file, denying access to be safe"
_PROXY = re.compile(r"AH00957|AH01114|AH00898|AH01144|AH01961|AH10160|AH00669")


@check(id="htaccess-unreadable", title=_("Whether the web server may read .htaccess"), order=16)
def htaccess_unreadable(evidence: Evidence) -> Iterator[Finding]:
    for line in lines_of_failure(evidence):
        complaint = complaint_in(line.text)
        if complaint and complaint.cause == "htaccess-unreadable":
            path = _logged_place(complaint, evidence)
            if not shut_folders(evidence, path):  # the line says the same of a folder that may not be entered
                yield _unreadable(path, 0.97 if _mode_of(evidence, path) is not None else 0.9, (proof_of(line),), evidence)
            return
    if not answers(evidence.site, 403) and not answers_500(evidence.site):
        return
    if (said := _said_by_page(evidence)) is not None:
        yield said
        return
    for entry in evidence.tree if isinstance(evidence.tree, tuple) else ():
        if entry.path.rsplit("/", 1)[-1] != ".htaccess" or not _is_met(entry.path, evidence):
            continue
        if entry.kind == "folder" or (entry.kind == "link" and not _leads_to_a_file(entry.path, evidence)):
            what = _("a folder") if entry.kind == "folder" else _("a link")
            yield _unreadable(entry.path, 0.9 if entry.kind == "folder" else 0.75, (Proof("modes", f"{entry.path}: {what}"),), evidence)
            return
    if not answers(evidence.site, 403) or isinstance(evidence.modes, Unreadable):
        return
    for path, mode in _modes(evidence):
        if not mode & 0o044 and not shut_folders(evidence, path) and _is_met(path, evidence):
            yield _unreadable(path, 0.8, (Proof("modes", f"{path} {mode:03o}"),), evidence)
            return


def _said_by_page(evidence: Evidence) -> Finding | None:
    """Apache says it on its own page as well (server/config.c, ap_parse_htaccess): of the files on the way, the one that others may not
    read. A group's right does not tell whether the web server is of that group, where nothing but the mode is known; this page does."""
    pages = [page for page in failing_pages(evidence.site) if page.status in (403, 500) and _SAID_BY_APACHE in page.body[:4000]]
    modes = [] if isinstance(evidence.modes, Unreadable) else _modes(evidence)
    well = tuple(page for page in evidence.site.pages if page.status == 200)
    modes = [pair for pair in modes if not (well and _is_met(pair[0], evidence, pages=well))]  # read on the way to these
    for page in pages:
        shut = [(path, mode) for path, mode in modes if not mode & 0o004 and _is_met(path, evidence, pages=(page,))]
        closed = [pair for pair in shut if not pair[1] & 0o040] or shut
        if closed and not any(shut_folders(evidence, path) for path, _mode in closed):
            path, mode = closed[0]
            proofs = (
                Proof("probe", f"{page.path}: {page.status}, “{_SAID_BY_APACHE.decode()}”", paired=True),
                Proof("modes", f"{path} {mode:03o}"),
            )
            return _unreadable(path, 0.96 if len(closed) == 1 else 0.85, proofs, evidence)
    return None


def _modes(evidence: Evidence) -> list[tuple[str, int]]:
    """Every `.htaccess` with its mode, those that this login cannot read either from the tree."""
    found = {file.path: file.mode for file in htaccess_files(evidence)}
    for entry in evidence.tree if isinstance(evidence.tree, tuple) else ():
        if entry.kind == "file" and entry.path.rsplit("/", 1)[-1] == ".htaccess":
            found[entry.path] = entry.mode
    return sorted(found.items(), key=lambda pair: pair[0].count("/"))


def _mode_of(evidence: Evidence, path: str) -> int | None:
    return dict(_modes(evidence)).get(path)


def _leads_to_a_file(path: str, evidence: Evidence) -> bool:
    """Whether this link leads to a file that the web server may read; where that is not known, it is not said."""
    link = next((each for each in evidence.links if each.path == path), None)
    return link is not None and bool(link.way) and link.way[-1].kind == "file" and bool(link.way[-1].mode & 0o044)


def _is_met(path: str, evidence: Evidence, pages: tuple[PageSeen, ...] = ()) -> bool:
    """Whether the folder of this file lies on the way to a failing page, or to one of these."""
    folder, name = path.rpartition("/")[0], docroot_name(evidence)
    prefix = folder.removeprefix(name) + "/"
    return folder in ("", ".", "..", name) or any((page.path + "/").startswith(prefix) for page in pages or failing_pages(evidence.site))


def _logged_place(complaint: Complaint, evidence: Evidence) -> str:
    file = file_of(complaint, htaccess_files(evidence))
    if file:
        return file.path
    above = evidence.docroot.rstrip("/").rpartition("/")[0]
    if above and complaint.path.startswith(f"{above}/"):
        return shown_path(complaint.path, evidence)
    known = [path for path, _mode in _modes(evidence) if complaint.path.endswith("/" + path)]
    if known:
        return known[-1]
    # The docroot's name may stand among the folders above it, too: the longest way of which the folder is there, else the shortest.
    name, parts = docroot_name(evidence), complaint.path.split("/")
    there = {entry.path for entry in evidence.tree if entry.kind == "folder"} if isinstance(evidence.tree, tuple) else set()
    ways = ["/".join(parts[at:]) for at, part in enumerate(parts[:-1]) if part == name]
    found = next((way for way in ways if way.rpartition("/")[0] in there), "")
    return found or next(iter(ways[-1:]), "/".join(parts[-2:]))


def _unreadable(path: str, confidence: float, proofs: tuple[Proof, ...], evidence: Evidence) -> Finding:
    return Finding(
        check="htaccess-unreadable",
        cause="htaccess-unreadable",
        severity=Severity.CRITICAL,
        confidence=confidence,
        summary=_("The web server may not read {path}.").format(path=path),
        hint=CAUSES["htaccess-unreadable"].explanation,
        path=path,
        evidence=proofs,
        repairs=repairs_for("htaccess-unreadable"),
        data=(("paths", path),),
    )


@check(id="htaccess-auth-file", title=_("Whether the password file that .htaccess names is there"), needs=("htaccess",), order=30)
def auth_file(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    lines = lines_of_failure(evidence)
    logged = {match.group(1): line for line in lines if (match := _AUTH.search(line.text))}
    explained = not logged and any(line.paired for line in lines)
    files = {each.named: each for each in evidence.passwords}
    for file in htaccess_files(evidence):
        for line in parse(file.content).lines:
            if line.key not in ("authuserfile", "authgroupfile") or not line.words:
                continue
            entry = next((entry for path, entry in logged.items() if path.endswith(line.words[0])), None)
            confidence = 0.97 if entry else _without_password(files.get(line.words[0]), file, evidence)
            if confidence and not (explained and entry is None):
                yield _auth_finding(file, line, entry, confidence, files.get(line.words[0]))


def _without_password(known: PasswordFile | None, file: TextFile, evidence: Evidence) -> float:
    """How probable it is that this file is to blame for a 500 that the log says nothing of: who brings a password meets it.

    Who brings none is asked for one, as by a site that is shut on purpose: that counts only where the file came just before.
    """
    is_new = answers(evidence.site, 401) and _came_just_before(file, evidence)
    if not (answers_500(evidence.site) or is_new) or is_on_the_road(file, evidence) is not True or known is None:
        return 0.0
    if known.exists is False:
        return 0.8
    if known.exists is None:
        return 0.62
    return 0.78 if known.mode is not None and not known.mode & 0o044 else 0.0


def _came_just_before(file: TextFile, evidence: Evidence) -> bool:
    began = failing_since(evidence)
    return began is not None and began.timestamp() - _LATELY_S < file.mtime <= began.timestamp() + 60


def _auth_finding(file: TextFile, line: Line, entry: LogLine | None, confidence: float, known: PasswordFile | None) -> Finding:
    there = known is not None and known.exists is True
    gone = _("Line {line} of {path} names a password file that is not there: {named}.")
    shut = _("Line {line} of {path} names a password file that the web server may not read: {named}.")
    proofs = (proof_of(entry),) if entry else ()
    mode = (Proof("modes", f"{line.words[0]} {known.mode:03o}"),) if there and known and known.mode is not None else ()
    return Finding(
        check="htaccess-auth-file",
        cause="htaccess-auth-file-missing",
        severity=Severity.CRITICAL,
        confidence=confidence,
        summary=(shut if there else gone).format(line=line.number, path=file.path, named=line.words[0]),
        hint=CAUSES["htaccess-auth-file-missing"].explanation,
        path=file.path,
        line=line.number,
        also=("file-unreadable",) if there else (),
        evidence=(*proofs, Proof("file", f"{file.path}:{line.number}: {line.text.strip()}"[:2000]), *mode),
        repairs=repairs_for("htaccess-auth-file-missing", *(("make-password-file",) if there else ())),  # who is in it shall stay so
    )


@check(
    id="htaccess-proxy-target",
    title=_("Whether a rule passes requests on to something that is down"),
    needs=("error_log", "htaccess"),
    order=31,
)
def proxy_target(evidence: Evidence) -> Iterator[Finding]:
    entries = [line for line in lines_of_failure(evidence) if _PROXY.search(line.text)]
    rules = list(_passing_on(evidence)) if entries else []
    found = next(
        ((entry, rule) for fits in (_names, _names_host) for entry in entries for rule in rules if fits(entry.text, rule.target)), None
    )
    open_ones = [rule for rule in rules if _address(rule.target) is None]
    if found:
        yield _proxy_finding(proof_of(found[0]), found[1], 0.9)
    elif entries and (unnamed := next((entry for entry in entries if not _NAMES_TARGET.search(entry.text)), None)) and rules:
        yield _proxy_finding(proof_of(unnamed), rules[0], 0.9 if len(rules) == 1 else 0.7)
    elif open_ones:
        yield _proxy_finding(proof_of(entries[0]), open_ones[0], 0.7)


@check(id="htaccess-proxy-road", title=_("Whether failing pages are passed on to another program"), needs=("htaccess",), order=31)
def proxy_road(evidence: Evidence) -> Iterator[Finding]:
    """Where no log tells: the rule that the failing page's address meets."""
    if any(line.paired or _PROXY.search(line.text) for line in lines_of_failure(evidence)):
        return
    rules = list(_passing_on(evidence))
    for page, ending in endings(evidence, "proxy") if rules else ():
        places = {(step.path, step.line) for step in ending.steps}
        rule = next((rule for rule in rules if (rule.file.path, rule.line.number) in places), rules[0] if len(rules) == 1 else None)
        if rule is not None and page.status in (500, 502, 503, 504):
            yield _proxy_finding(Proof("probe", f"{page.path}: {page.status}"), rule, 0.82)
            return


class _PassingOn(NamedTuple):
    """A rule that hands requests to another server."""

    file: TextFile
    line: Line
    target: str


def _passing_on(evidence: Evidence) -> Iterator[_PassingOn]:
    for file in htaccess_files(evidence):
        for line in parse(file.content).lines:
            words = split_arguments(line.args) if line.key == "rewriterule" else ()
            flags = {flag.lower() for flag in flags_of(words[2]) or ()} if len(words) == 3 else set()
            if flags & {"p", "proxy"}:
                yield _PassingOn(file, line, words[1])


def _address(target: str) -> tuple[str, str] | None:
    """Host and port of a target, the port as it is usual for the scheme; None where the request decides."""
    match = _TARGET.match(target)
    return (match["host"].lower(), match["port"] or {"https": "443", "wss": "443"}.get(match["scheme"].lower(), "80")) if match else None


def _names(text: str, target: str) -> bool:
    """Whether the log speaks of this very host and port."""
    address = _address(target)
    return address is not None and _names_host(text, target) and re.search(rf":{address[1]}(?!\d)", text) is not None


def _names_host(text: str, target: str) -> bool:
    """Whether the log speaks of this host, and of no port but perhaps this one."""
    address = _address(target)
    if address is None or re.search(rf"(?<![\w.-]){re.escape(address[0])}(?![\w-])", text.lower()) is None:
        return False
    ports = _PORT_NAMED.findall(text)
    return not ports or address[1] in ports


def _proxy_finding(proof: Proof, rule: _PassingOn, confidence: float) -> Finding:
    file, line, target = rule
    return Finding(
        check="htaccess-proxy-target",
        cause="htaccess-proxy-target-down",
        severity=Severity.CRITICAL,
        confidence=confidence,
        summary=_("Line {line} of {path} passes requests on to {target}, which does not answer.").format(
            line=line.number, path=file.path, target=target
        ),
        path=file.path,
        line=line.number,
        evidence=(proof, Proof("file", f"{file.path}:{line.number}: {line.text.strip()}"[:2000])),
        repairs=repairs_for("htaccess-proxy-target-down"),
        data=(("directive", line.name),),
    )
