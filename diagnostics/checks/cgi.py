"""A script that the web server runs as a program of its own, and that gave no proper answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

from diagnostics.causes import CAUSES
from diagnostics.checks.cgi_files import lost_by
from diagnostics.checks.cgi_modules import lacking
from diagnostics.checks.cgi_python import unread_line
from diagnostics.checks.cgi_talk import speaks_early
from diagnostics.checks.cgi_uses import ends_at
from diagnostics.checks.cgi_visitors import counts_on_visitor
from diagnostics.checks.cgi_words import words_of
from diagnostics.checks.common import (
    failing_pages,
    htaccess_files,
    is_failing,
    lines_of_failure,
    proof_of,
    repairs_for,
    usual_group,
    usual_owner,
)
from diagnostics.checks.registry import check
from diagnostics.checks.roads import place_of, visit_of
from diagnostics.checks.wording import placed
from diagnostics.evidence import Evidence, LogLine, TextFile, TreeEntry, Unreadable
from diagnostics.facts.cgi_scripts import interpreter, is_cgi, of_env, programs
from diagnostics.facts.logged_paths import shown_path
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.htaccess.simulating import follow
from diagnostics.profiles import get_profile
from sites.texts import mark as _

_ENDED = re.compile(r"(?:End of script output before headers|Premature end of script headers): (?P<name>\S+)")
_HEADER = re.compile(r"malformed header from script '(?P<name>[^']+)'|AH02429")
_NOT_STARTED = re.compile(r"AH01241|exec of '(?P<name>[^']+)' failed|couldn't create child process.*?: (?P<other>\S+)")
_SAID = re.compile(
    r"AH01215: (?P<said>.+)"
    r"|(?P<perl>(?:syntax error|Can't locate|Global symbol|Undefined subroutine|Died|No such).{0,1000} at \S{1,1000} line \d+)"
)
_AT_LINE = re.compile(
    r" at (?P<path>\S{1,1000}) line (?P<line>\d+)|(?P<shell>/\S{1,1000}): (?:line )?(?P<number>\d+): "
    r"|File \"(?P<python>[^\"]+)\", line (?P<at>\d+)"
)
_REFUSED = re.compile(r"suexec policy violation|is writable by others|SoftException|is writeable by (?:group|others)")
# Where programs usually lie: one that is somewhere else is probably not there, where that cannot be looked up.
_USUAL = re.compile(rb"#!\s*(?:/usr)?/bin/(?:env\s+(?:-S\s+)?)?(?:sh|bash|dash|perl|python3?|ruby|php|node)(?=\s|\Z)")
# Linux hands all that follows the program on as one word (execve(2)): `env` then looks for a program with a blank in its name.
_ENV_AND_MORE = re.compile(rb"#!\s*\S*/env[ \t]+(?P<asked>[^-\s]\S*[ \t]+\S[^\r\n]{0,200})")
_OWN_WORDS = 0.92  # how sure it is that a script failed for what it says itself
_PRINTS = re.compile(rb"\b(?:print|printf|echo|cat|say|puts|write|system|exec|require|import|use|include)\b|<<")


@dataclass(frozen=True, slots=True)
class _Case:
    """One script that failed: what the log says of it, or the page that it should have made."""

    name: str
    script: TreeEntry | None
    line: LogLine | None = None
    proof: Proof | None = None


@check(id="cgi", title=_("Scripts that are run as programs of their own"), needs=("tree",), order=25)
def cgi(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    seen: set[str] = set()
    for case in (*_logged(evidence), *_pages(evidence)):
        key = case.script.path if case.script else case.name
        if key in seen:
            continue
        seen.add(key)
        is_header = case.line is not None and _HEADER.search(case.line.text)
        found = _header(evidence, case) if is_header else _why(evidence, case)
        if found is not None:
            yield found if _is_met(evidence, case) else replace(found, severity=Severity.WARNING, confidence=0.5)


def _header(evidence: Evidence, case: _Case) -> Finding:
    content = _content(evidence, case)
    early = speaks_early(case.line.text, content) if content is not None and case.line is not None else None
    return _finding("cgi-malformed-header", case, 0.96, early[1] if early else "", line=early[0] if early else None)


def _content(evidence: Evidence, case: _Case) -> TextFile | None:
    return next((file for file in evidence.cgi_scripts if case.script is not None and file.path == case.script.path), None)


def _is_met(evidence: Evidence, case: _Case) -> bool:
    """Whether a failing page leads to this script. One that other requests met is a fault, and says nothing of this failure."""
    place, script = place_of(evidence), case.script
    if case.line is None or case.line.paired or script is None or place is None or not failing_pages(evidence.site):
        return True
    folder, _slash, name = script.path.rpartition("/")
    if any(name.encode("utf-8", "surrogateescape") in file.content for file in htaccess_files(evidence)):
        return True  # as a handler or a page for errors it may stand behind any address
    for page in failing_pages(evidence.site):
        path = unquote(page.path.split("?")[0])
        is_index = name.startswith("index.") and f"/{folder}/".endswith(f"{path.rstrip('/')}/")
        if (
            is_index
            or f"{path}/".startswith(f"/{script.path.partition('/')[2]}/")
            or ("/" + script.path).endswith(path.rstrip("/") or "//")
        ):
            return True
        if follow(place, visit_of(page)).target == script.absolute:
            return True
    return False


def _logged(evidence: Evidence) -> Iterator[_Case]:
    for line in lines_of_failure(evidence):
        match = _HEADER.search(line.text) or _ENDED.search(line.text) or _NOT_STARTED.search(line.text)
        if match is None:
            continue
        name = next((group for group in match.groups() if group), "").rsplit("/", 1)[-1]
        script = _script(evidence, name)
        if name and (script is None or is_cgi(script) or not script.path.endswith(".php")):
            yield _Case(name, script, line)


def _pages(evidence: Evidence) -> Iterator[_Case]:
    """Failing pages whose address leads to such a script, where the log says nothing of them."""
    place = place_of(evidence)
    if place is None or any(line.paired for line in lines_of_failure(evidence)):
        return
    entries = {entry.absolute: entry for entry in evidence.tree} if isinstance(evidence.tree, tuple) else {}
    for page in failing_pages(evidence.site)[:5]:
        entry = entries.get(follow(place, visit_of(page)).target) if page.status in (500, 403) else None
        if entry is not None and is_cgi(entry):
            yield _Case(entry.path.rsplit("/", 1)[-1], entry, None, Proof("probe", f"{page.path}: {page.status}"))


def _script(evidence: Evidence, name: str) -> TreeEntry | None:
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    fitting = [entry for entry in entries if entry.path.rsplit("/", 1)[-1] == name and entry.kind == "file"]
    asked = [page.path.split("?")[0] for page in failing_pages(evidence.site)]
    met = next((entry for entry in fitting if any(("/" + entry.path).endswith(path) for path in asked if path != "/")), None)
    return met or next((entry for entry in fitting if is_cgi(entry)), fitting[0] if len(fitting) == 1 else None)


def _why(evidence: Evidence, case: _Case) -> Finding | None:
    """What is wrong with the script as it lies there; else what it said itself."""
    if case.script is None:
        return _finding("cgi-script-error", case, 0.6)
    told = not isinstance(evidence.modes, Unreadable)
    if case.script.kind == "link":
        return _link(evidence, case)
    content = _content(evidence, case)
    if told and not case.script.mode & 0o111 & (0o111 if case.line else 0o100):
        return _finding("cgi-not-executable", case, 0.97 if case.line else 0.93)
    if content is not None and (found := _first_line(evidence, case, content)):
        return found
    if told and (found := _writable(evidence, case)):
        return found
    own = _own_error(evidence, case, content)
    said_itself = own is not None and own.confidence >= _OWN_WORDS
    return own if said_itself else (told and _of_another(evidence, case)) or own or _unsaid(evidence, case, content)


def _link(evidence: Evidence, case: _Case) -> Finding:
    """suEXEC runs no links (support/suexec.c: S_ISLNK); other servers run what they lead to, where that may be run."""
    path = case.script.path if case.script else case.name
    link = next((each for each in evidence.links if each.path == path), None)
    if link is not None and not link.target:
        return _finding("cgi-not-executable", case, 0.94, _("a link to something that is not there"))
    end = link.way[-1] if link is not None and link.way else None
    if end is not None and not end.mode & 0o111:
        return _finding("cgi-not-executable", case, 0.94, _("a link to {path}, which may not be run").format(path=end.path))
    return _finding("cgi-not-executable", case, 0.85, _("a link, and hosts with suEXEC run no links"))


def _first_line(evidence: Evidence, case: _Case, content: TextFile) -> Finding | None:
    """The line that names the program which is to run the script."""
    first = content.content.split(b"\n", 1)[0]
    sure = 0.97 if case.line else 0.95
    if first.startswith(b"\xef\xbb\xbf#!"):
        return _finding("cgi-interpreter-missing", case, sure, _("an invisible byte order mark stands before the first line"), line=1)
    if first.startswith(b"#!") and first.endswith(b"\r"):
        return _finding("cgi-windows-line-endings", case, sure, line=1)
    program = interpreter(content.content)
    if not program:
        return _finding("cgi-interpreter-missing", case, 0.85, _("the first line names no program"), line=1)
    if match := _ENV_AND_MORE.match(first):
        asked = match["asked"].decode("utf-8", "replace").strip()
        said = _("the first line asks env for one program of the name “{asked}”, words behind it and all").format(asked=asked)
        return _finding("cgi-interpreter-missing", case, sure, said, line=1)
    program = of_env(content.content) or program
    looked_up = [evidence.exists(path) for path in programs(content.content)]
    if looked_up and all(there is False for there in looked_up):
        return _finding("cgi-interpreter-missing", case, 0.96 if case.line else 0.94, program, line=1)
    if all(there is None for there in looked_up) and not _USUAL.match(first):
        return _finding("cgi-interpreter-missing", case, 0.8 if case.line else 0.7, program, line=1)
    return None


def _writable(evidence: Evidence, case: _Case) -> Finding | None:
    """suEXEC and its like run nothing that others than the owner could have changed, in no folder that they could change."""
    script = case.script
    if script is None:
        return None
    folder_path = script.path.rpartition("/")[0]
    folder = next((entry for entry in evidence.tree if entry.path == folder_path), None) if isinstance(evidence.tree, tuple) else None
    open_one = script if script.mode & 0o022 else folder if folder is not None and folder.mode & 0o022 else None
    if open_one is None:
        return None
    refuses = get_profile(evidence.profile).refuses_writable_by_others
    said = any(_REFUSED.search(line.text) for line in lines_of_failure(evidence))
    confidence = 0.97 if said else 0.93 if case.line else 0.9 if refuses else 0.8
    found = _finding("cgi-writable-by-others", case, confidence)
    proof = Proof("modes", f"{open_one.path} {open_one.mode:03o}")
    return _at(found, open_one.path, proof)


def _of_another(evidence: Evidence, case: _Case) -> Finding | None:
    """suEXEC runs nothing that belongs to another user or group than the site, nor in such a folder (support/suexec.c)."""
    script = case.script
    if script is None or not isinstance(evidence.tree, tuple):
        return None
    folder = next((entry for entry in evidence.tree if entry.path == script.path.rpartition("/")[0]), None)
    user, group = usual_owner(evidence), usual_group(evidence)
    for entry in (script, folder):
        if entry is None or entry.uid is None or user is None:
            continue
        if entry.uid != user or (entry.gid is not None and entry.gid != group):
            whose = _("{path} belongs to another user or group than the site").format(path=entry.path)
            found = _finding("cgi-not-executable", case, 0.9 if entry.uid != user else 0.7, whose)
            hint = _("Hosts run a script only where it and its folder are the account's. Upload it anew, or ask the host to give it back.")
            return replace(_at(found, entry.path, Proof("modes", f"{entry.path} {entry.uid}:{entry.gid}")), hint=hint, repairs=())
    return None


def _at(found: Finding, path: str, proof: Proof) -> Finding:
    evidence = found.evidence if proof in found.evidence else (*found.evidence, proof)
    return Finding(
        found.check, found.cause, found.severity, found.confidence, found.summary, found.hint, path, found.line, found.also, evidence,
        found.repairs, (("paths", path),),
    )  # fmt: skip


def _own_error(evidence: Evidence, case: _Case, content: TextFile | None) -> Finding | None:
    own = words_of(case.script, evidence) if case.script is not None else None
    if own is not None:
        sure = 0.95 if own.entry.paired else _OWN_WORDS
        found = _finding(
            "cgi-script-error", case, sure, own.text, line=own.line, more=() if own.entry == case.line else (proof_of(own.entry),)
        )
        same_file = case.script is None or own.path == case.script.path
        return found if same_file else replace(_at(found, own.path, proof_of(own.entry)), line=own.line)
    said = next(((line, match) for line in lines_of_failure(evidence) if line.paired and (match := _SAID.search(line.text))), None)
    if said:
        line, match = said
        place = _AT_LINE.search(match.group(0))
        number = next((int(value) for key in ("line", "number", "at") if (value := place.group(key))), None) if place else None
        path = next((value for key in ("path", "shell", "python") if (value := place.group(key))), "") if place else ""
        same = case.script is not None and path.endswith("/" + case.script.path.rsplit("/", 1)[-1])
        proof = proof_of(line)
        found = _finding("cgi-script-error", case, 0.95, match.group(0)[:200], line=number if same else None, more=(proof,))
        return found if same or not path else _at(found, shown_path(path, evidence), proof)
    return _unsaid(evidence, case, content) if case.line else None


def _unsaid(evidence: Evidence, case: _Case, content: TextFile | None) -> Finding | None:
    """Nothing is wrong with it from outside, and no log has its words: whether it would print anything tells which of two it is."""
    if content is None and case.line is None:
        return None
    code = content.content.split(b"\n", 1)[-1] if content else b""
    if content is not None and (shown := _by_its_text(evidence, case, content)):
        return shown
    bare = b"\n".join(line for line in code.split(b"\n") if not line.strip().startswith(b"#"))
    silent = content is not None and not _PRINTS.search(bare)
    sure = (0.9 if silent else 0.75) if case.line else 0.55
    return _finding("cgi-no-output" if silent else "cgi-script-error", case, sure)


def _by_its_text(evidence: Evidence, case: _Case, content: TextFile) -> Finding | None:
    """A line that its program does not read; else a file or a module that it asks for and that is not there."""
    if unread := unread_line(content):
        line, said, sure = unread
        return _finding("cgi-script-error", case, sure if case.line else sure - 0.05, said, line=line)
    lost, module = lost_by(evidence, content), lacking(evidence, content)
    if module and (lost is None or (module[1] >= _OWN_WORDS and module[0].line < lost.line)):
        wanted, sure = module
        return _finding("cgi-script-error", case, max(sure, 0.75) if case.line else sure - 0.1, wanted.said, line=wanted.line)
    if (ends := ends_at(evidence, content)) and (lost is None or ends[0] < lost.line):
        line, said, sure, data = ends
        found = _finding("cgi-script-error", case, sure if case.line else sure - 0.1, said, line=line)
        return replace(found, data=(*found.data, ("reads", data))) if data else found
    if (brought := counts_on_visitor(evidence, content)) and (lost is None or brought[0] < lost.line):
        line, said, sure = brought
        return _finding("cgi-script-error", case, sure if case.line else sure - 0.1, said, line=line)
    if lost is None:
        return None
    shut = (Proof("modes", f"{lost.entry.path} {lost.entry.mode:03o}"),) if lost.entry else ()
    found = _finding("cgi-script-error", case, 0.9 if case.line else 0.8, lost.said, line=lost.line, more=shut)
    return replace(found, also=(*found.also, lost.also)) if lost.also else found


def _finding(
    cause: str, case: _Case, confidence: float, detail: str = "", *, line: int | None = None, more: tuple[Proof, ...] = ()
) -> Finding:
    path = case.script.path if case.script else case.name
    proofs = (proof_of(case.line),) if case.line else (case.proof,) if case.proof else ()
    proofs += more + ((Proof("modes", f"{case.script.path} {case.script.mode:03o}"),) if case.script else ())
    other = {"cgi-no-output": ("cgi-script-error",), "cgi-script-error": ("cgi-no-output",)}
    return Finding(
        check="cgi",
        cause=cause,
        severity=Severity.CRITICAL,
        confidence=confidence,
        summary=placed(CAUSES[cause].title, path, line) + (f" ({detail})" if detail else ""),
        hint=CAUSES[cause].explanation,
        path=path,
        line=line,
        also=other.get(cause, ()),
        evidence=proofs,
        repairs=repairs_for(cause) if case.script else (),
        data=(("paths", path),),
    )
