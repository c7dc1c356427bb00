"""A cache of a program that no longer fits its code or its place, under another name: the program makes a new one."""

from __future__ import annotations

import hashlib
import posixpath

from diagnostics.evidence import Evidence
from diagnostics.facts.made_caches import LARAVELS_SETTINGS, holds_settings, to_set_aside
from diagnostics.findings import Finding
from diagnostics.repairs.entries import known_entries
from diagnostics.repairs.plan import Plan, RenameFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.set_aside_part import MARK, free_name
from sites.texts import mark as _

ID = "set-cache-aside"
# What old contents lead to. Of a compiled page, an exception says nothing: its template is compiled anew to the same.
_OF_OLD = ("php-missing-file", "php-class-not-found", "php-undefined-function", "php-parse-error", "php-truncated-file")
_OF_SETTINGS = ("php-uncaught-exception", "application-answers-500")
_PERSON = _("The program must be able to write into {folder}. The pages are looked at afterwards: they show whether it could.")


@repair(id=ID, title=_("Set aside a cache that the program makes anew"), causes=(*_OF_OLD, *_OF_SETTINGS))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    names = to_set_aside(finding.path)
    if not names or (finding.cause in _OF_SETTINGS and not holds_settings(finding.path)):
        return None
    file = next((each for name in names if (each := evidence.file(name)) is not None), None)
    if file is None:
        return None
    if file.path.endswith(LARAVELS_SETTINGS) and not _has_env(file.path, evidence):
        return CannotPlan(
            _("All settings may be in {path} alone: no .env is seen from which it could be made anew.").format(path=file.path)
        )
    digest = hashlib.sha256(file.content).hexdigest()
    # It stays PHP: with another ending a web server would show what is in it, passwords too, to whoever asks for it.
    stem = posixpath.basename(file.path).removesuffix(".php")
    name = free_name(evidence, file.path, f"{stem}.{MARK}-{digest[:16]}.php")
    target, shown = (posixpath.join(posixpath.dirname(path), name) for path in (file.absolute, file.path))
    why = _(
        "The program made this file itself, from its code and settings, and it no longer fits them. Without it, it makes a new one at the "
        "next visit, which may take some seconds. Nothing of yours is in it."
    )
    return Plan(
        ID, finding.cause, _("Set the cache {path} aside").format(path=file.path), why,
        (RenameFile(file.absolute, file.path, target, shown, digest),),
        affects=_("Every page of the program"), needs_person=_PERSON.format(folder=posixpath.dirname(file.path)), removes=1,
    )  # fmt: skip


def _has_env(path: str, evidence: Evidence) -> bool:
    env = f"{path[: -len(LARAVELS_SETTINGS)]}.env"
    return env in known_entries(evidence) or evidence.exists(env) is True
