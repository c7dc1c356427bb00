"""Rewrite rules that send a request round in a circle, inside the server or by way of the browser; WordPress's block of rules."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, htaccess_files, is_failing, lines_of_failure, proof_of, repairs_for, server_of
from diagnostics.checks.php_redirects import SentOn, sending_on
from diagnostics.checks.registry import check
from diagnostics.checks.roads import endings, endless_redirect, place_of, sent_back, step_proof, trail, visit_of
from diagnostics.checks.wordpress_block import Damage, damage_of, is_lost
from diagnostics.evidence import Evidence, LogLine, PageSeen, TextFile, TreeEntry
from diagnostics.facts.paths import docroot_name
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.htaccess.lint import first_refused, lint
from diagnostics.htaccess.simulating import Ending, Step, follow
from diagnostics.htaccess.wordpress import block_state, span
from sites.texts import mark as _

_LOOP = re.compile(
    r"AH00124|AH02596|exceeded the limit of \d+ internal redirects|rewrite or internal redirection cycle"
    r"|RewriteRule '(?P<pattern>.{0,500}?)' and URI '.{0,2000}?' exceeded maximum (?:length|number of rounds)"
)


@check(id="htaccess-loop", title=_("Whether rewrite rules go round in a circle"), needs=("htaccess",), order=15)
def htaccess_loop(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    line = next((line for line in lines_of_failure(evidence) if _LOOP.search(line.text)), None)
    if line is None and _log_tells_otherwise(evidence):
        return
    seen = [(page, ending) for page, ending in endings(evidence, "loop") if page.status in (500, None)]
    if line is None and (not seen or _is_refused_before(evidence, seen[0][1])):
        return
    yield _loop(evidence, line, seen[0][1] if seen else None)


def _is_refused_before(evidence: Evidence, ending: Ending) -> bool:
    """Whether a file on the way is refused as it is read: its rules, and those of the others, are then not carried out at all."""
    met = [file for file in htaccess_files(evidence) if posixpath.dirname(file.absolute) in ending.folders]
    return any(first_refused(lint(file.content, server_of(evidence))) for file in met)


def _log_tells_otherwise(evidence: Evidence) -> bool:
    """Whether the log holds what our own requests met, and that is something else."""
    return any(line.paired for line in lines_of_failure(evidence))


def _loop(evidence: Evidence, line: LogLine | None, ending: Ending | None) -> Finding:
    step = ending.loop_step if ending else None
    file = next((file for file in htaccess_files(evidence) if step and file.path == step.path), None) or _suspect(evidence)
    damaged = file is not None and is_wordpress(evidence) and _is_in_block(file, step.line if step else None)
    cause = "htaccess-wordpress-block" if damaged else "htaccess-rewrite-loop"
    restorable = is_wordpress(evidence) and file is not None and block_state(file.content) != "sound"
    path = file.path if file else ""
    summary = _("The rewrite rules in {path} send every request round in a circle.").format(path=path or ".htaccess")
    if step and ending:
        summary = _("Line {line} of {path} sends requests round in a circle: {trail}").format(
            line=step.line, path=path, trail=trail(ending)
        )
    return Finding(
        check="htaccess-loop",
        cause=cause,
        severity=Severity.CRITICAL,
        confidence=(0.98 if step else 0.95) if line else 0.82,
        summary=summary,
        hint=CAUSES[cause].explanation,
        path=path,
        line=step.line if step else None,
        also=("htaccess-rewrite-loop",) if damaged else (),
        evidence=((proof_of(line),) if line else ()) + (step_proof(step, evidence) if step else ()),
        repairs=repairs_for(cause, *(() if restorable else ("restore-wordpress-block",))),
    )


def _is_in_block(file: TextFile, line: int | None) -> bool:
    """Whether WordPress's own block is damaged, and the rule, where one is known, stands in it or in place of it."""
    if block_state(file.content) != "damaged":
        return False
    where = span(file.content)
    if line is None or where is None:
        return True
    first, last = (file.content.count(b"\n", 0, end) + 1 for end in where)
    return first <= line <= last


