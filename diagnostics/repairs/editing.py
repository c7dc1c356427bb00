"""What repairs of a `.htaccess` share: the file, the line, new bytes, and proof that they are better than the old ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

from diagnostics.checks.common import server_of
from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding
from diagnostics.htaccess.directives import RESTRICTING, find_directive, nearest
from diagnostics.htaccess.lint import Fault, lint
from diagnostics.htaccess.parser import Document, Line, LineKind, parse
from diagnostics.htaccess.rewriting import flags_of, split_arguments
from diagnostics.repairs.affected import pages_below
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import CannotPlan
from sites.texts import mark as _

_LOCK_WORDS = ("denied", "deny", "valid-user", "granted", "htpasswd", "group ", "user ")
_REFUSING = ("401", "403", "404", "410", "gone")  # what a redirect answers where it keeps visitors out
_NOT_RUN = ("none", "text/plain", "default-handler", "octet-stream")  # what a file becomes that is not to be run as code
_HANDLERS = frozenset({"removehandler", "removetype", "forcetype", "sethandler", "addhandler", "addtype"})
_LOCK_SECTIONS = frozenset({"files", "filesmatch", "limit", "limitexcept", "requireall", "requireany", "requirenone"})
NEEDS_PERSON = _("This takes away a line that keeps visitors out of something. Only a person can say whether that is right.")


@dataclass(frozen=True, slots=True)
class Place:
    """The line of a `.htaccess` that a finding is about."""

    file: TextFile
    document: Document
    line: Line


def file_of(evidence: Evidence, finding: Finding) -> TextFile | None:
    files = evidence.htaccess if isinstance(evidence.htaccess, tuple) else ()
    return next((file for file in files if file.path == finding.path), None)


def place_of(evidence: Evidence, finding: Finding) -> Place | None:
    file = file_of(evidence, finding)
    if file is None or finding.line is None:
        return None
    document = parse(file.content)
    line = document.at(finding.line)
    return Place(file, document, line) if line else None


def faults_of(content: bytes, evidence: Evidence, finding: Finding) -> list[tuple[str, str, str]]:
    """What the linter says, with the module that the finding found missing known to be so."""
    server = server_of(evidence)
    module = module_missing(finding)
    if module:
        server = server.without({module})
    return [_identity(fault) for fault in lint(content, server) if fault.sure]


def module_missing(finding: Finding) -> str:
    """The module that the finding found missing, "" where it is about something else."""
    known = find_directive(finding.datum("directive"))
    return finding.datum("module") or (known.module if known and finding.cause.endswith(("loaded", "fpm", "syntax")) else "")


def _identity(fault: Fault) -> tuple[str, str, str]:
    return fault.cause, fault.name, fault.argument


def write_plan(
    evidence: Evidence, finding: Finding, file: TextFile, after: bytes, plan: Plan, *, lint_again: bool = True
) -> Plan | CannotPlan | None:
    """The plan with its write; refused when the new content is not better than the old one in the linter's eyes."""
    if after == file.content:
        return None
    if lint_again:
        before_faults, after_faults = faults_of(file.content, evidence, finding), faults_of(after, evidence, finding)
        fewer = len(after_faults) < len(before_faults) or not before_faults
        if not fewer or any(fault not in before_faults for fault in after_faults if before_faults):
            return CannotPlan(_("The file would not be better than before."))
    affects = pages_below(file.path.rpartition("/")[0])
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    return replace(plan, changes=(change,), affects=affects)


def with_lines(document: Document, replaced: dict[int, bytes]) -> bytes:
    """The file with some logical lines, by the number of their first line, replaced by other bytes."""
    return replace(
        document, lines=tuple(replace(line, raw=replaced[line.number]) if line.number in replaced else line for line in document.lines)
    ).content


def commented(line: Line) -> bytes:
    """The line as a comment: every physical line of it gets a mark, its bytes and ends stay."""
    return b"".join(b"# " + piece for piece in line.raw.splitlines(keepends=True))


def indent_of(line: Line) -> bytes:
    return line.raw[: len(line.raw) - len(line.raw.lstrip(b" \t"))]


def enclosing(document: Document, line: Line) -> tuple[Line, ...]:
    """The sections around this line, outermost first."""
    stack: list[Line] = []
    for other in document.lines:
        if other.number >= line.number:
            break
        if other.kind is LineKind.OPEN:
            stack.append(other)
        elif other.kind is LineKind.CLOSE and stack and stack[-1].key == other.key:
            stack.pop()
    return tuple(stack)


def protects(line: Line, document: Document) -> bool:
    """Whether this line keeps visitors, or code, out of something. In doubt it does."""
    if line.kind not in (LineKind.DIRECTIVE, LineKind.OPEN):
        return False
    if line.key in RESTRICTING or nearest(line.name).lower() in RESTRICTING:
        return not _lets_everybody_in(line)
    args = line.args.lower()
    key = line.key if find_directive(line.name) else nearest(line.name).lower() or line.key  # a misspelt word means what it looks like
    if key == "rewriterule":
        return _refuses(line)
    if key == "rewriteengine" and "on" in args:
        return any(other.key == "rewriterule" and _refuses(other) for other in document.lines)
    if key in ("redirect", "redirectmatch", "redirectgone"):
        return key == "redirectgone" or args.split(maxsplit=1)[:1] in [[word] for word in _REFUSING]
    if key in ("setenvif", "setenvifnocase", "browsermatch", "browsermatchnocase", "setenv"):
        return any(other.key in RESTRICTING and "env" in other.args.lower() for other in document.lines)
    if key.startswith(("auth", "sslverify")):
        return True
    if key == "options":
        return "-indexes" in args or "-execcgi" in args or "-includes" in args or "none" in args.split()
    if line.key in ("php_flag", "php_admin_flag") and args.startswith("engine"):
        return True
    if key in _HANDLERS and (key.startswith("remove") or any(word in args for word in _NOT_RUN)):
        return True
    if find_directive(line.name) is None and line.kind is LineKind.DIRECTIVE:
        locked = any(section.key in _LOCK_SECTIONS for section in enclosing(document, line))
        return locked or any(word in args for word in _LOCK_WORDS)
    return False


def _refuses(line: Line) -> bool:
    """Whether a rewrite rule answers "forbidden", "gone" or the like."""
    words = split_arguments(line.args)
    flags = [flag.upper() for flag in (flags_of(words[2]) or [words[2]])] if len(words) == 3 else []
    answers = {"F", "FORBIDDEN", "G", "GONE", *(f"{name}={code}".upper() for name in ("R", "REDIRECT") for code in _REFUSING)}
    return any(flag in answers or flag.startswith(("[F", "F]")) for flag in flags)


def _lets_everybody_in(line: Line) -> bool:
    words = [word.lower() for word in line.words]
    return (line.key == "require" and words == ["all", "granted"]) or (line.key == "allow" and words == ["from", "all"])
