"""What Apache says about a `.htaccess`, taken apart: which file, which cause, which word, and its place in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from diagnostics.evidence import TextFile
from diagnostics.facts.paths import same_file
from diagnostics.htaccess.directives import ACCESS_22, PHP_DIRECTIVES, find_directive
from diagnostics.htaccess.lint import Fault, lint
from diagnostics.htaccess.parser import Line, LineKind, parse
from diagnostics.htaccess.server import ServerKnowledge

_HEAD = re.compile(r"(?:\] |: |^)(?:AH\d+: )?(/[^\n]*?\.htaccess): (.+)", re.DOTALL)
_INVALID = re.compile(r"Invalid command '(.*?)', perhaps", re.DOTALL)
_NOT_ALLOWED = re.compile(r"(?:Option )?<?(\S+?)>? (?:not allowed (?:here|in)|cannot occur within)")
_PLACED = re.compile(r"\.htaccess:(\d+): <(\S+?)> was not closed")
_STRUCTURE = (
    re.compile(r"Expected </(?P<name>[^>]+)> before end of configuration"),
    re.compile(r"Expected </[^>]+>+ but saw </(?P<name>[^>]+)>"),
    re.compile(r"</(?P<name>[^>\s]+)>* without matching <"),
    re.compile(r"<(?P<name>/?\w+)>? directive missing closing '>'"),
    re.compile(r"<(?P<name>\w+)> was not closed"),
)
_FLAG = re.compile(r"(RewriteRule|RewriteCond): (?:unknown flag '(.*?)'|bad flag delimiters|invalid HTTP response code '(.*?)')")
_REGEX = re.compile(
    r"(RewriteRule|RewriteCond): cannot compile regular expression '(.*)'"
    r"|[Rr]eg(?:ex|ular expression) could not be compiled|[Cc](?:ould not|annot) compile regex|Failed to compile regular expression"
)
_CODE = re.compile(r"Unsupported HTTP response code (\S+)")
_UNREADABLE = re.compile(r"AH00529: (\S.*?\.htaccess) pcfg_openfile")


@dataclass(frozen=True, slots=True)
class Complaint:
    cause: str
    path: str  # as the server names it
    message: str
    name: str = ""  # the directive or container in question
    argument: str = ""
    line: int | None = None


def complaint_in(text: str) -> Complaint | None:
    """What this log line says about a `.htaccess`, None when it says nothing about one."""
    if match := _UNREADABLE.search(text):
        return Complaint("htaccess-unreadable", match.group(1), text)
    head = _HEAD.search(text)
    if head is None:
        return None
    path, message = head.group(1), head.group(2).strip()
    return _read(Complaint("", path, message.split("\n")[0]), message.replace("\\n", "\n").split("\n")[0])


def _read(base: Complaint, message: str) -> Complaint:
    if match := _INVALID.search(message):
        return _unknown_word(base, match.group(1))
    if match := _PLACED.search(message):
        return replace(base, cause="htaccess-unclosed-section", name=match.group(2), line=int(match.group(1)))
    for pattern in _STRUCTURE:
        if match := pattern.search(message):
            return replace(base, cause="htaccess-unclosed-section", name=match.group("name"))
    if match := _FLAG.search(message):
        return replace(base, cause="htaccess-bad-rewrite-flag", name=match.group(1), argument=match.group(2) or match.group(3) or "")
    if match := _REGEX.search(message):
        return replace(base, cause="htaccess-bad-regex", name=match.group(1) or "", argument=match.group(2) or "")
    if match := _CODE.search(message):
        return replace(base, cause="htaccess-bad-errordocument", name="ErrorDocument", argument=match.group(1))
    if match := _NOT_ALLOWED.search(message):
        option = message.startswith("Option ")
        return replace(
            base,
            cause="htaccess-directive-not-allowed",
            name="Options" if option else match.group(1),
            argument=match.group(1) if option else "",
        )
    word = re.match(r"'?([A-Za-z][\w]*)", message)
    known = find_directive(word.group(1)) if word else None
    return replace(base, cause="htaccess-bad-argument", name=known.name if known else "")


def _unknown_word(base: Complaint, word: str) -> Complaint:
    if word.startswith(("\\xef\\xbb\\xbf", "\ufeff")):
        return replace(base, cause="htaccess-byte-order-mark")
    name = word.lstrip("<").rstrip(">")
    if word.startswith("</"):
        return replace(base, cause="htaccess-unclosed-section", name=name.lstrip("/"))
    if word.lower() in PHP_DIRECTIVES:
        cause = "htaccess-php-directive-under-fpm"
    elif word.lower() in ACCESS_22:
        cause = "htaccess-apache22-syntax"
    else:
        cause = "htaccess-module-not-loaded" if find_directive(word) else "htaccess-invalid-directive"
    return replace(base, cause=cause, name=name)


def file_of(complaint: Complaint, files: tuple[TextFile, ...]) -> TextFile | None:
    """The file that the complaint is about; of several that would fit the one whose path is longest."""
    fitting = [file for file in files if same_file(complaint.path, file.path, file.absolute)]
    if fitting:
        return max(fitting, key=lambda file: len(file.path))
    above = [file for file in files if "/" not in file.path.lstrip("./")]
    inside = [file for file in files if file not in above]
    # the folder above the docroot has no name of its own to compare: only when no file inside could be meant
    return above[-1] if above and not inside and complaint.path.endswith("/.htaccess") else None


def locate(complaint: Complaint, file: TextFile, server: ServerKnowledge) -> Fault | None:
    """The fault in the file that this complaint is about, None when the file no longer has it."""
    document = parse(file.content)
    known = find_directive(complaint.name)
    missing = {known.module} if known and complaint.message.startswith("Invalid command") else set()
    faults = lint(document, server.without(missing))
    name = complaint.name.lower().lstrip("/")
    for fault in faults:
        if complaint.line is not None and fault.line == complaint.line:
            return replace(fault, cause=complaint.cause)
        same_name = not name or fault.name.lower() == name
        if fault.cause == complaint.cause and same_name and complaint.argument in (fault.argument, ""):
            return replace(fault, sure=True)
    for fault in faults:
        if name and fault.name.lower() == name and missing:
            why = (
                fault.why
                if fault.cause == complaint.cause or known is None
                else f"{known.name} belongs to {known.module}, which is not there"
            )
            return replace(fault, cause=complaint.cause, sure=True, why=why)
        if fault.cause == complaint.cause == "htaccess-unclosed-section":
            return fault
    return _by_words(complaint, document.lines, name)


def _by_words(complaint: Complaint, lines: tuple[Line, ...], name: str) -> Fault | None:
    """The line that holds the quoted word, for faults that only the server sees."""
    for line in lines:
        if line.kind not in (LineKind.DIRECTIVE, LineKind.OPEN):
            continue
        named = bool(name) and line.key == name
        holds = bool(complaint.argument) and complaint.argument in line.args
        if (named and (holds or not complaint.argument)) or (not name and holds):
            return Fault(complaint.cause, line.number, line.name, complaint.message, True, complaint.argument)
    return None
