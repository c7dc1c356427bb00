"""What Apache says about a `.htaccess`, taken apart: which file, which cause, which word."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from diagnostics.evidence import TextFile
from diagnostics.facts.paths import same_file
from diagnostics.htaccess.directives import ACCESS_22, PHP_DIRECTIVES, SECTIONS, find_directive
from diagnostics.htaccess.lint import lint

_HEAD = re.compile(r"(?:\] |: |^)(?:AH\d+: )?(/[^\n]{0,1000}?\.htaccess): (.+)", re.DOTALL)
_INVALID = re.compile(r"Invalid command '(.{0,1000}?)', perhaps", re.DOTALL)
_NOT_ALLOWED = re.compile(r"(?:Option )?<?(\S{1,200}?)>? (?:not allowed (?:here|in)|cannot occur within)")
_PLACED = re.compile(r"\.htaccess:(\d+): <(\S+?)> was not closed")
_STRUCTURE = (
    re.compile(r"Expected </(?P<name>[^>]{1,200})> before end of configuration"),
    re.compile(r"Expected </[^>]{1,200}>+ but saw </(?P<name>[^>]{1,200})>"),
    re.compile(r"</(?P<name>[^>\s]{1,200})>* without matching <"),
    re.compile(r"<(?P<name>/?[^\s<>]{1,200}+)[^\n<]{0,200}? directive missing closing '>'"),
    re.compile(r"<(?P<name>\w+)> was not closed"),
)
_FLAG = re.compile(r"(RewriteRule|RewriteCond): (?:unknown flag '(.*?)'|bad flag delimiters|invalid HTTP response code '(.*?)')")
_REGEX = re.compile(
    r"(RewriteRule|RewriteCond): cannot compile regular expression '(.*)'"
    r"|[Rr]eg(?:ex|ular expression) could not be compiled|[Cc](?:ould not|annot) compile regex|Failed to compile regular expression"
)
_CODE = re.compile(r"Unsupported HTTP response code (\S+)")
_ESCAPED = re.compile(rb"\\(x[0-9a-fA-F]{2}|[\\\"ntr])")
_UNREADABLE = re.compile(r"AH00529: (\S.{0,1000}?\.htaccess) pcfg_openfile")


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
    text = unescaped(text)
    if match := _UNREADABLE.search(text):
        return Complaint("htaccess-unreadable", match.group(1), text)
    head = _HEAD.search(text)
    if head is None:
        return None
    path, message = head.group(1), head.group(2).strip()
    return _read(Complaint("", path, message.split("\n")[0]), message.split("\n")[0])


def unescaped(text: str) -> str:
    """A line of the log with the letters that Apache does not write as they are: `ap_escape_errorlog_item` of server/util.c."""
    if "\\" not in text:
        return text
    raw = _ESCAPED.sub(_letter, text.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")


def _letter(match: re.Match[bytes]) -> bytes:
    code = match.group(1)
    return bytes([int(code[1:], 16)]) if code[:1] == b"x" else {b"n": b"\n", b"t": b"\t", b"r": b"\r"}.get(code, code)


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
    return replace(base, cause="htaccess-bad-argument", name=_named(message), argument=_quoted(message))


# Beginnings of messages that do not begin with the directive they are about.
_ABOUT = (
    ("first argument must be 'add'", "Header"), ("Header ", "Header"), ("header ", "Header"), ("Unknown parameter: ", "Header"),
    ("Unrecognized header format", "Header"), ("Unknown Authz provider", "Require"), ("negative ", "Require"),
    ("Argument for 'Require", "Require"), ("ip address '", "Require"), ("'require ip'", "Require"), ("Illegal option ", "Options"),
    ("Either all Options", "Options"), ("You may not use 'Options", "Options"), ("Redirect", "Redirect"), ("URL to redirect", "Redirect"),
    ("Cannot parse redirect", "Redirect"), ("Unknown Authn provider", "AuthBasicProvider"), ("unknown order", "Order"),
    ("allow and deny must", "Allow"), ("Missing ", ""), ("Unknown filter provider", "AddOutputFilterByType"),
    ("Cannot parse condition clause", "If"), ("Invalid directory indexing", "IndexOptions"), ("Unknown keyword", "FileETag"),
)  # fmt: skip


def _named(message: str) -> str:
    """The directive that a message about arguments speaks of, "" where it does not say."""
    for beginning, name in _ABOUT:
        if message.startswith(beginning):
            return name
    word = re.match(r"['<]?([A-Za-z]\w*)", message)
    known = find_directive(word.group(1)) if word else None
    return known.name if known else word.group(1) if word and word.group(1).lower() in SECTIONS else ""


def _quoted(message: str) -> str:
    """The word of the file that a message repeats, where it does so at its end or in quotes."""
    match = re.search(r"(?:provider: |Illegal option |Unknown parameter: |filter provider )(\S+)|'([^']+)' appears", message)
    return next((group for group in match.groups() if group), "") if match else ""


def _unknown_word(base: Complaint, word: str) -> Complaint:
    if word.startswith(("\ufeff", "\udcff\udcfe", "\udcfe\udcff")):
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
    """The file that the complaint is about; of several that would fit the one whose path is longest.

    A login may see another root than the server, so a file above the docroot has no name of its own to compare: it is meant when the
    path fits no other, and the file has the word that is complained of or, where none is told, a fault of this kind.
    """
    fitting = [file for file in files if same_file(complaint.path, file.path, file.absolute)]
    if fitting:
        return max(fitting, key=lambda file: len(file.path))
    above = [file for file in files if not file.path.removesuffix(".htaccess").strip("./")]
    if not complaint.path.endswith("/.htaccess"):
        return None
    word = (complaint.argument or complaint.name.lstrip("</")).encode("utf-8", "surrogateescape").lower()
    only = len(above) == len(files)
    met = next((file for file in reversed(above) if only or (word and word in file.content.lower())), None)
    return met or next((file for file in reversed(above) if not word and _has_such_a_fault(file, complaint)), None)


def _has_such_a_fault(file: TextFile, complaint: Complaint) -> bool:
    """Whether the file is refused for what is complained of, where the complaint repeats no word of it."""
    return any(fault.sure and complaint.cause in (fault.cause, *fault.also) for fault in lint(file.content))
