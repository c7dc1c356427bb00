"""Order, Allow and Deny written as Require, only where both mean exactly the same."""

from __future__ import annotations

import re

from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding
from diagnostics.htaccess.directives import ACCESS_22
from diagnostics.htaccess.parser import Document, Line, LineKind, parse
from diagnostics.repairs.editing import commented, enclosing, indent_of, place_of, protects, with_lines, write_plan
from diagnostics.repairs.plan import Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "modern-access-syntax"
_BY_PLACE = ("all", "ip", "host", "forward-dns", "local", "env", "method", "expr")
_ADDRESS = re.compile(r"(?:\d{1,3}\.){0,3}\d{1,3}\.?(?:/[\d.]+)?$|[0-9A-Fa-f:]*:[0-9A-Fa-f:]*(?:/\d+)?$")
_HOST = re.compile(r"\.?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$")


@repair(id=ID, title=_("Write access rules in today's words"), causes=("htaccess-apache22-syntax",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    place = place_of(evidence, finding)
    if place is None:
        return None
    new: dict[int, bytes] = {}
    for group in groups(place.document):
        lines = translate(group, place.document)
        if lines is None or (lines and _ruled_from_above(evidence, place.file)):
            return CannotPlan(_("These access rules have no exact counterpart. Somebody who knows them must rewrite them."))
        ending = place.document.ending
        indent = indent_of(group[0])
        for line in group:
            new[line.number] = commented(line) if line.ending else commented(line) + ending
        new[group[-1].number] += b"".join(indent + text.encode() + ending for text in lines)
    if not new:
        return None
    title = _("Write the access rules of {path} in today's words").format(path=place.file.path)
    why = _("Require says the same. The old lines stay as comments, and nobody gets in who was kept out before.")
    return write_plan(evidence, finding, place.file, with_lines(place.document, new), Plan(ID, finding.cause, title, why, ()))


def groups(document: Document) -> list[list[Line]]:
    """The old lines, those of one section together; lines that are passed over by a condition on the old module are left out."""
    found: dict[tuple[int, ...], list[Line]] = {}
    for line in document.lines:
        if line.kind is not LineKind.DIRECTIVE or line.key not in ACCESS_22:
            continue
        sections = enclosing(document, line)
        if any(section.key == "ifmodule" and ("access_compat" in section.args or section.args.startswith("!")) for section in sections):
            continue
        found.setdefault(tuple(section.number for section in sections), []).append(line)
    return list(found.values())


def translate(group: list[Line], document: Document) -> list[str] | None:
    """The Require lines for one section, None where there is no exact equivalent.

    Letting everybody in for the whole folder needs no line: `Require all granted` would also lift what the folders above ask for
    (AuthMerging is off by default, mod_authz_core), which `Allow from all` did not.
    """
    old = [line for line in group if line.key != "satisfy"]
    if len(old) < len(group) and (_asks_for_password(document) or not old):
        return None if _asks_for_password(document) else []  # without a password to ask for, Satisfy decides nothing
    lines = _requires(old)
    if lines == ["Require all granted"] and not enclosing(document, group[0]):
        return None if _other_rules(group, document, same_only=True) else []
    return None if lines is None or _other_rules(group, document) else lines


def _asks_for_password(document: Document) -> bool:
    """Whether who somebody is counts anywhere, not just where he comes from (mod_authz_core's and mod_authz_host's providers)."""
    lines = [line for line in document.lines if line.kind is LineKind.DIRECTIVE]
    asked = [line.words[0].lower() for line in lines if line.key == "require" and line.words]
    return any(line.key == "authtype" for line in lines) or any(word not in _BY_PLACE for word in asked)


def _requires(group: list[Line]) -> list[str] | None:
    order, allow, deny = "deny,allow", [], []
    for line in group:
        if line.key == "order":
            order = ",".join(line.words).lower()
        elif line.words[:1] and line.words[0].lower() == "from":
            (allow if line.key == "allow" else deny).extend(line.words[1:])
        else:
            return None
    everybody_in, everybody_out = _all(allow), _all(deny)
    if order == "allow,deny":
        if everybody_out or not allow:
            return ["Require all denied"]
        if not deny:
            return ["Require all granted"] if everybody_in else _require(allow)
        barred = _require(deny, "not ")
        return _all_but(barred) if everybody_in else None
    if order != "deny,allow":
        return None
    if everybody_in or not deny:
        return ["Require all granted"]
    if not everybody_out:
        return None if allow else _all_but(_require(deny, "not "))
    return _require(allow) if allow else ["Require all denied"]


def _all_but(barred: list[str] | None) -> list[str] | None:
    if barred is None:
        return None
    return ["<RequireAll>", "    Require all granted", *(f"    {text}" for text in barred), "</RequireAll>"]


def _ruled_from_above(evidence: Evidence, file: TextFile) -> bool:
    """Whether a folder above asks for something by Require: a Require here would take its place instead of adding to it."""
    files = evidence.htaccess if isinstance(evidence.htaccess, tuple) else ()
    folder = file.absolute.rpartition("/")[0]
    above = [each for each in files if each is not file and folder.startswith(each.absolute.rpartition("/")[0] + "/")]
    return any(
        line.key in ("require", "authtype") and protects(line, document) for document in map(_parsed, above) for line in document.lines
    )


def _parsed(file: TextFile) -> Document:
    return parse(file.content)


def _other_rules(group: list[Line], document: Document, *, same_only: bool = False) -> bool:
    """Whether the same section also asks for a password or has rules of today: then both would mix."""
    mine = tuple(section.number for section in enclosing(document, group[0]))
    for line in document.lines:
        if line.key in ("require", "authtype", "satisfy") and line.kind is LineKind.DIRECTIVE:
            theirs = tuple(section.number for section in enclosing(document, line))
            if theirs == mine or (not same_only and (not mine or not theirs)):
                return True
    return False


def _all(words: list[str]) -> bool:
    return any(word.lower() == "all" for word in words)


def _require(words: list[str], negation: str = "") -> list[str] | None:
    lines = []
    for word in words:
        if word.lower().startswith("env=") and not word.lower().startswith("env=!"):
            lines.append(f"Require {negation}env {word[4:]}")
        elif _ADDRESS.match(word):
            lines.append(f"Require {negation}ip {word.rstrip('.')}")
        elif _HOST.match(word) and not negation:
            lines.append(f"Require host {word}")
        else:
            return None
    return lines
