"""Takes a line out of the site's own settings of PHP (`.user.ini`, `php.ini`, `php_value` in `.htaccess`), or gives it a sane value."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

from diagnostics.evidence import Evidence, TextFile
from diagnostics.findings import Finding
from diagnostics.htaccess.parser import parse
from diagnostics.php.seen import Setting
from diagnostics.repairs.editing import commented, with_lines
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

OUT, RAISE, STOP = "comment-out-php-setting", "raise-memory-limit", "stop-loading-file"
SETTINGS_FILES = (".user.ini", "php.ini", "php5.ini", ".htaccess")
SANE_MEMORY = b"256M"  # what WordPress asks for at most by itself (WP_MAX_MEMORY_LIMIT), and hosting plans commonly allow
_LIMIT = re.compile(rb"(memory_limit[\"']?\s*=?\s*)[\"']?[^\s\"';#]+[\"']?")
_NAMES = {
    "user-ini-bad-prepend": ("auto_prepend_file", "auto_append_file"),
    "open-basedir": ("open_basedir",),
    "php-session-path-not-writable": ("session.save_path", "session.save_handler"),
    "user-ini-memory-limit-too-low": ("memory_limit",),
}
_WHY = {
    "user-ini-bad-prepend": _("PHP no longer loads a file that is not there before each page. Nothing is deleted."),
    "open-basedir": _("What the host itself sets counts again; the line names folders that are not those of this host."),
    "php-session-path-not-writable": _("PHP keeps its sessions where the host means them to be. Who is logged in has to log in again."),
    "user-ini-memory-limit-too-low": _("PHP may use as much as the host's own settings allow."),
}
_WHY_WITHOUT = _("PHP no longer loads, with every page, the file that fails for what it misses. Nothing is deleted.")
_MAY_GUARD = _(
    "{file} may be a firewall, or ask visitors who they are: without it they are let in. Only a person can say whether it may go."
)
_LATER = _("PHP reads such files again after up to five minutes: only then can it be seen whether it helped.")
_PERSON = _("The line may have been written to confine what the program can reach. Only a person can say whether it may go.")


@repair(id=OUT, title=_("Take a line out of PHP's settings"), causes=tuple(_NAMES))
def take_out(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    place = _place(evidence, finding)
    if place is None:
        return CannotPlan(_("No line in the site's own files makes this setting: it is the host's."))
    file, setting = place
    guards = setting.name == "open_basedir" and not _is_of_another_host(setting, evidence)
    after = _out(file, setting)
    title = _("Make line {line} of {path} a comment: {name}").format(line=setting.line, path=file.path, name=setting.name)
    made = written(OUT, finding, file, after, title, _WHY[finding.cause])
    return replace(made, takes_away_protection=guards, needs_person=_PERSON if guards else "", removes=1) if made else None


@repair(id=STOP, title=_("Stop PHP from loading a file with every page"), causes=("php-missing-file",))
def stop_loading(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """Of a file that fails for what it misses itself, such as what is left of a firewall whose plugin is gone."""
    setting = evidence.php.loader_of(finding.path)
    file = evidence.file(setting.path) if setting is not None else None
    if setting is None or file is None or posixpath.basename(file.path) not in SETTINGS_FILES:
        return None
    title = _("Make line {line} of {path} a comment: {name}").format(line=setting.line, path=file.path, name=setting.name)
    made = written(STOP, finding, file, _out(file, setting), title, _WHY_WITHOUT)
    person = _MAY_GUARD.format(file=posixpath.basename(finding.path))
    return replace(made, takes_away_protection=True, needs_person=person, removes=50) if made else None


@repair(id=RAISE, title=_("Raise the memory limit of PHP"), causes=("user-ini-memory-limit-too-low",))
def raise_limit(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    place = _place(evidence, finding)
    if place is None:
        return CannotPlan(_("No line in the site's own files makes this setting: it is the host's."))
    file, setting = place
    lines = file.content.split(b"\n")
    raw = lines[setting.line - 1] if setting.line <= len(lines) else b""
    lines[setting.line - 1 : setting.line] = [_LIMIT.sub(rb"\g<1>" + SANE_MEMORY, raw, count=1)]
    title = _("Set the memory limit in line {line} of {path} to {value}").format(
        line=setting.line, path=file.path, value=SANE_MEMORY.decode()
    )
    why = _("{old} is less than common programs need to start.").format(old=setting.value)
    return written(RAISE, finding, file, b"\n".join(lines), title, why)


def _place(evidence: Evidence, finding: Finding) -> tuple[TextFile, Setting] | None:
    """The file and the line of it that the finding is about."""
    names = _NAMES.get(finding.cause, ())
    own = [each for each in evidence.php.settings if each.name in names and each.path == finding.path and each.line == finding.line]
    file = evidence.file(finding.path)
    if file is None or not own or posixpath.basename(file.path) not in SETTINGS_FILES:
        return None
    return file, own[-1]


def _out(file: TextFile, setting: Setting) -> bytes:
    if posixpath.basename(file.path) == ".htaccess":
        document = parse(file.content)
        line = document.at(setting.line)
        return with_lines(document, {line.number: commented(line)}) if line else file.content
    lines = file.content.split(b"\n")
    if setting.line <= len(lines):
        lines[setting.line - 1] = b"; " + lines[setting.line - 1]  # PHP's manual, parse_ini_file: ; begins a comment, # no longer
    return b"\n".join(lines)


def _is_of_another_host(setting: Setting, evidence: Evidence) -> bool:
    """Whether no folder that it names holds the site: it then confines nothing here, it only shuts."""
    docroot = evidence.docroot.rstrip("/")
    parts = [part.strip().rstrip("/") for part in setting.value.strip("\"' ").replace(";", ":").split(":") if part.strip()]
    return not any(docroot == part or docroot.startswith(f"{part}/") for part in parts)


def written(id_: str, finding: Finding, file: TextFile, after: bytes, title: str, why: str) -> Plan | None:
    """The plan that writes these bytes into a file of settings; None where they are there already."""
    if after == file.content:
        return None
    later = f" {_LATER}" if file.path.endswith(".ini") else ""
    folder = posixpath.dirname(file.path) or "."
    change = WriteFile(file.absolute, file.path, file.content, after, file.mode)
    return Plan(id_, finding.cause, title, why + later, (change,), affects=_("Every PHP page below {folder}/").format(folder=folder))
