"""Writes the prefix that the tables in the database have into the settings, where none has the prefix that stands there."""

from __future__ import annotations

import re

from diagnostics.evidence import Evidence, TextFile
from diagnostics.facts.settings.writing import NotWritable, with_prefix
from diagnostics.findings import Finding
from diagnostics.installed import Application, DatabaseTrial
from diagnostics.repairs.database_login import application_of, current, first_of, server_of, settings_files, text_of
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "correct-table-prefix"
PREFIX = "prefix"  # the answer: one of those that were found
_PLAIN = re.compile(r"\w{1,60}\Z", re.ASCII)
_WHOSE = _("Tables with another prefix may be another site's, in the same database. Only a person can say whose they are.")


def variants(evidence: Evidence, finding: Finding) -> list[Answers]:
    """One for each prefix that tables in the database have."""
    return [{PREFIX: prefix} for prefix in _found(evidence, application_of(evidence, finding))]


@repair(
    id=ID, title=_("Write the prefix that the tables have"), causes=("database-table-missing", "wordpress-config-syntax"), variants=variants
)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Answers: `prefix` one of those that tables in the database have."""
    application = application_of(evidence, finding)
    found = _found(evidence, application)
    prefix = answers.get(PREFIX) or next(iter(found), "")
    if application is None or prefix not in found:
        return None
    files, now = settings_files(evidence, application), current(evidence, application)
    if now is None or now.prefix == prefix:
        return None
    texts = {path: text_of(file) for path, file in files.items()}
    try:
        made = with_prefix(application.name, first_of(files, application), texts, prefix, server_of(evidence))
    except NotWritable as error:
        return CannotPlan(str(error))
    changes = tuple(_change(files[path], text) for path, text in made.items())
    title = _("Write the prefix “{prefix}” of the tables into {path}").format(prefix=prefix, path=changes[0].shown)
    why = _("No table begins with “{old}”, as the settings say; there are tables that begin with “{prefix}”.")
    affects = _("Every page of {title}").format(title=application.title)
    return Plan(ID, finding.cause, title, why.format(old=now.prefix, prefix=prefix), changes, affects=affects, needs_person=_WHOSE)


def _found(evidence: Evidence, application: Application | None) -> tuple[str, ...]:
    """Prefixes of this program's tables in the database that its own settings open."""
    trial = evidence.database
    if application is None or not isinstance(trial, DatabaseTrial) or trial.settings_path != application.settings_path or trial.tables:
        return ()
    return tuple(prefix for prefix in trial.other_prefixes if _PLAIN.match(prefix))


def _change(file: TextFile, text: str) -> WriteFile:
    return WriteFile(file.absolute, file.path, file.content, text.encode("utf-8", "surrogateescape"), file.mode)
