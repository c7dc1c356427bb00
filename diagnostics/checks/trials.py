"""What trials have shown, as findings: proven by our own looks at the site, as long as what was tried is as it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from diagnostics.checks.common import htaccess_files, is_failing, repairs_for
from diagnostics.checks.layers import CHECK, of_layers
from diagnostics.checks.registry import check
from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.tried import LINES, Tried
from sites.texts import mark as _

_REPAIR = "comment-out-htaccess-lines"
_WHOLE = ("comment-out-htaccess-faults", "rename-htaccess")  # what goes further than the lines that were found
_PARTS = {"plugin": "wordpress-plugin", "mu-plugin": "wordpress-mu-plugin", "drop-in": "wordpress-dropin"}


@check(id=CHECK, title=_("What trials showed"), order=10)
def trials(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    for tried in evidence.tried:
        if tried.lines:
            yield from _of_lines(evidence, tried)
        if tried.parts:
            yield from _of_parts(evidence, tried)
        if tried.layers:
            yield from of_layers(evidence, tried)


def _of_lines(evidence: Evidence, tried: Tried) -> Iterator[Finding]:
    files = {file.path: file for file in htaccess_files(evidence)}
    for each in tried.lines:
        file = files.get(each.path)
        if file is None or hashlib.sha256(file.content).hexdigest() != each.sha256:
            return  # somebody has changed it since
    first, parts = tried.lines[0], sum(each.parts for each in tried.lines)
    one = parts == 1 and len(tried.lines) == 1
    if not tried.is_least:
        summary = _("The fault is among these lines of {path}: without them the pages answer.").format(path=first.path)
    elif one:
        summary = _("A trial showed it: without line {line} of {path} the pages answer.").format(line=first.lines[0], path=first.path)
    else:
        summary = _("A trial showed it: {count} places in {path} are at fault, the first in line {line}.").format(
            count=parts, path=", ".join(each.path for each in tried.lines), line=first.lines[0]
        )
    yield Finding(
        CHECK,
        tried.cause,
        Severity.CRITICAL,
        0.97 if tried.is_least else 0.9,
        summary,
        _("It was found by making lines a comment for a moment, {looks} times, and looking at the pages.").format(looks=tried.looks),
        first.path,
        first.lines[0],
        evidence=tuple(_proofs(evidence, tried)),
        repairs=_repairs(tried.cause, one),
        data=((LINES, json.dumps([[each.path, each.lines] for each in tried.lines])),),
    )


def _proofs(evidence: Evidence, tried: Tried) -> Iterator[Proof]:
    at = tried.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    for each in tried.lines:
        file = next(file for file in htaccess_files(evidence) if file.path == each.path)
        lines = file.content.decode("utf-8", "surrogateescape").split("\n")
        shown = "\n".join(f"{number}: {lines[number - 1].rstrip()}" for number in each.lines[:20])
        yield Proof("trial", f"{each.path}\n{shown}"[:2000], at)


def _of_parts(evidence: Evidence, tried: Tried) -> Iterator[Finding]:
    """Each of them, or none: where one of two is gone by now, it is not known what the other does alone."""
    there = {part.path for application in evidence.applications for part in application.components}
    if any(part.path not in there for part in tried.parts):
        return
    looked = _("It was found by setting parts aside for a moment, {looks} times, and looking at the pages.").format(looks=tried.looks)
    names = ", ".join(part.named for part in tried.parts)
    for part in tried.parts:
        if not tried.is_least:
            summary = _("The fault is in one of these: {names}. Without them the pages answer.").format(names=names)
        elif len(tried.parts) == 1:
            summary = _("A trial showed it: without {name} the pages answer, with it they fail.").format(name=part.named)
        else:
            summary = _("A trial showed it: the pages answer only without all of these: {names}.").format(names=names)
        proof = Proof("trial", _part_proof(part.path, tried), tried.at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        data = (("component", part.path), ("kind", part.kind), ("slug", part.slug))
        confidence = 0.97 if tried.is_least else 0.6
        cause = _PARTS[part.kind]
        yield Finding(
            CHECK, cause, Severity.CRITICAL, confidence, summary, looked, part.path,
            evidence=(proof,), repairs=repairs_for(cause, "restore-file"), data=data,
        )  # fmt: skip


def _part_proof(path: str, tried: Tried) -> str:
    if tried.is_least and len(tried.parts) == 1:
        return _("{path}\nset aside: the pages answered\nput back: the pages failed").format(path=path)
    return _("{path}\nset aside with the others named here: the pages answered").format(path=path)


def _repairs(cause: str, one: bool) -> tuple[str, ...]:
    """To correct a single line before taking it out, and that before the whole file goes."""
    others = list(repairs_for(cause, "comment-out-htaccess-line")) if one else ["rename-htaccess"]
    first = [each for each in others if each not in _WHOLE]
    return (*first, _REPAIR, *(each for each in others if each in _WHOLE))
