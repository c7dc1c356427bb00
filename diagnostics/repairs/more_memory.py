"""Lets PHP use more memory than it may now, where a page ran out of it: in the site's own settings of PHP, when a person says so."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

from diagnostics.evidence import Evidence, TextFile, TreeEntry
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding
from diagnostics.installed import OWN_LIMIT
from diagnostics.php.seen import Setting
from diagnostics.repairs.php_settings import SETTINGS_FILES, written
from diagnostics.repairs.plan import CreateFile, Plan
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

ID = "give-more-memory"
_MB = 1024 * 1024
_STEPS = (128, 256, 512)  # megabytes: PHP's own value, what WordPress asks for at most, and what plans of shared hosting commonly allow
_RAN_OUT = re.compile(r"Allowed memory size of (?P<limit>\d{4,15}) bytes exhausted \(tried to allocate (?P<more>\d{1,15}) bytes\)")
_LIMIT = re.compile(rb"((?i:memory_limit)[\"']?(?:\s*=\s*|\s+))[\"']?[^\s\"';#]+[\"']?")
_OF_MODULE = re.compile(rb"(?im)^[ \t]*php_(?:value|flag)\s")
_PERSON = _(
    "A page that needs so much may need more next month, and the plan with your host may allow less. If it was well for long, look at what "
    "grew or what was changed."
)
_MODE = 0o644


@repair(id=ID, title=_("Let PHP use more memory"), causes=("php-memory-limit",))
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    ran_out = _ran_out(finding)
    if ran_out is None:
        return None
    limit, wanted = ran_out
    own = evidence.php.setting("memory_limit")
    if any(application.setting(OWN_LIMIT) for application in evidence.applications):
        return None  # the program sets it after PHP's settings are read
    if not wanted:
        why_not = _("PHP may use {limit} MB already, and this page needs more than plans commonly allow: look at what it does.")
        return CannotPlan(why_not.format(limit=limit // _MB))
    if own is not None and own.size is not None and own.size > limit:
        why_not = _("{path}, line {line}, asks for {value}, and the host gives {limit} MB: only the host can give more.")
        return CannotPlan(why_not.format(path=own.path, line=own.line, value=own.value, limit=limit // _MB))
    made = _in_line(own, wanted, evidence, finding) if own is not None else _in_new_line(wanted, evidence, finding)
    return replace(made, needs_person=_PERSON, removes=1) if isinstance(made, Plan) else made


def settings_path(evidence: Evidence) -> str:
    """The file in which the limit would be set, as people see it."""
    own = evidence.php.setting("memory_limit")
    return own.path if own is not None else posixpath.join(docroot_name(evidence), ".user.ini")


def _ran_out(finding: Finding) -> tuple[int, int] | None:
    """The limit that was reached, in bytes, and the megabytes to allow instead; none where that would be too many."""
    texts = (finding.datum("message"), finding.summary, *(proof.text for proof in finding.evidence))
    found = next((match for text in texts if (match := _RAN_OUT.search(text))), None)
    if found is None:
        return None
    limit, more = int(found["limit"]), int(found["more"])
    return limit, next((step for step in _STEPS if step * _MB >= max(2 * limit, limit + 2 * more)), 0)


def _in_line(own: Setting, wanted: int, evidence: Evidence, finding: Finding) -> Plan | CannotPlan | None:
    file = evidence.file(own.path)
    if file is None or posixpath.basename(own.path) not in SETTINGS_FILES:
        return CannotPlan(_("No line in the site's own files makes this setting: it is the host's."))
    lines = file.content.split(b"\n")
    if own.line <= len(lines):
        lines[own.line - 1] = _LIMIT.sub(rb"\g<1>%dM" % wanted, lines[own.line - 1], count=1)
    title = _("Set the memory limit in line {line} of {path} to {value}").format(line=own.line, path=file.path, value=f"{wanted}M")
    return written(ID, finding, file, b"\n".join(lines), title, _why())


def _in_new_line(wanted: int, evidence: Evidence, finding: Finding) -> Plan | CannotPlan | None:
    """In `.user.ini`, which PHP reads in each folder from the docroot to the script, unless it is a module of the web server."""
    path = settings_path(evidence)
    if not isinstance(evidence.tree, tuple) or _is_module(evidence):
        return None
    line = b"memory_limit = %dM\n" % wanted
    title = _("Set the memory limit in {path} to {value}").format(path=path, value=f"{wanted}M")
    if any(entry.path == path for entry in evidence.tree):
        file = evidence.file(path)
        if file is None:
            return CannotPlan(_("{path} cannot be read.").format(path=path))
        return written(ID, finding, file, _with(file, line), title, _why())
    absolute = posixpath.join(evidence.docroot.rstrip("/") or "/", ".user.ini")
    # As one that is there already would be written: in words and in what it tells of the minutes until PHP reads it.
    empty = TextFile(path, absolute, b"", _MODE, 0.0)
    made = written(ID, finding, empty, line, title, _why())
    return replace(made, changes=(CreateFile(absolute, path, line, _mode(evidence.tree)),)) if made else None


def _with(file: TextFile, line: bytes) -> bytes:
    content = file.content
    return content + (b"" if not content or content.endswith(b"\n") else b"\n") + line


def _mode(tree: tuple[TreeEntry, ...]) -> int:
    """That of the start page: what the host lets PHP read. Nobody else may write."""
    start = next((entry for entry in tree if entry.kind == "file" and posixpath.basename(entry.path) == "index.php"), None)
    return (start.mode & 0o644) | 0o600 if start is not None and start.mode else _MODE


def _is_module(evidence: Evidence) -> bool:
    files = evidence.htaccess if isinstance(evidence.htaccess, tuple) else ()
    return any(_OF_MODULE.search(file.content) for file in files)


def _why() -> str:
    return _("A page ran out of memory. What the page does is not changed.")