def _suspect(evidence: Evidence) -> TextFile | None:
    """The innermost file of the docroot's own chain that holds rewrite rules."""
    name = docroot_name(evidence)
    chain = [file for file in htaccess_files(evidence) if file.path.rpartition("/")[0] in (name, "", ".", "..")]
    with_rules = [file for file in chain if re.search(rb"(?im)^[ \t]*(RewriteRule|FallbackResource|ErrorDocument)\b", file.content)]
    own = [file for file in with_rules if file.path == f"{name}/.htaccess"]
    return (own or with_rules or [None])[-1]


def is_wordpress(evidence: Evidence) -> bool:
    """Whether the docroot holds WordPress itself."""
    tree: tuple[TreeEntry, ...] = evidence.tree if isinstance(evidence.tree, tuple) else ()
    name = docroot_name(evidence)
    wanted = {f"{name}/wp-includes", f"{name}/wp-load.php", f"{name}/wp-config.php", f"{name}/wp-blog-header.php"}
    return len(wanted & {entry.path for entry in tree}) >= 2


_BY_RULES = ("comment-out-htaccess-line", "restore-file")
_SET_ASIDE = ("plugin", "mu-plugin", "drop-in")


@check(id="redirect-loop", title=_("Whether the site redirects for ever"), order=33)
def redirect_loop(evidence: Evidence) -> Iterator[Finding]:
    pages = [page for page in failing_pages(evidence.site) if page.kind == "redirect-loop"]
    if not pages:
        return
    ending = endless_redirect(evidence, pages[0]) if htaccess_files(evidence) else None
    step = ending.loop_step if ending else None
    cause = CAUSES["redirect-loop"]
    summary = f"{cause.title}."
    if step and ending:
        summary = _("Line {line} of {path} redirects for ever: {trail}").format(line=step.line, path=step.path, trail=trail(ending))
    probes = tuple(Proof("probe", f"{page.path}: {page.status or page.kind}") for page in pages[:5])
    if step is None and (back := sent_back(evidence, pages[0])):
        yield _by_both(*back, probes, evidence)
        return
    if step is None and (by := sending_on(evidence)):
        yield _by_program(by, probes, evidence)
        return
    yield Finding(
        check="redirect-loop",
        cause="redirect-loop",
        severity=Severity.CRITICAL,
        confidence=0.95 if step else 0.7,
        summary=summary,
        hint=cause.explanation,
        path=step.path if step else "",
        line=step.line if step else None,
        evidence=probes + (step_proof(step, evidence) if step else ()),
        repairs=_BY_RULES,
    )


def _by_both(before: str, after: str, rule: Step, probes: tuple[Proof, ...], evidence: Evidence) -> Finding:
    cause = CAUSES["redirect-loop"]
    said = _("Line {line} of {path} sends {before} to {after}, and the program sends it back: the two want different addresses.")
    hint = _("Either the rule goes, or the program's own setting for its addresses is made to agree with it.")
    return Finding(
        "redirect-loop", cause.code, Severity.CRITICAL, 0.88,
        said.format(line=rule.line, path=rule.path, before=before, after=after), f"{cause.explanation} {hint}",
        rule.path, rule.line, also=("htaccess-rewrite-loop",), evidence=(*probes, *step_proof(rule, evidence)), repairs=_BY_RULES,
    )  # fmt: skip


def _by_program(by: SentOn, probes: tuple[Proof, ...], evidence: Evidence) -> Finding:
    cause = CAUSES["redirect-loop"]
    parts = [part for application in evidence.applications for part in application.components if part.kind in _SET_ASIDE]
    is_of_part = any(f"{by.path}/".startswith(f"{part.path}/") for part in parts)
    said = _("No rule of .htaccess redirects, line {line} of {path} does: {text}").format(line=by.line, path=by.path, text=by.text)
    hint = _("Where a front before the site speaks HTTPS, the program has to ask for X-Forwarded-Proto instead of HTTPS.")
    return Finding(
        "redirect-loop", cause.code, Severity.CRITICAL, 0.82, said, f"{cause.explanation} {hint}", by.path, by.line,
        evidence=(*probes, Proof("file", f"{by.path}:{by.line}: {by.text}")),
        repairs=("restore-file", "set-aside-part") if is_of_part else ("restore-file",),
    )  # fmt: skip


