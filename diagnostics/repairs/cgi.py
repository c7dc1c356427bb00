"""Makes scripts runnable again: the right to be executed, and Unix line ends."""

from __future__ import annotations

import posixpath
import re

from diagnostics.evidence import Evidence, TextFile, TreeEntry
from diagnostics.facts.cgi_scripts import PROGRAM_FOLDERS, interpreter, of_env
from diagnostics.findings import Finding
from diagnostics.repairs.php_beginnings import as_utf_8
from diagnostics.repairs.plan import ChangeMode, Plan, WriteFile
from diagnostics.repairs.registry import Answers, CannotPlan, repair
from sites.texts import mark as _

_BEFORE = re.compile(rb"\A(?:\xef\xbb\xbf|\s)+(?=#!)")
_NEWER = {"python": "python3", "python2": "python3", "perl5": "perl", "php-cgi": "php", "php5": "php", "php7": "php"}
_KNOWN = re.compile(r"^(?:python3?|perl|php|bash|dash|sh|ruby|node)$")
# What a script is written in, by lines that mean nothing in the others' languages.
_WRITTEN_IN = (
    ("php", re.compile(rb"<\?(?:php|=)")),
    ("perl", re.compile(rb"^\s*(?:use (?:strict|warnings|CGI|utf8|lib)\b|my\s*[$@%(]|\$[|/]\s*=|foreach\s+my\b)", re.MULTILINE)),
    ("python3", re.compile(rb"^(?:import [\w., ]+$|from [\w.]+ import |def \w+\(.*\):|\s*print\()", re.MULTILINE)),
    ("ruby", re.compile(rb"^\s*(?:require ['\"]\w|puts\b|def \w+\s*$)", re.MULTILINE)),
    ("sh", re.compile(rb"^\s*(?:echo |printf ['\"]|cat <<|export \w+=|if \[|set -\w|\w+=\$\()", re.MULTILINE)),
)  # fmt: skip
_SHELLS = ("sh", "bash", "dash")
_BY_ENDING = {".pl": "perl", ".py": "python3", ".sh": "sh", ".rb": "ruby"}


