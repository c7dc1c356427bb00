"""What the server's own log has said, now or earlier, of what it lets a `.htaccess` say: that holds for every file of the site."""

from __future__ import annotations

from dataclasses import replace

from diagnostics.checks.htaccess_messages import Complaint, complaint_in, file_of
from diagnostics.evidence import LogLine, TextFile
from diagnostics.htaccess.directives import SECTIONS, find_directive
from diagnostics.htaccess.lint import lint
from diagnostics.htaccess.server import CLASSES, ServerKnowledge

_SAID = " not allowed here"
_MOST_READ = 20  # a site that is called every second repeats the same one


def with_refusals(server: ServerKnowledge, lines: tuple[LogLine, ...], files: tuple[TextFile, ...]) -> ServerKnowledge:
    """The server, known to turn down the classes and options that it has complained of."""
    said = {(complaint.name, complaint.argument, complaint.path): complaint for complaint in _complaints(lines)}
    for complaint in list(said.values())[-_MOST_READ:]:
        file = file_of(complaint, files)
        if file is None or _is_by_place(complaint, file, server):
            continue
        if complaint.argument:
            server = replace(server, refused_options=server.refused_options | {complaint.argument.lower()})
        elif (classes := _classes(complaint.name)) and classes < CLASSES:
            server = replace(server, refused=server.refused | classes)
    return server


def _complaints(lines: tuple[LogLine, ...]) -> list[Complaint]:
    heard = (complaint_in(line.text) for line in lines if _SAID in line.text)
    return [complaint for complaint in heard if complaint is not None and complaint.cause == "htaccess-directive-not-allowed"]


def _classes(name: str) -> frozenset[str]:
    """Those of which one would have let it in."""
    known = SECTIONS.get(name.lower()) or find_directive(name)
    return frozenset(known.override.split("/")) & CLASSES if known else frozenset()


def _is_by_place(complaint: Complaint, file: TextFile, server: ServerKnowledge) -> bool:
    """Whether it is not allowed because of the section it stands in, whatever the host allows."""
    faults = lint(file.content, server)
    return any(fault.cause == complaint.cause and fault.sure and fault.name.lower() == complaint.name.lower() for fault in faults)
