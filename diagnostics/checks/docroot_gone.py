"""The folder of the site is not where the web server looks for it: renamed, moved, or removed as a whole."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from diagnostics.causes import CAUSES
from diagnostics.checks.common import failing_pages, is_failing, lines_of_failure
from diagnostics.checks.registry import check
from diagnostics.checks.wordpress_says import SET_ASIDE
from diagnostics.evidence import Evidence
from diagnostics.facts.other_names import is_other_name
from diagnostics.facts.paths import docroot_name
from diagnostics.facts.renamed import DOCROOT
from diagnostics.findings import Finding, Proof, Severity
from diagnostics.profiles import get_profile
from sites.texts import mark as _

LINK = "link"  # name among a finding's data: the link of a usual name for the docroot
_INDEX = ("index.php", "index.html", "index.htm")


@check(id="docroot", title=_("Whether the folder of the site is there"), order=23)
def docroot_gone(evidence: Evidence) -> Iterator[Finding]:
    if not is_failing(evidence.site):
        return
    own = docroot_name(evidence)
    if evidence.beside_missing_docroot is not None:
        others = [] if evidence.is_broken_link else [name for name in evidence.beside_missing_docroot if _is_aside(name, own)]
        yield _finding(own, next(iter(others), ""), 0.95, evidence, is_link=evidence.is_broken_link, lost=own if others else "")
    elif any(page.status in (403, 404) and page.path == "/" for page in failing_pages(evidence.site)):
        top = f"{docroot_name(evidence)}/".lstrip("/")  # stands in for what is above the docroot, which is where paths begin
        for path, lost in set_aside_below(evidence)[:1]:
            yield _finding("", path.removeprefix(top), 0.9, evidence, lost=lost)
            return
        for path in _links_below(evidence)[:1]:
            found = _finding(path.removeprefix(top), "", 0.9, evidence, is_link=True)
            yield replace(found, data=((LINK, path),))


def _is_aside(name: str, usual: str) -> bool:
    """Whether it is the usual name with something before or behind it, or in other letters: hosts tell small ones from capitals."""
    found = SET_ASIDE.match(name)
    return (found is not None and found[1] == usual) or is_other_name(name, usual, is_folder=True)


def _stands_in(evidence: Evidence) -> bool:
    """Whether the login's own folder stands in for the docroot, since there is none of a usual name."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) else ()
    top, usual = docroot_name(evidence), get_profile(evidence.profile).docroots
    shown = {_below(top, name) for name in (*_INDEX, *usual)}
    return not any(entry.path in shown and entry.kind != "link" for entry in entries)


def set_aside_below(evidence: Evidence) -> list[tuple[str, str]]:
    """Folders in it that were the docroot, by their name and their start page, each with the path that it had."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) and _stands_in(evidence) else ()
    top, usual = docroot_name(evidence), get_profile(evidence.profile).docroots
    below = {entry.path for entry in entries}
    folders = [entry.path for entry in entries if entry.kind == "folder" and posixpath.dirname(entry.path) == top]
    sites = [path for path in folders if any(f"{path}/{name}" in below for name in _INDEX)]
    named = ((path, next((name for name in usual if _is_aside(posixpath.basename(path), name)), "")) for path in sites)
    return [(path, _below(top, name)) for path, name in named if name]


def _links_below(evidence: Evidence) -> list[str]:
    """Links of a usual name for the docroot, of which the web server says that they lead to nothing, or that it does not follow."""
    entries = evidence.tree if isinstance(evidence.tree, tuple) and _stands_in(evidence) else ()
    top, usual = docroot_name(evidence), get_profile(evidence.profile).docroots
    links = {entry.path for entry in entries if entry.kind == "link"}
    said = " ".join(line.text for line in lines_of_failure(evidence) if "AH00037" in line.text)
    return [path for name in usual if (path := _below(top, name)) in links and f"/{name}" in said]


def _below(top: str, name: str) -> str:
    return f"{top}/{name}".lstrip("/")


def _finding(own: str, other: str, confidence: float, evidence: Evidence, *, is_link: bool = False, lost: str = "") -> Finding:
    """`lost`: the docroot as it is to be called, where something lies in its place."""
    cause = CAUSES["index-file-missing"]
    said = [_("The folder of the site, {path}, is not there.").format(path=own)] if own else [_("The folder of the site is not there.")]
    if is_link:
        said = [_("The folder of the site, {path}, is a link that leads to nothing, or lies behind one.").format(path=own)]
    if other:
        said.append(_("{path} looks as if it were it, under another name.").format(path=other))
    hint = _("Give it its own name again. Where it was removed, restore it from a backup.")
    repairs = ("lead-link-again",) if is_link else ("rename-back",) if lost else ()
    probes = tuple(Proof("probe", f"{page.path}: {page.status}") for page in failing_pages(evidence.site)[:3])
    return Finding(
        "docroot", cause.code, Severity.CRITICAL, confidence, " ".join(said), hint, other or own,
        evidence=(Proof("file", said[0]), *probes), repairs=repairs, data=((DOCROOT, lost),) if lost else (),
    )  # fmt: skip
