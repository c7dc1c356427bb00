"""Writes the tags of sections as they were meant: `<IfModul …>`, `<\\IfModule>`, `(IfModule …)`, `<IfModule>` for an end."""

from __future__ import annotations

import re

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding
from diagnostics.htaccess.directives import SECTIONS, SERVER_SECTIONS, nearest_section
from diagnostics.htaccess.parser import Document, Line, LineKind, encode, parse
from diagnostics.repairs.editing import file_of, indent_of, with_lines, write_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "correct-htaccess-section"
CAUSES = ("htaccess-invalid-directive", "htaccess-unclosed-section", "htaccess-bad-argument")
_ROUND = re.compile(r"^\(\s*(/?\w+)\s*(.*?)\s*\)$")
_END_BACKWARDS = re.compile(r"^<\s*\\\s*/?(\w+)\s*>*$")
_TAG = re.compile(r"^<\s*(/?)\s*(\w+)\b(.*)$")
_IN_TWO = re.compile(r"^(if)\s+(module|define|version|file)\b", re.IGNORECASE)
_WITHOUT = frozenset({"else", "requireall", "requireany", "requirenone"})  # sections that take no argument


@repair(id=ID, title=_("Correct a section of .htaccess"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Only tags are written anew; what stands in the sections stays as it is."""
    file = file_of(evidence, finding)
    if file is None:
        return None
    document = parse(file.content)
    new = _mended(document)
    if not new:
        return None
    first = min(new)
    title = _("Correct the section at line {line} of {path}").format(line=first, path=file.path)
    why = _("The beginning and the end of the section are written as the web server knows them.")
    return write_plan(evidence, finding, file, with_lines(document, new), Plan(ID, finding.cause, title, why, ()))


def _mended(document: Document) -> dict[int, bytes]:
    """The tags that are written anew, by the number of their line."""
    new: dict[int, bytes] = {}
    around: list[str] = []  # the sections that are open, as they are meant
    renamed: dict[str, str] = {}  # what was written for which section
    for line in document.lines:
        tag = None if line.kind in (LineKind.BLANK, LineKind.COMMENT) else _tag(line, around, renamed)
        if tag is None:
            continue
        if tag.startswith("</"):
            name = tag[2:-1].lower()
            if name in around:
                while around.pop() != name:
                    pass
        else:
            around.append(re.split(r"[\s>]", tag[1:], maxsplit=1)[0].lower())
        if tag != line.read:
            new[line.number] = indent_of(line) + encode(tag) + line.ending
    return new


def _tag(line: Line, around: list[str], renamed: dict[str, str]) -> str | None:
    """The tag that this line is, or was meant to be; None for what is none."""
    text = line.read
    if (round_ := _ROUND.match(text)) and _known(round_[1].lstrip("/")):
        text = f"<{round_[1]}{' ' if round_[2] else ''}{round_[2]}>"
    if back := _END_BACKWARDS.match(text):
        return f"</{_meant(back[1], renamed)}>"
    found = _TAG.match(text)
    if found is None:
        return None
    slash, written, rest = found.groups()
    name = written
    if not slash and (two := _IN_TWO.match(f"{name}{rest}")):
        name, rest = f"If{two[2].capitalize()}", f"{name}{rest}"[two.end() :]
        renamed["if"] = name
    meant = _meant(name, renamed)
    if slash:
        return f"</{_meant(name, renamed) if name.lower() not in around else name}>"
    argument = rest.strip()
    if argument in (">", "") and meant.lower() in around and meant.lower() not in _WITHOUT:
        return f"</{meant}>"
    if argument.startswith(">") and argument.strip("> ") and meant.lower() not in _WITHOUT:
        argument = argument.strip("> ") + ">"
    if argument == rest.strip() and meant == written and text == line.read:
        return line.read  # as it is
    return f"<{meant}{'' if argument.startswith('>') else ' '}{argument}"


def _known(name: str) -> bool:
    return name.lower() in SECTIONS or name.lower() in SERVER_SECTIONS or bool(nearest_section(name))


def _meant(name: str, renamed: dict[str, str]) -> str:
    key = name.lower()
    if key in renamed:
        return renamed[key]
    if key in SECTIONS or key in SERVER_SECTIONS:
        return name
    near = nearest_section(name)
    if near:
        renamed[key] = near
    return near or name