@check(id="wordpress-permalinks", title=_("Whether WordPress's rules lead its pages to it"), needs=("htaccess", "tree"), order=32)
def wordpress_permalinks(evidence: Evidence) -> Iterator[Finding]:
    """Pages that the web server does not find, since nothing sends their addresses to WordPress."""
    lost, place, homes = [page for page in failing_pages(evidence.site) if page.status == 404], place_of(evidence), _homes(evidence)
    for home, below in homes.items() if lost and place else ():
        deeper = [each for each in homes.values() if each != below and each.startswith(below)]
        pages = [page for page in lost if _is_below(page, below) and not any(_is_below(page, each) for each in deeper)]
        if not pages or not _start_is_well(evidence, below) or not any(is_lost(follow(place, visit_of(page))) for page in pages):
            continue
        file = next((file for file in htaccess_files(evidence) if file.path == f"{home}/.htaccess"), None)
        state = block_state(file.content) if file else "missing"
        base = f"{urlsplit(evidence.site.url).path.rstrip('/')}{below}"
        damage = damage_of(file, base, pages, place, evidence) if file else None
        if state != "sound" or damage is not None:
            yield _permalinks(pages, f"{home}/.htaccess", state, damage)
            return


def _homes(evidence: Evidence) -> dict[str, str]:
    """Folders that a WordPress answers under, with their addresses: its own, and the docroot where that only loads one that lies below."""
    name = docroot_name(evidence)
    found = {name: "/"} if is_wordpress(evidence) else {}
    for each in evidence.applications:
        if each.name != "wordpress" or not f"{each.path}/".startswith(f"{name}/"):
            continue
        below = f"{each.path.removeprefix(name)}/"
        found[each.path] = below
        if any(not f"{path.split('?')[0].rstrip('/')}/".startswith(below) for path in each.serves):
            found[name] = "/"
    return found


def _is_below(page: PageSeen, below: str) -> bool:
    """Whether it is a page of that folder, other than the first."""
    return page.path.split("?")[0].startswith(below) and page.path.split("?")[0].strip("/") != below.strip("/")


def _start_is_well(evidence: Evidence, below: str) -> bool:
    """Of a page asked for by its number, `/?p=4`, WordPress only sends on to its address: its failure says nothing of the start."""
    return not any(page.path.strip("/") == below.strip("/") for page in failing_pages(evidence.site))


def _permalinks(lost: list[PageSeen], path: str, state: str, damage: Damage | None) -> Finding:
    what = (
        _("the block of rules that sends them to WordPress is damaged")
        if state != "missing"
        else _("the rules that send them to it are gone")
    )
    summary = _("WordPress's pages are not found: {what} ({path}).").format(what=what, path=path)
    if damage is not None:
        summary = _said_of(damage, path)
    without = {"missing": ("rename-htaccess",), "sound": ("restore-wordpress-block",)}.get(state, ())
    return Finding(
        check="wordpress-permalinks",
        cause="htaccess-wordpress-block",
        severity=Severity.CRITICAL,
        confidence=0.8 if state == "missing" and damage is None else 0.88,
        summary=summary,
        hint=CAUSES["htaccess-wordpress-block"].explanation,
        path=path,
        line=damage.line if damage else None,
        evidence=tuple(Proof("probe", f"{page.path}: {page.status}") for page in lost[:5]),
        repairs=repairs_for("htaccess-wordpress-block", *without),
    )


def _said_of(damage: Damage, path: str) -> str:
    if damage.is_missing:
        said = _("WordPress's pages are not found: before line {line} of {path}, its block of rules lacks “{wanted}”.")
    elif damage.wanted:
        said = _("WordPress's pages are not found: line {line} of {path} should be “{wanted}”.")
    elif damage.is_inside:
        said = _("WordPress's pages are not found: line {line} of {path} does not belong into its block of rules.")
    else:
        said = _("WordPress's pages are not found: line {line} of {path} keeps them from being sent to it.")
    return said.format(line=damage.line, path=path, wanted=damage.wanted)