@repair(id="cgi-line-endings", title=_("Give a script Unix line ends"), causes=("cgi-windows-line-endings",))
def line_endings(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    script = next((file for file in evidence.cgi_scripts if file.path == finding.path), None)
    if script is None or b"\r\n" not in script.content:
        return None
    if b"\x00" in script.content:
        return CannotPlan(_("The file is not a text."))
    change = WriteFile(script.absolute, script.path, script.content, script.content.replace(b"\r\n", b"\n"), script.mode)
    title = _("Give {path} Unix line ends").format(path=script.path)
    return Plan(
        "cgi-line-endings",
        finding.cause,
        title,
        _("The program named in the first line can then be found."),
        (change,),
        affects=script.path,
    )


@repair(id="cgi-mode", title=_("Let a script be run"), causes=("cgi-not-executable", "cgi-writable-by-others"))
def cgi_mode(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    entries = {entry.path: entry for entry in evidence.tree} if isinstance(evidence.tree, tuple) else {}
    script = entries.get(finding.path)
    if script is None or script.kind != "file":
        return None
    changes = [ChangeMode(script.absolute, script.path, "file", script.mode, runnable(script.mode))]
    folder: TreeEntry | None = entries.get(script.path.rpartition("/")[0])
    if folder is not None and folder.kind == "folder" and folder.mode & 0o022:
        changes.append(ChangeMode(folder.absolute, folder.path, "folder", folder.mode, folder.mode & ~0o022))
    changes = [change for change in changes if change.before != change.after]
    title = _("Let {path} be run").format(path=script.path)
    why = _("Whoever may read the script may run it, and only its owner may write it.")
    return Plan("cgi-mode", finding.cause, title, why, tuple(changes), affects=script.path)


def runnable(mode: int) -> int:
    """Executable for all who may read it, at least for the owner; writable for the owner alone."""
    return (mode | ((mode & 0o444) >> 2) | 0o100) & 0o755


@repair(id="cgi-first-line", title=_("Correct the first line of a script"), causes=("cgi-interpreter-missing",))
def first_line(evidence: Evidence, finding: Finding, answers: Answers) -> Plan | CannotPlan | None:
    """What stands before `#!` goes; a program that is not there is looked for where systems have it."""
    script = evidence.file(finding.path)
    if script is not None and (as_text := as_utf_8(script.content)) is not None:
        title = _("Write {path} as UTF-8, with Unix line ends")
        return _rewritten(
            finding,
            script,
            as_text.replace(b"\r\n", b"\n"),
            title,
            _("The system takes two bytes for each letter for something else than a script."),
        )
    if script is None or b"\x00" in script.content:
        return None
    if _BEFORE.match(script.content):
        title = _("Remove what stands before the first line of {path}")
        return _rewritten(finding, script, _BEFORE.sub(b"", script.content), title, _("The program is named in the very first bytes."))
    program = _program(evidence, script)
    if not program:
        return CannotPlan(_("It is not clear which program is to run the script."))
    first, gap, rest = script.content.partition(b"\n")
    switches = _options(first) if _is_same(program, of_env(script.content) or interpreter(script.content)) else b""
    line = b"#!" + program.encode() + switches + (b"\r" if first.endswith(b"\r") else b"")
    after = line + gap + rest if first.startswith(b"#!") else line + b"\n" + script.content
    title = _("Let {{path}} be run by {program}").format(program=program)
    return _rewritten(
        finding, script, after, title, _("The program that the first line names is not there; this is where systems have it.")
    )


def _program(evidence: Evidence, script: TextFile) -> str:
    """Where the program is, as far as was looked up, else where it usually is; "" for one that is not known."""
    whole = posixpath.basename(of_env(script.content) or interpreter(script.content))
    if not script.content.startswith(b"#!"):
        whole = _BY_ENDING.get(posixpath.splitext(script.path)[1], "")
    whole = _other_language(script, whole)
    bare = whole.rstrip("0123456789.")  # "perl" for "perl5.30"
    name = next((each for each in (_NEWER.get(whole, whole), _NEWER.get(bare, bare)) if _KNOWN.match(each)), "")
    tried = interpreter(script.content)
    places = [f"{folder}/{name}" for folder in PROGRAM_FOLDERS if f"{folder}/{name}" != tried] if name else []
    return next((path for path in places if evidence.exists(path)), next((path for path in places if evidence.exists(path) is None), ""))


def _other_language(script: TextFile, named: str) -> str:
    """The program that is named, unless the script is plainly written for another one, and for none besides."""
    found = [name for name, pattern in _WRITTEN_IN if pattern.search(script.content)]
    bare = named.rstrip("0123456789.")
    fits = any(name in _SHELLS if bare in _SHELLS else name.startswith(bare) for name in found) if bare else False
    return named if fits or len(found) != 1 else found[0]


def _is_same(program: str, named: str) -> bool:
    """Whether both are one language in whatever version: switches of another one mean something else, or stop it."""
    bare, other = (posixpath.basename(each).rstrip("0123456789.") for each in (program, named))
    return bare == _NEWER.get(other, other).rstrip("0123456789.") or (bare in _SHELLS and other in _SHELLS)


def _options(first: bytes) -> bytes:
    """What the first line gives the program besides the script."""
    words = first.removeprefix(b"#!").rstrip(b"\r").split()
    kept = words[2:] if words and words[0].endswith(b"/env") else words[1:]
    return b"".join(b" " + word for word in kept[:1]) if first.startswith(b"#!") else b""


def _rewritten(finding: Finding, script: TextFile, after: bytes, title: str, why: str) -> Plan | None:
    if after == script.content:
        return None
    change = WriteFile(script.absolute, script.path, script.content, after, script.mode)
    return Plan("cgi-first-line", finding.cause, title.format(path=script.path), why, (change,), affects=script.path)
