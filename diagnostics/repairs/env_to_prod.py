"""Lets a program of Symfony run as on a server where `.env` has it run as on its developer's computer, whose parts are not here.

symfony.com, "Configuration Environments" and "The Bundle System": what config/bundles.php has for "dev" and "test" alone is loaded in
these only, and an installation with `composer install --no-dev` does not have it. `.env.local` goes before `.env`.
"""

from __future__ import annotations

import posixpath
import re

from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "set-environment-to-prod"
_BUNDLES = "config/bundles.php"
_FILES = (".env.local", ".env")  # the first that names the environment is the one that counts
_ONLY_DEVELOPERS = re.compile(rb"=>\s*\[(?=[^\]]*\bdev\b)(?![^\]]*\b(?:all|prod)\b)")
_NAMES_IT = re.compile(
    rb"^(?P<head>[ \t]*(?:export[ \t]+)?APP_ENV=)(?P<quote>[\"']?)(?P<value>[\w-]*)(?P=quote)(?=[ \t]*(?:#.*)?\r?$)", re.MULTILINE
)
_PERSON = _("If this is where the site is developed, leave it, and have the parts for developers installed instead.")


def paths(path: str) -> list[str]:
    """The files that may name the environment of the program that has this `config/bundles.php`; none for another path."""
    base = f"/{path}".removesuffix(f"/{_BUNDLES}")
    return [] if base == f"/{path}" else [posixpath.join(base.lstrip("/"), name) for name in _FILES]


@repair(id=ID, title=_("Let the program run as on a server"), causes=("php-class-not-found",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    bundles = evidence.file(finding.path) if paths(finding.path) else None
    lines = bundles.content.split(b"\n") if bundles else []
    if finding.line is None or not 0 < finding.line <= len(lines) or not _ONLY_DEVELOPERS.search(lines[finding.line - 1]):
        return None
    file, found = _that_names_it(evidence, finding)
    if file is None or found is None or found["value"] not in (b"dev", b"test"):
        return None
    after = file.content[: found.start("value")] + b"prod" + file.content[found.end("value") :]
    number = file.content.count(b"\n", 0, found.start()) + 1
    title = _("Write APP_ENV=prod in line {line} of {path}").format(line=number, path=file.path)
    why = _("The program is told to run as on its developer's computer, and loads parts for that which are not installed here.")
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    affects = _("Every page of this program")
    return Plan(ID, finding.cause, title, why, (change,), affects=affects, needs_person=_PERSON, removes=1)


def _that_names_it(evidence: Evidence, finding: Finding) -> tuple[TextFile | None, re.Match[bytes] | None]:
    for path in paths(finding.path):
        file = evidence.file(path)
        named = list(_NAMES_IT.finditer(file.content)) if file else []
        if named:
            return file, named[-1]
    return None, None
