"""Which lines of the `.htaccess` are to blame: halves of them are made comments, the site is looked at, and the file is put back."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from diagnostics.changes.changing import Seen
from diagnostics.changes.journal import printable, sha256
from diagnostics.checks.common import failing_pages, lines_of_failure, server_of
from diagnostics.evidence import Evidence, TextFile
from diagnostics.examining import Examination
from diagnostics.findings import Severity
from diagnostics.htaccess.directives import find_directive
from diagnostics.htaccess.lint import lint
from diagnostics.htaccess.parser import Document, parse
from diagnostics.models import Step
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.trying.bench import Bench, OutOfTime
from diagnostics.trying.minimal import Search
from diagnostics.trying.units import Unit, units_of, without

ID = "bisect-htaccess"
_LOOPS = ("AH00124", "AH02596")


@dataclass(frozen=True, slots=True)
class Part:
    """A file with what of it can be taken out."""

    file: TextFile
    document: Document
    units: tuple[Unit, ...]


def parts_of(evidence: Evidence) -> tuple[Part, ...]:
    """The files of the site that Apache reads for the pages that fail, outermost first. What lies above it serves others too."""
    files = evidence.htaccess if isinstance(evidence.htaccess, tuple) else ()
    top = evidence.docroot.rstrip("/")
    folders = {top or "/"}  # a login may see nothing but the docroot, which then is its root
    for page in failing_pages(evidence.site):
        asked = unquote(urlsplit(page.path).path, errors="surrogateescape").lstrip("/")
        folder = posixpath.normpath(f"{top}/{asked}")
        while folder.startswith(f"{top}/") and folder not in folders:
            folders.add(folder)
            folder = posixpath.dirname(folder)
    found = []
    for file in files:
        if posixpath.dirname(file.absolute) in folders:
            document = parse(file.content)
            found.append(Part(file, document, units_of(file.path, document)))
    return tuple(found)


def why_not(examination: Examination) -> str:
    """Why it is not offered; empty when it is."""
    evidence = examination.evidence
    if evidence.connection == "none":
        return _("There is no connection to the files of this site.")
    if not isinstance(evidence.htaccess, tuple):
        return _("The .htaccess files could not be read: %(why)s") % {"why": evidence.htaccess.why}
    parts = parts_of(evidence)
    if not parts:
        return _("The pages that fail have no .htaccess.")
    if not any(part.units for part in parts):
        return _("Every line of this .htaccess keeps visitors out of something, so none is taken out, not even for seconds.")
    return ""


def about(examination: Examination) -> int:
    """So many looks are expected."""
    units = sum(_all_units(part.units) for part in parts_of(examination.evidence))
    return math.ceil(math.log2(max(units, 1))) + 2


def _all_units(units: Sequence[Unit]) -> int:
    return sum(_all_units(unit.inner) or 1 for unit in units)


def run(bench: Bench, examination: Examination) -> Step:
    """Raises Ended, LockLost."""
    return _Run(bench, examination, parts_of(examination.evidence)).run()


@dataclass(slots=True)
class _Run:
    bench: Bench
    examination: Examination
    parts: tuple[Part, ...]
    wanted: frozenset[str] = frozenset()  # pages that answer when everything is out
    best: frozenset[Unit] = frozenset()
    best_seen: Seen | None = None
    is_over: bool = field(default=False)

    def run(self) -> Step:
        self.bench.about = about(self.examination)
        units = [unit for part in self.parts for unit in part.units]
        try:
            found = self._level(frozenset(), units)
            self.best = frozenset(found) or self.best
            self.is_over = True
        except OutOfTime:
            pass  # what was found so far is told
        if self.best_seen is None or not self.best:
            return self._elsewhere(units)
        return self._tell()

    # --- the search -----------------------------------------------------------------------------
    def _level(self, given: frozenset[Unit], units: Sequence[Unit]) -> list[Unit]:
        """The least of these that must be out beside `given`; empty where all of them do not help."""
        search = Search[Unit](lambda out: self._answers(given | out))
        main = [unit for unit in units if not unit.prepares]
        chosen = next((each for each in (main, list(units)) if each and search.is_well(frozenset(each))), [])
        found = list(search.minimal(chosen) or search.smallest) if chosen else []
        narrowed: list[Unit] = []
        for number, unit in enumerate(found):
            others = frozenset((*narrowed, *found[number + 1 :]))
            narrowed += (self._level(given | others, unit.inner) if unit.inner else []) or [unit]
        return narrowed

    def _answers(self, out: frozenset[Unit]) -> bool:
        seen = self.bench.without(self._plan(out))
        answered = self.bench.answered(seen)
        self.wanted = self.wanted or answered
        well = bool(self.wanted) and self.wanted <= answered
        if well and (not self.best or _size(out) <= _size(self.best)):
            self.best, self.best_seen = out, seen
        return well

    def _plan(self, out: frozenset[Unit]) -> Plan:
        changes = []
        for part in self.parts:
            units = [unit for unit in out if unit.path == part.file.path]
            if units:
                after = without(part.document, units)
                changes.append(WriteFile(part.file.absolute, part.file.path, part.file.content, after, part.file.mode))
        return Plan(ID, "", _("Make lines of .htaccess comments"), "", tuple(changes))

    # --- what it came to ------------------------------------------------------------------------
    def _elsewhere(self, units: Sequence[Unit]) -> Step:
        lines = sum(len(unit.numbers) for unit in units)
        kept = sum(line.kind.value in ("directive", "open") for part in self.parts for line in part.document.lines) - lines
        message = ngettext(
            "Without any of the %(count)d line that may be taken out, the site fails all the same.",
            "Without any of the %(count)d lines that may be taken out, the site fails all the same.",
            lines,
        ) % {"count": lines}
        if kept > 0:
            message += " " + _("The fault is elsewhere, or in a line that keeps visitors out of something: these were left as they are.")
        else:
            message += " " + _("The fault is not in .htaccess.")
        tried = {"looks": self.bench.looks, "lines": []}
        return self.bench.conclude(message, helped=False, tried=tried)

    def _tell(self) -> Step:
        rows = [self._row(part) for part in self.parts]
        rows = [row for row in rows if row["lines"]]
        where = "; ".join(
            ngettext("line %(lines)s of %(path)s", "lines %(lines)s of %(path)s", len(row["lines"]))
            % {"path": row["path"], "lines": _listed(row["lines"])}
            for row in rows
        )
        if self.is_over:
            message = _("Found: with %(where)s the pages fail, without they answer.") % {"where": where}
        else:
            message = _("The search was ended before it was down to single lines. The fault is among %(where)s.") % {"where": where}
        cause = next((cause for part in self.parts if (cause := self._cause(part))), "htaccess-bad-argument")
        tried = {"looks": self.bench.looks, "lines": rows, "cause": cause, "is_least": self.is_over}
        pages = list(self.best_seen.pages) if self.best_seen else []
        return self.bench.conclude(message, helped=True, pages_after=pages, tried=tried)

    def _row(self, part: Part) -> dict[str, object]:
        units = [unit for unit in self.best if unit.path == part.file.path]
        lines = sorted(number for unit in units for number in unit.numbers)
        return {"path": printable(part.file.path), "sha256": sha256(part.file.content), "lines": lines, "parts": len(units)}

    def _cause(self, part: Part) -> str:
        """What the log calls it, else the linter; else what the line looks like."""
        lines = {number for unit in self.best if unit.path == part.file.path for number in unit.numbers}
        if not lines:
            return ""
        for finding in self.examination.findings:
            of_file = finding.path == part.file.path and finding.cause.startswith("htaccess-") and finding.severity is not Severity.NOTE
            if of_file and (finding.line in lines or (finding.line is None and finding.confidence >= 0.6)):
                return finding.cause
        evidence = self.examination.evidence
        rules = [line for line in part.document.lines if line.number in lines and line.key in ("rewriterule", "rewritecond")]
        if rules and any(code in line.text for line in lines_of_failure(evidence) for code in _LOOPS):
            return "htaccess-rewrite-loop"
        faults = sorted(
            (fault for fault in lint(part.document, server_of(evidence)) if fault.line in lines), key=lambda each: not each.sure
        )
        if faults:
            return faults[0].cause
        if rules:
            return "htaccess-rewrite-loop"
        names = [line.name for line in part.document.lines if line.number in lines]
        return "htaccess-bad-argument" if all(find_directive(name) for name in names) else "htaccess-invalid-directive"


def _size(units: frozenset[Unit]) -> int:
    return sum(len(unit.numbers) for unit in units)


def _listed(lines: Sequence[int]) -> str:
    """Line numbers as people write them: "3, 7-9"."""
    spans: list[list[int]] = []
    for number in lines:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
