"""What else the log says of a `.htaccess`: unreadable, a password file that is gone, a target that does not answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import (
    answers,
    docroot_name,
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
from diagnostics.evidence import Evidence, Unreadable
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.htaccess.parser import parse
from diagnostics.htaccess.rewriting import flags_of, split_arguments
from sites.texts import mark as _

_AUTH = re.compile(r"AH01620: Could not open password file: (\S+)")
_PROXY = re.compile(r"AH00957|AH01114|AH00898")


@check(id="htaccess-unreadable", title=_("Whether the web server may read .htaccess"), order=16)
def htaccess_unreadable(evidence: Evidence) -> Iterator[Finding]:
    for line in lines_of_failure(evidence):
        complaint = complaint_in(line.text)
        if complaint and complaint.cause == "htaccess-unreadable":
            path = _logged_place(complaint, evidence)
            if not shut_folders(evidence, path):  # the line says the same of a folder that may not be entered
                yield _unreadable(path, 0.97 if _mode_of(evidence, path) is not None else 0.9, (proof_of(line),), evidence)
            return
    if not answers(evidence.site, 403) or isinstance(evidence.modes, Unreadable):
        return
    for path, mode in _modes(evidence):
        if not mode & 0o044 and not shut_folders(evidence, path) and _is_met(path, evidence):
            yield _unreadable(path, 0.8, (Proof("modes", f"{path} {mode:03o}"),), evidence)
            return


def _modes(evidence: Evidence) -> list[tuple[str, int]]:
    """Every `.htaccess` with its mode, those that this login cannot read either from the tree."""
    found = {file.path: file.mode for file in htaccess_files(evidence)}
    for entry in evidence.tree if isinstance(evidence.tree, tuple) else ():
        if entry.kind == "file" and entry.path.rsplit("/", 1)[-1] == ".htaccess":
            found[entry.path] = entry.mode
    return sorted(found.items(), key=lambda pair: pair[0].count("/"))


def _mode_of(evidence: Evidence, path: str) -> int | None:
    return dict(_modes(evidence)).get(path)


def _is_met(path: str, evidence: Evidence) -> bool:
    """Whether the folder of this file lies on the way to a failing page."""
    folder, name = path.rpartition("/")[0], docroot_name(evidence)
    prefix = folder.removeprefix(name) + "/"
    return folder in ("", ".", "..", name) or any((page.path + "/").startswith(prefix) for page in failing_pages(evidence.site))


def _logged_place(complaint: Complaint, evidence: Evidence) -> str:
    file = file_of(complaint, htaccess_files(evidence))
    if file:
        return file.path
    known = [path for path, _mode in _modes(evidence) if complaint.path.endswith("/" + path)]
    name = docroot_name(evidence)
    inside = complaint.path.partition(f"/{name}/")
    return known[-1] if known else f"{name}/{inside[2]}" if inside[1] else "/".join(complaint.path.split("/")[-2:])


def _unreadable(path: str, confidence: float, proofs: tuple[Proof, ...], evidence: Evidence) -> Finding:
    known = _mode_of(evidence, path) is not None
    return Finding(
        check="htaccess-unreadable",
        cause="htaccess-unreadable",
        severity=Severity.CRITICAL,
        confidence=confidence,
        summary=_("The web server may not read {path}.").format(path=path),
        hint=CAUSES["htaccess-unreadable"].explanation,
        path=path,
        evidence=proofs,
        repairs=repairs_for("htaccess-unreadable") if known else (),
        data=(("paths", path),),
    )


@check(id="htaccess-auth-file", title=_("Whether the password file that .htaccess names is there"), needs=("htaccess",), order=30)
def auth_file(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    logged = {m.group(1): line for line in lines_of_failure(evidence) if (m := _AUTH.search(line.text))}
    for file in htaccess_files(evidence):
        for line in parse(file.content).lines:
            if line.key != "authuserfile" or not line.words:
                continue
            named = line.words[0]
            entry = next((entry for path, entry in logged.items() if path.endswith(named)), None)
            if entry is None and evidence.exists(named) is not False:
                continue
            yield Finding(
                check="htaccess-auth-file",
                cause="htaccess-auth-file-missing",
                severity=Severity.CRITICAL if entry else Severity.WARNING,
                confidence=0.97 if entry else 0.7,
                summary=_("Line {line} of {path} names a password file that is not there.").format(line=line.number, path=file.path),
                path=file.path,
                line=line.number,
                evidence=((proof_of(entry),) if entry else ()) + (Proof("file", f"{file.path}:{line.number}: AuthUserFile {named}"),),
            )


@check(
    id="htaccess-proxy-target",
    title=_("Whether a rule passes requests on to something that is down"),
    needs=("error_log", "htaccess"),
    order=31,
)
def proxy_target(evidence: Evidence) -> Iterator[Finding]:
    entry = next((line for line in lines_of_failure(evidence) if _PROXY.search(line.text)), None)
    if entry is None:
        return
    for file in htaccess_files(evidence):
        for line in parse(file.content).lines:
            words = split_arguments(line.args) if line.key == "rewriterule" else ()
            flags = {flag.lower() for flag in flags_of(words[2]) or ()} if len(words) == 3 else set()
            if flags & {"p", "proxy"}:
                yield Finding(
                    check="htaccess-proxy-target",
                    cause="htaccess-proxy-target-down",
                    severity=Severity.CRITICAL,
                    confidence=0.9,
                    summary=_("Line {line} of {path} passes requests on to {target}, which does not answer.").format(
                        line=line.number, path=file.path, target=words[1]
                    ),
                    path=file.path,
                    line=line.number,
                    evidence=(proof_of(entry), Proof("file", f"{file.path}:{line.number}: {line.text.strip()}")),
                    repairs=repairs_for("htaccess-proxy-target-down"),
                    data=(("directive", line.name),),
                )
                return
