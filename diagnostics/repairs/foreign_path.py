"""Writes the place of this account where a settings file, or a cache of settings, names the same place of another machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.evidence import Evidence, TextFile, TreeEntry
from diagnostics.findings import Finding
from diagnostics.php.said_of_files import path_form
from diagnostics.repairs.entries import known_entries
from diagnostics.repairs.plan import Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from diagnostics.repairs.server_path import server_path
from sites.texts import mark as _

ID = "correct-foreign-path"
CAUSES = (
    "application-answers-500", "php-uncaught-exception", "php-missing-file", "folder-not-writable", "user-ini-bad-prepend",
    "wordpress-config-syntax", "wordpress-core-file", "wordpress-theme",
)  # fmt: skip
_PATH = re.compile(r"(?<![\w.:/@$}*-])/[\w@+~-][\w.@+~-]*(?:/[\w.@+~ -]*[\w.@+~-])+")
_OF_SYSTEM = ("/usr/", "/etc/", "/tmp/", "/proc/", "/dev/", "/bin/", "/opt/", "/lib", "/sys/")  # noqa: S108 (names to compare with)
_SURE_TAIL = 2  # so many names in a row are no accident
_ALONE = _("Only one name of the old path is found on this account. Only a person can say whether it is the same thing.")


@dataclass(frozen=True, slots=True)
class _Moved:
    """`old` and `new` begin the paths of before and of now; what follows (`tail`) is the same."""

    old: str
    new: str
    tail: str


@repair(id=ID, title=_("Write the place of this account where another machine's is named"), causes=CAUSES)
def plan(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    file = evidence.file(finding.path) or _htaccess(evidence, finding.path)
    if file is None or finding.line is None:
        return None
    text = file.content.decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    line = lines[finding.line - 1] if finding.line <= len(lines) else ""
    told = "\n".join((finding.datum("message"), finding.summary, *(proof.text for proof in finding.evidence if proof.source != "file")))
    moved = next((each for path in _named(line, told, evidence) if (each := _where(path, evidence)) is not None), None)
    if moved is None:
        return None
    if not moved.new:
        return CannotPlan(_("The same is on this account, but this connection does not show how the web server calls it."))
    after = path_form(moved.old).sub(lambda _match: moved.new, text)
    if after == text:
        return None
    change = WriteFile(file.absolute, file.path, file.content, after.encode("utf-8", "surrogateescape"), file.mode)
    title = _("Write this account's own place into {path}").format(path=file.path)
    why = _("{old} is a place of another machine. The same lies here at {new}.").format(old=moved.old, new=moved.new)
    person = "" if moved.tail.count("/") + 1 >= _SURE_TAIL else _ALONE
    return Plan(ID, finding.cause, title, why, (change,), affects=_("Every page that uses this file"), needs_person=person)


def _htaccess(evidence: Evidence, path: str) -> TextFile | None:
    return next((each for each in evidence.htaccess if each.path == path), None) if isinstance(evidence.htaccess, tuple) else None


def _named(line: str, told: str, evidence: Evidence) -> Iterator[str]:
    """Paths of this line that are none of this account's, those that the failure speaks of first."""
    home = server_path("", evidence.docroot.rstrip("/").rpartition("/")[0], evidence).rstrip("/")
    found = [match[0].rstrip("/") for match in _PATH.finditer(line)]
    foreign = [path for path in found if not path.startswith(_OF_SYSTEM) and not (home and f"{path}/".startswith(f"{home}/"))]
    yield from sorted(foreign, key=lambda path: path_form(path).search(told) is None)


def _where(path: str, evidence: Evidence) -> _Moved | None:
    """What begins the path there and here: by the longest end of it that one thing on this account has, and only one."""
    entries = known_entries(evidence)
    parts = path.strip("/").split("/")
    for at in range(1, len(parts)):
        tail = "/".join(parts[at:])
        ends = [entry for entry in entries.values() if entry.path == tail or entry.path.endswith(f"/{tail}")]
        if len(ends) > 1:
            return None
        if ends:
            return _moved("/" + "/".join(parts[:at]), tail, ends[0], evidence)
    return None


def _moved(old: str, tail: str, entry: TreeEntry, evidence: Evidence) -> _Moved:
    """With the whole beginning, where more of the path than was compared is the same."""
    here = server_path(entry.path, entry.absolute, evidence)
    return _Moved(f"{old}/{tail}", here, tail) if not here.endswith(f"/{tail}") else _Moved(old, here[: -len(tail) - 1], tail)
