"""A `.htaccess` that the web server itself complains about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from diagnostics.causes import CAUSES
from diagnostics.checks.common import htaccess_files, is_near, lines_of_failure, proof_of, repairs_for, server_of
from diagnostics.checks.htaccess_messages import Complaint, complaint_in, file_of
from diagnostics.checks.htaccess_places import locate
from diagnostics.checks.registry import check
from diagnostics.checks.roads import is_on_the_road, place_of
from diagnostics.evidence import Evidence, LogLine, TextFile
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.htaccess.lint import Fault
from diagnostics.htaccess.parser import parse
from sites.texts import mark as _

CHECK = "htaccess-log"


@check(id=CHECK, title=_("What the error log says of .htaccess"), needs=("error_log",), order=10)
def htaccess_log(evidence: Evidence) -> Iterator[Finding]:
    seen: set[str] = set()
    for line in lines_of_failure(evidence):
        complaint = complaint_in(line.text)
        if complaint is None or complaint.path in seen or complaint.cause == "htaccess-unreadable":
            continue
        seen.add(complaint.path)  # of each file the newest complaint only: the server names one line at a time
        file = file_of(complaint, htaccess_files(evidence))
        if file is None and not _may_be_ours(complaint, line, evidence):
            continue  # one log may serve several sites of an account
        if file is None:
            yield _without_line(complaint, line, "/".join(complaint.path.split("/")[-2:]))
        elif fault := locate(complaint, file, server_of(evidence)):
            met = replace(line, paired=line.paired or _refused_ours_too(file, line, evidence))
            yield _weighed(finding_of(fault, file, confidence=0.98 if met.paired else 0.97, check_id=CHECK, line=met), file, met, evidence)
        elif line.paired:
            yield _without_line(complaint, line, file.path)


def _refused_ours_too(file: TextFile, line: LogLine, evidence: Evidence) -> bool:
    """A file that is read for a failing page and was refused while that page was asked for: whoever's line it is, ours met the same."""
    return is_near(line, evidence.site) and is_on_the_road(file, evidence) is True


def _weighed(found: Finding, file: TextFile, line: LogLine, evidence: Evidence) -> Finding:
    """A file that no failing page leads to was met by another request: it is a fault, and that it is this failure's is not said."""
    if line.paired or is_on_the_road(file, evidence):
        return found
    if place_of(evidence) is None:  # where the pages lead to is not known
        return replace(found, confidence=0.85)
    return replace(found, confidence=0.5, severity=Severity.WARNING)


def _may_be_ours(complaint: Complaint, line: LogLine, evidence: Evidence) -> bool:
    """Whether a file that this login does not see lies on the way to the docroot, or inside it."""
    if f"/{docroot_name(evidence)}/" in complaint.path:
        return True
    if evidence.docroot.startswith(complaint.path.removesuffix(".htaccess")):
        return True
    return line.paired and not isinstance(evidence.htaccess, tuple)


def _without_line(complaint: Complaint, line: LogLine, path: str) -> Finding:
    return Finding(
        check=CHECK,
        cause=complaint.cause,
        severity=Severity.CRITICAL,
        confidence=0.9,
        summary=_("The web server refuses {path}: {message}").format(path=path, message=complaint.message[:200]),
        hint=CAUSES[complaint.cause].explanation,
        path=path,
        line=complaint.line,
        evidence=(proof_of(line),),
    )


def finding_of(fault: Fault, file: TextFile, *, confidence: float, check_id: str, line: LogLine | None = None,
               severity: Severity = Severity.CRITICAL) -> Finding:  # fmt: skip
    """A finding for one line of a `.htaccess`, with what its repairs need to know."""
    text = parse(file.content).at(fault.line)
    shown = text.text.rstrip("\r\n") if text else ""
    proofs = (proof_of(line),) if line else ()
    proofs += (Proof("file", f"{file.path}:{fault.line}: {shown}"[:2000]),) if shown else ()
    without = () if fault.suggestion else ("correct-htaccess-line",)
    return Finding(
        check=check_id,
        cause=fault.cause,
        severity=severity,
        confidence=confidence,
        summary=_("Line {line} of {path}: {why}.").format(line=fault.line, path=file.path, why=fault.why.rstrip(".")),
        hint=CAUSES[fault.cause].explanation,
        path=file.path,
        line=fault.line,
        also=fault.also,
        evidence=proofs,
        repairs=repairs_for(fault.cause, *without),
        data=(
            ("directive", fault.name),
            ("argument", fault.argument),
            ("suggestion", fault.suggestion),
            ("module", fault.module),
        ),
    )
