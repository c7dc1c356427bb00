"""Permissions, against what this kind of host asks for. Looser than needed is a note; only what explains the failure is more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from diagnostics.checks.common import answers, answers_500, is_failing, lines_of_failure, proof_of
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence, LogLine, TreeEntry
from diagnostics.facts.cgi_scripts import is_cgi
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.profiles import Judgement, ModeSeverity, get_profile, judge_root, policy_for
from sites.texts import mark as _

FOR_ITS_MODE = ("suexec policy violation", "SoftException", "is writable by", "is writeable by")
REFUSED = (*FOR_ITS_MODE, "End of script output", "Premature end of script headers", "suexec")
SHOWN = 20


@check(id="root-mode", title=_("Whether the host has shut the account"), order=5)
def root_mode(evidence: Evidence) -> Iterator[Finding]:
    if evidence.root_mode is None:
        return
    judgement = judge_root(evidence.root_mode, get_profile(evidence.profile))
    if judgement.severity is not ModeSeverity.HOSTS_BLOCK:
        return
    shut = is_failing(evidence.site) and (answers(evidence.site, 403) or answers_500(evidence.site))
    yield Finding(
        check="root-mode",
        cause="root-disabled-by-host",
        severity=Severity.CRITICAL if shut else Severity.NOTE,
        confidence=0.95 if shut else 0.5,
        summary=_("The root folder of the account has the permissions {mode}: this is how the host shuts an account.").format(
            mode=f"{evidence.root_mode:03o}"
        ),
        hint=_("Do not change it yourself. Look for a mail from the host, clean up, then ask the host to open the account."),
        evidence=(Proof("modes", f"/ {evidence.root_mode:03o}"),),
    )


@check(id="modes", title=_("Permissions of files and folders"), needs=("tree", "modes"), order=40)
def modes(evidence: Evidence) -> Iterator[Finding]:
    judged = judged_entries(evidence)
    groups: dict[ModeSeverity, list[tuple[TreeEntry, Judgement]]] = defaultdict(list)
    for entry, judgement in judged:
        groups[judgement.severity].append((entry, judgement))
    failing = is_failing(evidence.site)
    refusal = (_line_with(evidence, FOR_ITS_MODE) or _line_with(evidence, REFUSED)) if failing else None
    writable = groups[ModeSeverity.LIKELY_500] + groups[ModeSeverity.EXCEEDS_POLICY]
    if writable:
        yield _writable(evidence, writable, refusal)
    if blocked := groups[ModeSeverity.BLOCKS_SITE]:
        yield from _blocked(blocked)
    if loose := groups[ModeSeverity.ADVICE]:
        summary = _("{count} files or folders allow more than this host's guide asks for. The site works with that.")
        yield _finding("modes", "none", Severity.NOTE, 0.5, summary.format(count=len(loose)), loose, None, ())


def judged_entries(evidence: Evidence) -> list[tuple[TreeEntry, Judgement]]:
    """Every file and folder that is not as the profile says."""
    profile = get_profile(evidence.profile)
    name = docroot_name(evidence)
    found = []
    for entry in evidence.tree if isinstance(evidence.tree, tuple) else ():
        judgement = policy_for(entry, profile, docroot=entry.path == name)
        if judgement.severity is not ModeSeverity.FINE:
            found.append((entry, judgement))
    return found


def _line_with(evidence: Evidence, words: tuple[str, ...]) -> LogLine | None:
    return next((line for line in lines_of_failure(evidence) if any(word in line.text for word in words)), None)


def _writable(evidence: Evidence, group: list[tuple[TreeEntry, Judgement]], refusal: LogLine | None) -> Finding:
    profile = get_profile(evidence.profile)
    explains = answers_500(evidence.site) and is_failing(evidence.site) and (refusal is not None or profile.refuses_writable_by_others)
    if explains:
        named = [pair for pair in group if refusal and pair[0].path.rsplit("/", 1)[-1] in refusal.text]
        said = refusal is not None and any(words in refusal.text for words in FOR_ITS_MODE)
        confidence = (0.97 if said else 0.9) if named else 0.75 if refusal else 0.65
        severity = Severity.CRITICAL
    else:
        confidence, severity = 0.4, Severity.WARNING if is_failing(evidence.site) else Severity.NOTE
    summary = _("{count} files or folders may be written by others than their owner. Some hosts refuse to run such scripts.")
    repairs = ("set-permissions",)
    return _finding("modes", "cgi-writable-by-others", severity, confidence, summary.format(count=len(group)), group, refusal, repairs)


def _blocked(group: list[tuple[TreeEntry, Judgement]]) -> Iterator[Finding]:
    """Only a note: what was refused for it is told by the check that looks at refusals."""
    for kind, cause in (("folder", "folder-not-traversable"), ("file", "file-unreadable")):
        members = [pair for pair in group if pair[0].kind == kind and not is_cgi(pair[0])]
        if not members:
            continue
        folders = _("{count} folders may not be entered by the web server: {first}.")
        what = folders if kind == "folder" else _("{count} files may not be read by the web server: {first}.")
        summary = what.format(count=len(members), first=members[0][0].path)
        yield _finding("modes", cause, Severity.NOTE, 0.4, summary, members, None, ())


def _finding(check_id: str, cause: str, severity: Severity, confidence: float, summary: str, group: list[tuple[TreeEntry, Judgement]],
             line: LogLine | None, repairs: tuple[str, ...]) -> Finding:  # fmt: skip
    listed = "\n".join(f"{entry.path} {entry.mode:03o}" for entry, _judgement in group[:SHOWN])
    proofs = ((proof_of(line),) if line else ()) + (Proof("modes", listed),)
    return Finding(
        check=check_id,
        cause=cause,
        severity=severity,
        confidence=confidence,
        summary=summary,
        hint=group[0][1].why,
        path=group[0][0].path if len(group) == 1 else "",
        evidence=proofs,
        repairs=repairs,
        data=(("paths", "\n".join(entry.path for entry, _judgement in group[:500])),),
    )
