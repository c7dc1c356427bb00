"""Which lines of a `.htaccess` Apache 2.4 will refuse, before it says so.

A fault is `sure` when every Apache 2.4 answers 500 because of it, and not `sure` when that depends on modules or settings of the
server that are not known. Lines inside a section whose module is absent are not looked at, as Apache does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.htaccess.arguments import lint_arguments, lint_section
from diagnostics.htaccess.directives import (
    ACCESS_22,
    CONDITIONAL,
    PHP_DIRECTIVES,
    SECTIONS,
    SERVER_SECTIONS,
    Directive,
    find_directive,
    nearest,
)
from diagnostics.htaccess.parser import Document, Line, LineKind, parse
from diagnostics.htaccess.server import UNKNOWN_SERVER, ServerKnowledge, module_names


@dataclass(frozen=True, slots=True)
class Fault:
    cause: str
    line: int
    name: str  # directive or container, as written
    why: str
    sure: bool = True
    argument: str = ""
    suggestion: str = ""  # what to write instead, where that is known
    module: str = ""


@dataclass(slots=True)
class _Section:
    line: Line
    active: bool | None  # with all sections around it; None: depends on the server


def lint(content: bytes | Document, server: ServerKnowledge = UNKNOWN_SERVER) -> tuple[Fault, ...]:
    """The faults in the order of their lines."""
    document = parse(content) if isinstance(content, bytes) else content
    return tuple(sorted(_Linter(server).run(document), key=lambda fault: fault.line))


class _Linter:
    def __init__(self, server: ServerKnowledge) -> None:
        self.server = server
        self.stack: list[_Section] = []
        self.faults: list[Fault] = []
        self.structure_broken = False

    def run(self, document: Document) -> list[Fault]:
        if document.has_byte_order_mark:
            why = "the file begins with an invisible byte order mark that Apache takes for a command"
            first = next((line for line in document.lines if line.kind is not LineKind.BLANK), None)
            self.faults.append(Fault("htaccess-byte-order-mark", first.number if first else 1, "", why))
        for line in document.lines:
            if line.kind is LineKind.OPEN:
                self._open(line)
            elif line.kind is LineKind.CLOSE:
                self._close(line)
            elif line.kind is LineKind.DIRECTIVE:
                self._directive(line)
        self._end()
        return self.faults

    @property
    def active(self) -> bool | None:
        return self.stack[-1].active if self.stack else True

    def _add(
        self, cause: str, line: Line, why: str, *, sure: bool = True, argument: str = "", suggestion: str = "", module: str = ""
    ) -> None:
        sure = sure and self.active is True
        self.faults.append(Fault(cause, line.number, line.name, why, sure, argument, suggestion, module))

    def _structure(self, line: Line, why: str, *, sure: bool = True, suggestion: str = "") -> None:
        """Only the first fault of structure is told: those after it are mostly its consequences."""
        if not self.structure_broken:
            self.faults.append(Fault("htaccess-unclosed-section", line.number, line.name, why, sure, "", suggestion))
        self.structure_broken = True

    def _open(self, line: Line) -> None:
        if not line.bracket_closed:
            self._structure(line, f"<{line.name}> lacks its closing >", sure=self.active is True)
        elif self.active is not False:
            self._open_head(line)
        states = (self.active, self._condition(line))
        self.stack.append(_Section(line, False if False in states else None if None in states else True))

    def _open_head(self, line: Line) -> None:
        if line.key in SERVER_SECTIONS:
            self._add("htaccess-directive-not-allowed", line, f"<{line.name}> may only stand in the server's own configuration")
            return
        known = SECTIONS.get(line.key)
        if known is None:
            if not line.key.startswith(("lua", "sec")):
                self._add("htaccess-invalid-directive", line, f"Apache knows no section <{line.name}>")
            return
        if complaint := lint_section(line):
            self._add(complaint[0], line, complaint[1], argument=complaint[2])
        elif not self.server.allows(known.override):
            self._add("htaccess-directive-not-allowed", line, f"<{line.name}> is not allowed here by this host")

    def _condition(self, line: Line) -> bool | None:
        if line.key not in CONDITIONAL:
            return True
        if line.key != "ifmodule" or not line.words:
            return None
        negated = line.words[0].startswith("!")
        known = [self.server.has(name) for name in module_names(line.words[0].lstrip("!"))]
        state = True if True in known else False if False in known else None
        return state if state is None else state != negated

    def _close(self, line: Line) -> None:
        if not line.bracket_closed:
            self._structure(line, f"</{line.name}> lacks its closing >")
        if self.stack and self.stack[-1].line.key == line.key:
            self.stack.pop()
            return
        if not self.stack:
            self._structure(line, f"</{line.name}> closes a section that was never opened", suggestion="remove")
            return
        expected = self.stack[-1].line.name
        self._structure(line, f"</{line.name}> stands where </{expected}> was expected", suggestion=f"</{expected}>")
        while self.stack and any(section.line.key == line.key for section in self.stack):
            if self.stack.pop().line.key == line.key:
                break

    def _end(self) -> None:
        if not self.stack:
            return
        innermost = self.stack[-1]
        harmless = all(section.line.key in CONDITIONAL and section.active is True for section in self.stack)
        if harmless:
            return  # Apache takes the end of the file for the end of a section whose condition holds
        certain = all(section.line.key not in CONDITIONAL for section in self.stack) or self.active is False
        self._structure(innermost.line, f"<{innermost.line.name}> is opened here and never closed", sure=certain)

    def _directive(self, line: Line) -> None:
        if self.active is False:
            return
        known = find_directive(line.name)
        if known is None:
            near = nearest(line.name)
            hint = f"; {near} is probably meant" if near else ""
            self._add("htaccess-invalid-directive", line, f"Apache knows no directive {line.name}{hint}", suggestion=near)
        elif not known.override:
            self._add("htaccess-directive-not-allowed", line, f"{known.name} may only stand in the server's own configuration")
        else:
            self._known(line, known)

    def _known(self, line: Line, known: Directive) -> None:
        loaded = self.server.has(known.module)
        if loaded is not True and self.active is True:  # inside a condition that may not hold, the line looks after itself
            self._missing_module(line, known, sure=loaded is False)
            if loaded is False:
                return
        if not self.server.allows(known.override):
            self._add("htaccess-directive-not-allowed", line, f"{known.name} is not allowed here by this host")
            return
        if complaint := lint_arguments(line, known):
            # a broken argument is refused if the module is there, the whole line if it is not
            self._add(complaint[0], line, complaint[1], argument=complaint[2])
        elif known.name == "Require" and line.words[:1] and line.words[0].lower() == "not" and self._needs_require_all():
            self._add("htaccess-bad-argument", line, "Require not works inside <RequireAll> only", argument=line.args)

    def _needs_require_all(self) -> bool:
        boxes = [section.line.key for section in self.stack if section.line.key.startswith("require")]
        return not boxes or boxes[-1] in ("requireany", "requirenone")

    def _missing_module(self, line: Line, known: Directive, *, sure: bool) -> None:
        if line.key in PHP_DIRECTIVES:
            cause, why = "htaccess-php-directive-under-fpm", f"{line.name} works only where PHP is a module of Apache"
        elif line.key in ACCESS_22 and known.module == "mod_access_compat":
            cause, why = "htaccess-apache22-syntax", f"{line.name} is the syntax of Apache 2.2"
        else:
            cause, why = "htaccess-module-not-loaded", f"{known.name} belongs to {known.module}"
        self._add(cause, line, why, sure=sure, module=known.module)
