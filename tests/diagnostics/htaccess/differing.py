"""Asks a real Apache and the linter about the same files, each in a folder of its own, and tells where they differ."""

from __future__ import annotations

import http.client
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from diagnostics.checks.htaccess_messages import complaint_in
from diagnostics.checks.htaccess_places import locate
from diagnostics.evidence import TextFile
from diagnostics.htaccess.directive_table import IN_HTACCESS, SERVER_ONLY
from diagnostics.htaccess.lint import Fault, first_refused, lint
from diagnostics.htaccess.server import ServerKnowledge
from diagnostics.profiles import get_profile
from tests.diagnostics.htaccess.made import Made
from tests.lab.apache import DEFAULT_MODULES, apache

_LOADED = frozenset(f"mod_{name}" for name in DEFAULT_MODULES) | {"mod_version", "mod_log_config", "mod_logio", "mod_unixd", "mpm"}
_ALL = {module for module, _class in IN_HTACCESS} | set(SERVER_ONLY)
_FOREIGN = ("mod_php", "mod_php7", "mod_php5", "mod_security2", "mod_pagespeed", "mod_gzip", "mod_passenger", "mod_suphp", "mod_nothing")
SERVER = ServerKnowledge(
    loaded=_LOADED, absent=frozenset(_ALL - _LOADED) | frozenset(_FOREIGN), defines=frozenset(), version=(2, 4, 62)
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    made: Made
    refused: bool
    said: str  # Apache's words
    cause: str  # what they mean
    fault: Fault | None  # the linter's first
    placed: int | None = None  # the line that Apache's words lead to, with no more known of the server than of most

    @property
    def is_right(self) -> bool:
        """The same verdict, and where it is a refusal the same cause at the right line."""
        if not self.refused or self.fault is None:
            return self.refused == (self.fault is not None)
        named = self.cause in (self.fault.cause, *self.fault.also) or self.fault.cause == "htaccess-byte-order-mark"
        return named and self.made.line in (0, self.fault.line)


def ask(files: Sequence[Made], base: Path) -> list[Case]:
    """One Apache for all; the folders lie below `base`."""
    docroot = base / "www"
    for number, made in enumerate(files):
        folder = docroot / f"{number}"
        folder.mkdir(parents=True)
        (folder / ".htaccess").write_bytes(made.content)
        (folder / "page.txt").write_text("here")
    with apache(docroot, base / "logs") as server:
        with ThreadPoolExecutor(2) as pool:
            statuses = list(pool.map(status_of, (f"{server.url}/{number}/page.txt" for number in range(len(files)))))
        log = server.error_log.read_text("utf-8", "surrogateescape")
    said = {int(match.group(1)): match.group(0) for match in re.finditer(r"/www/(\d+)/\.htaccess(?::\d+)?: .*", log)}
    return [_case(made, status, said.get(number, "")) for number, (made, status) in enumerate(zip(files, statuses, strict=True))]


def status_of(url: str) -> int:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    try:
        connection.request("GET", f"{address.path}?{address.query}".removesuffix("?"))
        return connection.getresponse().status
    except (http.client.HTTPException, OSError):
        return 0  # a line that crashes the server's own process
    finally:
        connection.close()


def _case(made: Made, status: int, said: str) -> Case:
    complaint = complaint_in(said) if said else None
    refused = status == 500 and bool(said)  # a 500 without a word of the file comes from the request, not from reading the file
    file = TextFile("www/.htaccess", "/www/.htaccess", made.content, 0o644, 0.0)
    place = locate(complaint, file, get_profile("").server) if complaint else None
    cause = complaint.cause if complaint else ""
    return Case(made, refused, said, cause, first_refused(lint(made.content, SERVER)), place.line if place else None)


def confusion(cases: Sequence[Case]) -> str:
    """How often Apache and the linter agree, by kind, and every case in which they do not."""
    lines = ["kind          taken  alarm  refused  missed  wrong"]
    for kind in sorted({case.made.kind for case in cases}):
        of = [case for case in cases if case.made.kind == kind]
        taken, refused = [case for case in of if not case.refused], [case for case in of if case.refused]
        alarm = sum(case.fault is not None for case in taken)
        missed = sum(case.fault is None for case in refused)
        wrong = sum(case.fault is not None and not case.is_right for case in refused)
        lines.append(f"{kind:12} {len(taken):6} {alarm:6} {len(refused):8} {missed:7} {wrong:6}")
    for case in cases:
        if not case.is_right:
            verdict = f"Apache: {case.said or 'takes it'}\n  linter: {case.fault}"
            lines.append(f"{case.made.kind} {case.made.content[:300]!r} line {case.made.line}\n  {verdict}")
    return "\n".join(lines)
