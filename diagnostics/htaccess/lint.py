"""Which lines of a `.htaccess` Apache 2.4 will refuse, before it says so.

A fault is `sure` when every Apache 2.4 answers 500 because of it, and not `sure` when that depends on modules or settings of the
server that are not known. Lines inside a section whose module is absent are not looked at, as Apache does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.htaccess.arguments import Context, lint_arguments
from diagnostics.htaccess.conditions import holds
from diagnostics.htaccess.directives import (
    ACCESS_22,
    CONDITIONAL,
    PHP_DIRECTIVES,
    SECTIONS,
    SERVER_SECTIONS,
    Directive,
    find_directive,
    nearest,
    nearest_section,
)
from diagnostics.htaccess.invisible import has_invisible, made_plain
from diagnostics.htaccess.parser import Document, Line, LineKind, parse
from diagnostics.htaccess.reading import Misfit, Node, Reading, read
from diagnostics.htaccess.sections import REQUIRING, lint_requiring, lint_section
from diagnostics.htaccess.server import UNKNOWN_SERVER, ServerKnowledge
from diagnostics.htaccess.usual_arguments import doubtful_option

MOST_FAULTS = 100  # nobody reads more of one file


@dataclass(frozen=True, slots=True)
class Fault:
    """`early`: found while the file is read, so that Apache names it before every fault that is not."""

    cause: str
    line: int
    name: str  # directive or container, as written
    why: str
    sure: bool = True
    argument: str = ""
    suggestion: str = ""  # what to write instead, where that is known
    module: str = ""
    early: bool = False
    also: tuple[str, ...] = ()
    order: int = 0  # in which Apache comes upon those that are not early: a section's own fault may come after what is in it


def lint(content: bytes | Document, server: ServerKnowledge = UNKNOWN_SERVER) -> tuple[Fault, ...]:
    """The faults in the order of their lines."""
    document = parse(content) if isinstance(content, bytes) else content
    if server.reads_nothing:
        return ()
    if document.is_utf_16:
        why = "the file is saved as UTF-16, two bytes a letter, and Apache takes its first two bytes for a command"
        return (Fault("htaccess-byte-order-mark", 1, "", why, early=True, also=("htaccess-invalid-directive",)),)
    faults = [_byte_order_mark(document)] if document.has_byte_order_mark else []
    reading = read(document, lambda line: holds(line, server), True)
    if reading.misfits or document.lines:
        faults += _misfits(reading, read(document, lambda line: holds(line, server), False))
    faults += _conditions_not_allowed(document, server)
    return tuple(sorted(faults + _Walk(server).over(reading), key=lambda fault: fault.line))


def first_refused(faults: tuple[Fault, ...]) -> Fault | None:
    """The one of these that Apache stops at."""
    return min((fault for fault in faults if fault.sure), key=lambda fault: (not fault.early, fault.order, fault.line), default=None)


def _byte_order_mark(document: Document) -> Fault:
    first = next((line for line in document.lines if line.kind is not LineKind.BLANK), None)
    why = "the file begins with an invisible byte order mark that Apache takes for a command"
    return Fault("htaccess-byte-order-mark", first.number if first else 1, "", why, early=True)


def _misfits(held: Reading, not_held: Reading) -> list[Fault]:
    """Only the first is told: those after it are mostly its consequences. Sure is what is wrong whatever the conditions come to."""
    first = next(iter(held.misfits), None) or next(iter(not_held.misfits), None)
    if first is None:
        return []
    return [_misfit(first, sure=bool(held.misfits and not_held.misfits))]


def _conditions_not_allowed(document: Document, server: ServerKnowledge) -> list[Fault]:
    """`<IfModule>` and its like are looked at while the file is read, and need some class of AllowOverride themselves."""
    if server.allows("any") or "override" in server.nonfatal:
        return []
    opened = [line for line in document.lines if line.kind is LineKind.OPEN and line.key in CONDITIONAL]
    refused = [line for line in opened if f"<{line.key}" not in server.listed][:1]
    cause, why = "htaccess-directive-not-allowed", "<{name}> is not allowed here by this host"
    return [Fault(cause, line.number, line.name, why.format(name=line.name), early=True) for line in refused]


def _misfit(misfit: Misfit, *, sure: bool) -> Fault:
    line = misfit.line
    known = line.key in SECTIONS or line.key in SERVER_SECTIONS
    also = () if known or misfit.cause == "htaccess-bad-argument" else ("htaccess-invalid-directive",)
    return Fault(misfit.cause, line.number, line.name, misfit.why, sure, suggestion=misfit.suggestion, early=True, also=also)


class _Walk:
    """Looks at the directives of a tree one after the other, as `ap_walk_config` does."""

    def __init__(self, server: ServerKnowledge) -> None:
        self.server = server
        self.around: list[Line] = []
        self.certain = True
        self.faults: list[Fault] = []

    def over(self, reading: Reading) -> list[Fault]:
        self._nodes(reading.nodes)
        return self.faults

    def _nodes(self, nodes: list[Node]) -> None:
        has_if = False  # in this section: `<Else>` belongs to an `<If>` beside it (core.c, add_element_section)
        for node in nodes:
            if node.line.kind is LineKind.OPEN and node.line.key in ("else", "elseif") and not has_if:
                why = f"no <If> stands before <{node.line.name}> in the same section"
                self.certain = node.certain
                self._add("htaccess-bad-argument", node.line, why, also=("htaccess-unclosed-section",))
            has_if = has_if or node.line.key == "if"
            if len(self.faults) >= MOST_FAULTS:
                return
            self.certain = node.certain
            if node.line.kind is LineKind.OPEN:
                self._section(node)
            else:
                self._directive(node.line)

    def _add(
        self, cause: str, line: Line, why: str, *, sure: bool = True, argument: str = "", suggestion: str = "", module: str = "",
        also: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        sure, order = sure and self.certain, len(self.faults)
        self.faults.append(Fault(cause, line.number, line.name, why, sure, argument, suggestion, module, also=also, order=order))

    def _section(self, node: Node) -> None:
        line = node.line
        known = SECTIONS.get(line.key)
        if line.key in SERVER_SECTIONS:
            self._add("htaccess-directive-not-allowed", line, f"<{line.name}> may only stand in the server's own configuration")
        elif known is None:
            self._unknown_section(line)
        elif not self._is_allowed(line, known):
            self._not_allowed(line, f"<{line.name}>")
        elif complaint := lint_section(line, self.around):
            self._add(complaint[0], line, complaint[1], argument=complaint[2])
        self.around.append(line)
        self._nodes(node.children)
        self.around.pop()
        self.certain = node.certain
        if line.key in REQUIRING and (complaint := lint_requiring(line, [around.key for around in self.around], _requires(node))):
            self._add(complaint[0], line, complaint[1], argument=complaint[2])

    def _unknown_section(self, line: Line) -> None:
        if "unknown" not in self.server.nonfatal:
            near = nearest_section(line.name)
            hint = f"; <{near}> is probably meant" if near else ""
            self._add("htaccess-invalid-directive", line, f"Apache knows no section <{line.name}>{hint}", suggestion=near)

    def _is_allowed(self, line: Line, known: Directive) -> bool:
        if any(around.key in REQUIRING for around in self.around):
            return "AuthConfig" in known.override or known.override == "any" or line.key in self.server.listed
        return self.server.allows(known.override, f"<{line.key}" if line.kind is LineKind.OPEN else line.key)

    def _not_allowed(self, line: Line, shown: str) -> None:
        if "override" in self.server.nonfatal:
            return
        inside = next((around for around in reversed(self.around) if around.key in REQUIRING), None)
        where = f"inside <{inside.name}>" if inside else "here by this host"
        self._add("htaccess-directive-not-allowed", line, f"{shown} is not allowed {where}")

    def _directive(self, line: Line) -> None:
        known = find_directive(line.name)
        if known is None:
            self._unknown(line)
        elif not known.override:
            self._server_only(line, known)
        elif not self._is_allowed(line, known):  # its module may be missing besides: it is refused either way
            if self.server.has(known.module) is not False:
                self._not_allowed(line, known.name)
            elif self.certain:
                self._missing_module(line, known, sure=True)
        elif self._is_there(line, known):
            self._arguments(line, known)

    def _arguments(self, line: Line, known: Directive) -> None:
        if complaint := lint_arguments(line, known, Context(self.server, [around.key for around in self.around])):
            # a broken argument is refused if the module is there, the whole line if it is not
            self._add(complaint[0], line, complaint[1], argument=complaint[2])
        elif line.key == "options" and (option := doubtful_option(line, self.server)):
            why = f"the option {option} is one that hosts of this kind often do not allow"
            self._add("htaccess-directive-not-allowed", line, why, sure=False, argument=option)

    def _unknown(self, line: Line) -> None:
        if "unknown" in self.server.nonfatal:
            return
        if has_invisible(line.name):
            bare = next(iter(made_plain(line.read).split()), "")
            if not bare or find_directive(bare):
                why = f"an invisible character stands beside {bare}" if bare else "an invisible character stands in a line that looks empty"
                suggestion = bare if made_plain(line.name).strip() == bare else ""
                self._add("htaccess-invalid-directive", line, why, suggestion=suggestion)
                return
        near = nearest(line.name)
        hint = f"; {near} is probably meant" if near else ""
        self._add("htaccess-invalid-directive", line, f"Apache knows no directive {line.name}{hint}", suggestion=near)

    def _server_only(self, line: Line, known: Directive) -> None:
        if self.server.has(known.module) is False:
            self._missing_module(line, known, sure=True)
        elif line.key in PHP_DIRECTIVES and self.server.has(known.module) is None:
            why = f"{line.name} works only where PHP is a module of Apache, and there in the server's own configuration"
            self._add("htaccess-php-directive-under-fpm", line, why, module=known.module, also=("htaccess-directive-not-allowed",))
        elif "override" not in self.server.nonfatal:
            self._add("htaccess-directive-not-allowed", line, f"{known.name} may only stand in the server's own configuration")

    def _is_there(self, line: Line, known: Directive) -> bool:
        """Whether the directive's module is there, or may be."""
        loaded = self.server.has(known.module)
        if loaded is not True and self.certain:  # inside a condition that may not hold, the line looks after itself
            self._missing_module(line, known, sure=loaded is False)
        return loaded is not False

    def _missing_module(self, line: Line, known: Directive, *, sure: bool) -> None:
        if "unknown" in self.server.nonfatal:
            return
        if line.key in PHP_DIRECTIVES:
            cause, why = "htaccess-php-directive-under-fpm", f"{line.name} works only where PHP is a module of Apache"
        elif line.key in ACCESS_22 and known.module == "mod_access_compat":
            cause, why = "htaccess-apache22-syntax", f"{line.name} is the syntax of Apache 2.2"
        else:
            cause, why = "htaccess-module-not-loaded", f"{known.name} belongs to {known.module}, which this server may not have"
            why = why if not sure else f"{known.name} belongs to {known.module}, which is not there"
        self._add(cause, line, why, sure=sure, module=known.module)


def _requires(node: Node) -> bool:
    """Whether anything in this section says who may come in."""
    return any(child.line.key == "require" or _requires(child) for child in node.children)
