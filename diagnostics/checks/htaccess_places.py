"""Which line of a `.htaccess` a complaint of Apache is about, where it names none: of several the first that Apache would refuse."""

from __future__ import annotations

import re
from dataclasses import replace

from diagnostics.checks.htaccess_messages import Complaint
from diagnostics.evidence import TextFile
from diagnostics.htaccess.conditions import holds
from diagnostics.htaccess.directives import find_directive
from diagnostics.htaccess.lint import Fault, lint
from diagnostics.htaccess.parser import Document, Line, parse
from diagnostics.htaccess.reading import Node, read
from diagnostics.htaccess.server import ServerKnowledge


def locate(complaint: Complaint, file: TextFile, server: ServerKnowledge) -> Fault | None:
    """The fault in the file that this complaint is about, None when the file no longer has it."""
    document = parse(file.content)
    known = find_directive(complaint.name)
    missing = {known.module} if known and complaint.message.startswith("Invalid command") else set()
    server = server.without(missing)
    faults = sorted(lint(document, server), key=lambda fault: (not fault.early, fault.order, fault.line))
    if document.has_byte_order_mark or document.is_utf_16:
        return faults[0]  # whatever is complained of follows from the mark: it swallows the first word
    fitting = [fault for fault in faults if _fits(fault, complaint)]
    if fitting:
        best = next((fault for fault in fitting if fault.line == complaint.line or _same_word(fault, complaint)), fitting[0])
        return replace(best, sure=True)
    said = next((fault for fault in faults if fault.line == complaint.line), None)
    if said is not None:
        return replace(said, cause=complaint.cause)
    return _by_words(complaint, document, server)


def _fits(fault: Fault, complaint: Complaint) -> bool:
    if complaint.cause not in (fault.cause, *fault.also):
        return False
    name = complaint.name.lower().lstrip("/")
    return not name or fault.name.lower() == name or fault.early or _is_kin(fault.name.lower(), name)


def _is_kin(one: str, other: str) -> bool:
    """Directives that Apache's messages do not tell apart."""
    return any({one, other} <= kin for kin in _KIN)


_KIN = (
    {"header", "requestheader"},
    {"redirect", "redirectmatch", "redirecttemp", "redirectpermanent"},
    {"allow", "deny"},
    {"authbasicprovider", "authdigestprovider", "authformprovider"},
    {"if", "elseif", "else"},
)


def _same_word(fault: Fault, complaint: Complaint) -> bool:
    return bool(complaint.argument) and complaint.argument == fault.argument


def _by_words(complaint: Complaint, document: Document, server: ServerKnowledge) -> Fault | None:
    """The first line with the directive and the word that the complaint quotes, for faults that only the server sees."""
    name = complaint.name.lower()
    for line in _looked_at(read(document, lambda line: holds(line, server), True).nodes):
        named = bool(name) and (line.key == name or _is_kin(line.key, name))
        holds_word = bool(complaint.argument) and re.search(rf"(?<!\w){re.escape(complaint.argument)}(?!\w)", line.args) is not None
        if (named and (holds_word or not complaint.argument)) or (not name and holds_word):
            why = complaint.message if len(complaint.message) < 200 else complaint.message[:200] + "…"
            return Fault(complaint.cause, line.number, line.name, why, True, complaint.argument)
    return None


def _looked_at(nodes: list[Node]) -> list[Line]:
    """The lines that Apache looks at, in its order: not those in a condition that does not hold."""
    found: list[Line] = []
    for node in nodes:
        found += [node.line, *_looked_at(node.children)]
    return found
