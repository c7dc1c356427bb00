"""Ends a maintenance that was left behind: renames the file that holds the site, or switches the line of its settings off.

WordPress removes its `.maintenance` when an update ends well, Laravel's `artisan up` removes storage/framework/down, Magento's
`maintenance:disable` var/.maintenance.flag, Moodle's admin/cli/maintenance.php climaintenance.html; Joomla, Nextcloud, Matomo, TYPO3 and
Grav have a setting.
"""

from __future__ import annotations

import hashlib
import posixpath
import re

from diagnostics.evidence import Evidence
from diagnostics.findings import Finding, Severity
from diagnostics.repairs.plan import Plan, RenameFile, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.set_aside_part import MARK, free_name
from sites.texts import mark as _

ID = "end-maintenance"
OTHERS = "end-program-maintenance"
# The value that holds the site, with what stands before it on its line, and what ends it.
_HELD = re.compile(
    rb"(\$offline\s*=\s*|['\"](?:system\.)?(?:maintenance(?:_mode)?|pageUnavailable_force)['\"]\]?[^;\n]{0,60}?=>?\s*"
    rb"|^[ \t]*maintenance_mode\s*=\s*|^active:\s*|^(?:APP_)?MAINTENANCE(?:_MODE)?="
    rb"|\bdefine\s*\(\s*['\"]\w*(?:maint|offline|closed|wartung)\w*['\"]\s*,\s*|\bconst\s+\w*(?:maint|offline|closed|wartung)\w*\s*=\s*"
    rb"|\$\w*(?:maint|offline|closed|wartung)\w*\s*=\s*)(?P<value>true\b|on\b|'1'|\"1\"|1\b|'on'|\"on\")", re.IGNORECASE,
)  # fmt: skip
_OFF = {b"true": b"false", b"on": b"off", b"'1'": b"'0'", b'"1"': b'"0"', b"1": b"0", b"'on'": b"'off'", b'"on"': b'"off"'}
_PERSON = _("Somebody may have shut the site on purpose, or an update may still be under way. Only a person can say that it has ended.")


@repair(id=ID, title=_("End WordPress's maintenance"), causes=("wordpress-stuck-maintenance",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = evidence.file(finding.path)
    if file is None or posixpath.basename(file.path) != ".maintenance":
        return None
    is_stuck = finding.severity is Severity.CRITICAL  # half an hour: who let it be ended unasked was told so
    if not is_stuck and not _ends_never(evidence, finding.path):
        return CannotPlan(_("An update may still be under way. Wait until half an hour after it began."))
    name = free_name(evidence, file.path, f".maintenance.{MARK}")
    absolute, shown = (posixpath.join(posixpath.dirname(path), name) for path in (file.absolute, file.path))
    change = RenameFile(file.absolute, file.path, absolute, shown, hashlib.sha256(file.content).hexdigest())
    why = _("WordPress shuts the site while this file is there. The update that made it has ended or was broken off; start it once more.")
    return Plan(
        ID, finding.cause, _("Rename {path}, which holds the site in maintenance").format(path=file.path), why, (change,),
        affects=_("Every page of this WordPress"), needs_person="" if is_stuck else _PERSON, removes=10,
    )  # fmt: skip


def _ends_never(evidence: Evidence, path: str) -> bool:
    """Whether it names no time, as no update of WordPress writes it: somebody made it by hand."""
    return any(
        each.maintenance is not None and each.maintenance.path == path and each.maintenance.until is None for each in evidence.applications
    )


@repair(id=OTHERS, title=_("End a program's maintenance"), causes=("application-stuck-maintenance",))
def of_program(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """For a person: unlike WordPress's own mark, nothing tells whether somebody meant it."""
    file = evidence.file(finding.path)
    if file is None:
        return CannotPlan(_("{path} could not be read.").format(path=finding.path))
    if finding.line is None:
        name = free_name(evidence, file.path, f"{posixpath.basename(file.path)}.{MARK}")
        absolute, shown = (posixpath.join(posixpath.dirname(path), name) for path in (file.absolute, file.path))
        renamed = RenameFile(file.absolute, file.path, absolute, shown, hashlib.sha256(file.content).hexdigest())
        title = _("Rename {path}, which holds the site in maintenance").format(path=file.path)
        return _by_person(finding, title, _("The program shuts the site while this file is there. Nothing is deleted."), renamed)
    lines = file.content.split(b"\n")
    old = lines[finding.line - 1] if finding.line <= len(lines) else b""
    match = _HELD.search(old)
    if match is None:
        return CannotPlan(_("It is not clear how the line switches the maintenance off. Do it in the program's own settings."))
    lines[finding.line - 1] = old[: match.start("value")] + _off(match["value"]) + old[match.end("value") :]
    change = WriteFile(file.absolute, file.path, file.content, b"\n".join(lines), file.mode)
    title = _("Switch the maintenance off in line {line} of {path}").format(line=finding.line, path=file.path)
    return _by_person(finding, title, _("The program shuts the site while this setting is on. Nothing else is changed."), change)


def _off(value: bytes) -> bytes:
    found = _OFF[value.lower()]
    return found.upper() if value.isupper() and value.isalpha() else found


def _by_person(finding: Finding, title: str, why: str, change: RenameFile | WriteFile) -> Plan:
    return Plan(OTHERS, finding.cause, title, why, (change,), affects=_("Every page of this program"), needs_person=_PERSON, removes=10)
