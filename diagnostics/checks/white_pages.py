"""Empty pages of a WordPress whose logs are silent: what in its theme, its plugins or its start script leaves nothing to be shown."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, is_failing, lines_of_failure
from diagnostics.checks.php_emptying import Emptying, emptying
from diagnostics.checks.registry import check
from diagnostics.checks.wordpress import KINDS, component_of
from diagnostics.evidence import Evidence
from diagnostics.facts.error_log import is_telling
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.installed import Component, DatabaseTrial
from diagnostics.php.seen import Script
from sites.texts import mark as _

_SURE = {
    ("nothing-given", True): 0.88,
    ("nothing-given", False): 0.82,
    ("switched-off", True): 0.9,
    ("ends", True): 0.85,
    ("ends", False): 0.65,
    ("names", False): 0.85,
}
_START = ("index.php", "wp-blog-header.php", "wp-includes/template-loader.php")
_TEMPLATES = ("index", "front-page", "home", "page", "single", "singular", "header")


@check(id="white-pages", title=_("What leaves WordPress's pages empty"), needs=("tree",), order=58)
def white_pages(evidence: Evidence) -> Iterator[Finding]:
    empty = [page for page in failing_pages(evidence.site) if not page.body.strip() and page.status in (200, 500)]
    telling = [line for line in lines_of_failure(evidence) if is_telling(line.text)]
    if not empty or not is_failing(evidence.site) or any(line.paired for line in telling):
        return
    if not any(each.name == "wordpress" for each in evidence.applications):
        return
    found: list[tuple[float, float, Script, Emptying, Component | None]] = []
    for script in evidence.php.scripts:
        part = component_of(script.absolute, evidence)
        if (part is None and script.role != "entry") or (part is not None and _is_idle(part, evidence)):
            continue
        beside = tuple(
            each.content for each in evidence.php.scripts if part is not None and each is not script and part.holds(each.absolute)
        )
        found += [
            (_SURE[each.kind, each.is_always], script.mtime, script, each, part)
            for each in emptying(script.content, beside)
            if (part is not None or each.kind == "switched-off") and (each.kind != "names" or _is_lost(each, part, evidence))
        ]
    if (hollow := _hollow(evidence)) is not None:
        yield _of_hollow(*hollow, empty[0].path)
    elif found:
        sure, _mtime, script, each, part = max(found, key=lambda one: one[:2])
        sure *= (1 if len(found) == 1 else 0.95) * (0.85 if telling else 1)  # a line of somebody else's request may be of this, too
        yield _finding(sure, script, each, part, empty[0].path)


def _is_lost(each: Emptying, part: Component | None, evidence: Evidence) -> bool:
    """Whether a file that it gives back is not in its part; where all that is there is known."""
    tree = evidence.tree if isinstance(evidence.tree, tuple) and not evidence.tree_truncated else ()
    own = [entry.absolute for entry in tree if entry.kind == "file" and part is not None and part.holds(entry.absolute)]
    return bool(own) and any(not any(path.endswith(f"/{name.lstrip('/')}") for path in own) for name in each.files)


def _hollow(evidence: Evidence) -> tuple[str, Component | None] | None:
    """A file with nothing in it that makes the whole page: of the start of WordPress, or a template of its theme."""
    trial = evidence.database
    used = {trial.theme, trial.parent_theme} - {""} if isinstance(trial, DatabaseTrial) else set()
    empty = [entry for entry in (evidence.tree if isinstance(evidence.tree, tuple) else ()) if entry.kind == "file" and not entry.size]
    for each in evidence.applications:
        if each.name != "wordpress":
            continue
        core = {f"{each.path}/{name}" for name in _START}
        if start := next((entry for entry in empty if entry.path in core), None):
            return start.path, None
        themes = [part for part in each.components if part.kind == "theme" and (not used or part.slug in used)]
        for part in themes:
            templates = {f"{part.path}/{name}.php" for name in _TEMPLATES}
            if template := next((entry for entry in empty if entry.path in templates), None):
                return template.path, part
    return None


def _of_hollow(path: str, part: Component | None, page: str) -> Finding:
    cause = CAUSES["wordpress-theme" if part else "wordpress-core-file"]
    said = _("{path} is empty: there is nothing in it that could make a page.").format(path=path)
    data = (("slug", part.slug), ("component", part.path), ("kind", part.kind), ("name", part.named)) if part else ()
    proofs = (Proof("probe", _("{page}: an empty answer").format(page=page), paired=True), Proof("file", path))
    return Finding(
        "white-pages", cause.code, Severity.CRITICAL, 0.86, said, cause.explanation, path,
        also=("php-fatal-hidden",), evidence=proofs, repairs=cause.repairs, data=data,
    )  # fmt: skip


def _is_idle(part: Component, evidence: Evidence) -> bool:
    """Whether it is a plugin that is installed and, by the database's own word, not active."""
    trial = evidence.database
    active = trial.plugins if isinstance(trial, DatabaseTrial) else None
    return part.kind == "plugin" and active is not None and not any(name.split("/")[0] == part.slug for name in active)


def _finding(sure: float, script: Script, each: Emptying, part: Component | None, page: str) -> Finding:
    cause = CAUSES[KINDS[part.kind] if part else "wordpress-core-file"]
    said = {
        "nothing-given": _("The function in line {line} of {path} gives nothing back to “{what}”, and so the page stays empty."),
        "switched-off": _("Line {line} of {path} switches the theme off ({what}), and so the page stays empty."),
        "names": _("The function in line {line} of {path} gives “{what}” a file that is not there, and so the page stays empty."),
        "ends": _("Line {line} of {path} ends the page at “{what}”, before anything of it was made."),
    }[each.kind].format(line=each.line, path=script.path, what=each.what)
    hint = _("Every way through such a function must end with a “return”, mostly of what it was given.")
    data = (("slug", part.slug), ("component", part.path), ("kind", part.kind), ("name", part.named)) if part else ()
    proofs = (Proof("probe", _("{page}: an empty answer").format(page=page), paired=True), Proof("file", f"{script.path}:{each.line}"))
    return Finding(
        "white-pages", cause.code, Severity.CRITICAL, sure, said, hint if each.kind == "nothing-given" else cause.explanation, script.path,
        each.line, also=("php-fatal-hidden",), evidence=proofs, repairs=cause.repairs, data=data,
    )  # fmt: skip
