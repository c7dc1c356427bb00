"""Writes the place of this account where a settings file, or a cache of settings, names the same place of another machine."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.checks.php_parsing import first_error
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
_BEHIND = re.compile(r"\.\s*['\"]\Z")  # "__DIR__ . '": what follows is the end of a path
_OF_SYSTEM = ("/usr/", "/etc/", "/tmp/", "/proc/", "/dev/", "/bin/", "/opt/", "/lib", "/sys/")  # noqa: S108 (names to compare with)
_PHP = re.compile(r"\.(?:php\d?|phtml|inc)$", re.IGNORECASE)
_SURE_TAIL = 2  # so many names in a row are no accident
_ALONE = _("Only one name of the old path is found on this account. Only a person can say whether it is the same thing.")


@dataclass(frozen=True, slots=True)
class _Moved:
    """`old` and `new` begin the paths of before and of now; what follows (`tail`) is the same."""

    old: str
    new: str  # "" where it is not known how the web server calls it
    tail: str
    base: str  # the folder that `new` names, as people see it; "" for the one above the docroot


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
    after, new = (path_form(moved.old).sub(lambda _match: moved.new, text), moved.new) if moved.new else _from_here(text, file, moved)
    if not new:
        return CannotPlan(_("The same is on this account, but this connection does not show how the web server calls it."))
    if after == text:
        return None
    change = WriteFile(file.absolute, file.path, file.content, after.encode("utf-8", "surrogateescape"), file.mode)
    title = _("Write this account's own place into {path}").format(path=file.path)
    why = _("{old} is a place of another machine. The same lies here at {new}.").format(old=moved.old, new=new)
    person = "" if moved.tail.count("/") + 1 >= _SURE_TAIL else _ALONE
    return Plan(ID, finding.cause, title, why, (change,), affects=_("Every page that uses this file"), needs_person=person)


def _htaccess(evidence: Evidence, path: str) -> TextFile | None:
    return next((each for each in evidence.htaccess if each.path == path), None) if isinstance(evidence.htaccess, tuple) else None


def _named(line: str, told: str, evidence: Evidence) -> Iterator[str]:
    """Paths of this line that are none of this account's, those that the failure speaks of first."""
    home = server_path("", evidence.docroot.rstrip("/").rpartition("/")[0], evidence).rstrip("/")
    found = [match[0].rstrip("/") for match in _PATH.finditer(line) if not _BEHIND.search(line[: match.start()])]
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


def _from_here(text: str, file: TextFile, moved: _Moved) -> tuple[str, str]:
    """The same from the file's own place, as PHP has it: the text, and what stands for the beginning; nothing where that cannot be told."""
    folder = posixpath.dirname(file.path)
    if not _PHP.search(file.path) or (moved.base and not f"{folder}/".startswith(f"{moved.base}/")):
        return text, ""
    up = len([part for part in folder.split("/") if part]) - len([part for part in moved.base.split("/") if part])
    begin = "__DIR__" if not up else "dirname(__DIR__)" if up == 1 else f"dirname(__DIR__, {up})"
    quoted = re.compile(rf"(?P<quote>['\"]){re.escape(moved.old)}(?P<rest>(?:/[^'\"\n$]*)?)(?P=quote)")
    after = quoted.sub(lambda each: f"{begin} . {each['quote']}{each['rest']}{each['quote']}" if each["rest"] else begin, text)
    reads = first_error(after.encode("utf-8", "surrogateescape")) is None
    return (after, begin) if after != text and reads else (text, "")


def _moved(old: str, tail: str, entry: TreeEntry, evidence: Evidence) -> _Moved:
    """With the whole beginning, where more of the path than was compared is the same."""
    here = server_path(entry.path, entry.absolute, evidence)
    base = entry.path[: -len(tail)].rstrip("/")
    if not here:
        return _Moved(old, "", tail, base)
    return (
        _Moved(f"{old}/{tail}", here, tail, entry.path)
        if not here.endswith(f"/{tail}")
        else _Moved(old, here[: -len(tail) - 1], tail, base)
    )
